"""Long series are drawn from a cache, and look as if they were read point by point."""

import math

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Unavailable
from runs import rollups, series
from runs.actions.bulk import purge_runs
from runs.actions.ingest import log_batch
from runs.actions.runs import delete_run
from runs.models import MetricRollup
from runs.points import Span, read_points
from runs.series import Window, read_series
from runs.thinning import long_stretches, thinned
from tests.runs.logged import Point, make_experiment, make_run
from tests.runs.test_series import stats_of

pytestmark = pytest.mark.django_db

NAN, INF = math.nan, math.inf


@pytest.fixture(autouse=True)
def short_is_long(monkeypatch):
    """What is rolled up begins at a length that a test can log."""
    monkeypatch.setattr(rollups, "MIN_POINTS", 30)
    monkeypatch.setattr(series, "MIN_POINTS", 30)


@pytest.fixture
def run():
    return make_run(make_experiment("long"), "long", status="RUNNING")


def log(run, points):
    log_batch(run, metrics=[Point("loss", value, step, time) for step, time, value in points])


def stat_of(run):
    [stat] = stats_of(run)
    return stat


def drawn(run, limit=20, **windows):
    """What is drawn of the series, without the identity of NaN."""
    found = read_series([stat_of(run)], limit=limit, **windows)[run.pk]
    return list(map(repr, found.points))


def plainly(run, limit=20):
    """The same from all points, with the rollup's stretches and nothing else of it."""
    stat = stat_of(run)
    points = read_points(stat.key_id, [Span(run.pk)])[run.pk]
    exponent = MetricRollup.objects.get(run=run).exponent
    axis = rollups.axis_of(stat)
    kept = thinned(points, long_stretches(points[axis], exponent, limit // 2 - 1))
    return [repr(series.Point(*row)) for row in kept.tolist()]


STEPS = st.one_of(
    st.integers(-200, 200),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([-(2**63), 2**63 - 1, 0]),
)
VALUES = st.one_of(st.integers(-9, 9).map(float), st.floats(), st.sampled_from([NAN, INF, -INF]))
POINTS = st.tuples(STEPS, st.integers(0, 99), VALUES)
SERIES = st.lists(POINTS, min_size=31, max_size=90)
ONE_STEP = st.lists(st.tuples(st.just(7), st.integers(0, 2**62), VALUES), min_size=31, max_size=90)
BATCHES = st.tuples(st.one_of(SERIES, ONE_STEP), st.lists(POINTS, max_size=9), SERIES)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(batches=BATCHES, limit=st.integers(4, 24))
def test_a_rollup_draws_what_reading_every_point_would(batches, limit):
    """Late, repeated, negative, far apart, of one step, NaN and infinite: whatever is logged."""
    run = make_run(make_experiment(f"{MetricRollup.objects.count()}-{id(batches)}"))

    for batch in batches:
        log(run, batch)
        if stat_of(run).count <= 30:
            continue

        assert drawn(run, limit) == plainly(run, limit)
        assert drawn(run, limit) == plainly(run, limit)


def steps(*places):
    return [(step, 10 * step, math.sin(step / 9)) for step in places]


def test_what_is_drawn_again_is_read_from_the_rollup_alone(run, monkeypatch):
    log(run, steps(*range(400)))
    first = drawn(run)

    monkeypatch.setattr(rollups, "each_chunk", None)
    monkeypatch.setattr(rollups, "read_points", None)
    monkeypatch.setattr(series, "read_points", None)

    assert drawn(run) == first


def test_points_that_follow_do_not_make_it_read_all_again(run, monkeypatch):
    log(run, steps(*range(400)))
    drawn(run)
    log(run, [*steps(*range(400, 450)), (450, 4500, 77.0)])

    monkeypatch.setattr(rollups, "each_chunk", None)

    assert "value=77.0" in drawn(run)[-1]
    assert drawn(run) == plainly(run)


@pytest.mark.parametrize("late", [(3, 30, 55.0), (150, 99_999, -55.0), (-8, 0, NAN), (77, 0, INF)])
def test_a_point_that_comes_late_is_drawn(run, late):
    log(run, steps(*range(0, 800, 2)))
    drawn(run)

    log(run, [late])

    assert drawn(run) == plainly(run)
    assert any(f"step={late[0]}," in point for point in drawn(run))


def test_a_longer_series_has_wider_stretches(run):
    log(run, steps(*range(64)))
    drawn(run)
    before = MetricRollup.objects.get().exponent
    log(run, steps(*range(64, 900)))
    log(run, steps(*range(2**40, 2**40 + 9)))

    assert drawn(run) == plainly(run)
    assert MetricRollup.objects.get().exponent > before


def test_short_series_leave_nothing_behind(run):
    log(run, steps(*range(30)))

    drawn(run)

    assert not MetricRollup.objects.exists()


def test_a_run_that_is_removed_for_good_takes_its_rollups_along(run):
    log(run, steps(*range(100)))
    drawn(run)
    delete_run(run)

    assert purge_runs([run.pk]) == [run.pk]

    assert not MetricRollup.objects.exists()


def test_a_database_that_takes_no_writes_still_draws(run, monkeypatch):
    log(run, steps(*range(100)))
    as_usual = drawn(run)
    MetricRollup.objects.all().delete()

    def refuse(rollups):
        raise Unavailable("The database cannot write now.")

    monkeypatch.setattr(rollups, "keep_rollups", refuse)

    assert drawn(run) == as_usual
    assert not MetricRollup.objects.exists()


def test_more_long_series_do_not_mean_more_queries():
    experiment = make_experiment("many")
    runs = [make_run(experiment, str(number)) for number in range(9)]
    for run in runs:
        log(run, steps(*range(100)))

    def queries(some):
        stats = stats_of(*some)
        read_series(stats, limit=20)
        with CaptureQueriesContext(connection) as captured:
            windows = {stat.run_id: Window("step", 10, 20) for stat in stats}
            read_series(stats, limit=20, windows=windows)
        return len(captured)

    assert queries(runs[:2]) == queries(runs) <= 2


@pytest.mark.parametrize("axis", ["step", "timestamp"])
@pytest.mark.parametrize("count", [25, 900])
def test_a_window_shows_all_that_is_in_it_and_one_point_beyond_each_end(run, axis, count):
    log(run, steps(*range(count)))
    low, high = count / 2 + 0.5, count / 2 + 6.5
    scale = 1 if axis == "step" else 10

    found = read_series(
        [stat_of(run)], limit=20, windows={run.pk: Window(axis, low * scale, high * scale)}
    )[run.pk]

    inside = range(math.ceil(low), math.floor(high) + 1)
    assert [point.step for point in found.points] == [inside[0] - 1, *inside, inside[-1] + 1]
    assert found.is_whole


def test_a_wide_window_is_thinned_anew_and_keeps_its_peaks(run):
    points = steps(*range(1000))
    points[321] = (321, 3210, 50.0)
    points[322] = (322, 3220, NAN)
    log(run, points)

    found = drawn(run, windows={run.pk: Window("step", 200, 700)})

    whole = [point for point in drawn(run) if 200 <= int(point.split("=")[1].split(",")[0]) <= 700]
    assert len(whole) < len(found) <= 21
    assert "Point(step=321, timestamp=3210, value=50.0)" in found
    assert "Point(step=322, timestamp=3220, value=nan)" in found


def test_a_window_without_points_has_those_beside_it(run):
    log(run, steps(*range(50), *range(900, 950)))

    found = read_series([stat_of(run)], windows={run.pk: Window("step", 300, 400)})[run.pk]

    assert [point.step for point in found.points] == [49, 900]
