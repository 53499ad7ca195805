"""What charts are drawn from: few points, and no peak among them lost."""

import math

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs.keys import metric_key_ids
from runs.models import Metric, MetricStat
from runs.series import Point, all_points, points_a_line, read_series
from runs.stats import Stat
from tests.runs.logged import make_experiment, make_run

pytestmark = pytest.mark.django_db

NAN, INF = math.nan, math.inf


def stats_of(*runs, metric="loss"):
    return list(MetricStat.objects.filter(key=metric_key_ids([metric])[metric], run__in=runs))


def is_nan(point):
    return math.isnan(point.value)


def write_points(run, points):
    """The points of ``loss``, and what is known of them, without the limits of a batch."""
    key = stats_of(run)[0].key_id
    Metric.objects.filter(run=run, key=key).delete()
    rows = {(p.step, p.timestamp, 0.0 if is_nan(p) else p.value, is_nan(p)) for p in points}
    Metric.objects.bulk_create(
        Metric(run=run, key_id=key, step=step, timestamp=timestamp, value=value, is_nan=odd)
        for step, timestamp, value, odd in rows
    )
    stat = Stat.of(rows)
    columns = {name: getattr(stat, name) for name in Stat.__slots__}
    MetricStat.objects.filter(run=run, key=key).update(**columns)
    return stats_of(run)[0]


@pytest.fixture
def run():
    return make_run(make_experiment("curves"), metrics={"loss": [0.0]})


def test_a_short_series_is_read_as_it_is(run):
    points = [Point(step, 1000 + step, step / 7) for step in range(100)]
    stat = write_points(run, points)

    series = read_series([stat])[run.pk]

    assert series.points == points
    assert series.is_whole


def test_a_long_series_keeps_a_single_peak_and_where_it_was(run):
    points = [Point(step, 5 * step, math.sin(step / 50)) for step in range(5_000)]
    points[3_217] = Point(3_217, 5 * 3_217, 40.0)
    points[3_218] = Point(3_218, 5 * 3_218, -40.0)
    stat = write_points(run, points)

    series = read_series([stat], limit=50)[run.pk]

    assert len(series.points) <= 50
    assert {points[0], points[3_217], points[3_218], points[-1]} <= set(series.points)
    assert not series.is_whole
    assert series.total == 5_000


STEPS = st.one_of(
    st.integers(0, 300), st.integers(-(2**63), 2**63 - 1), st.sampled_from([-(2**63), 2**63 - 1])
)
VALUES = st.one_of(
    st.floats(-10, 10),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([NAN, INF, -INF, 0.0, -0.0, 1.7976931348623157e308, 5e-324]),
)
MANY_STEPS = st.lists(st.builds(Point, STEPS, st.integers(0, 50), VALUES), min_size=13, max_size=80)
ONE_STEP = st.lists(
    st.builds(Point, st.just(7), st.integers(0, 2**62), VALUES), min_size=13, max_size=80
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(points=st.one_of(MANY_STEPS, ONE_STEP), limit=st.integers(4, 12))
def test_beside_every_point_stand_others_as_high_and_as_low(run, points, limit):
    stat = write_points(run, points)
    logged = set(all_points(stat))

    kept = read_series([stat], limit=limit)[run.pk].points

    assert set(kept) <= logged
    moments = sorted((point.step, point.timestamp) for point in logged)
    assert [(p.step, p.timestamp) for p in (kept[0], kept[-1])] == [moments[0], moments[-1]]
    axis = 1 if stat.first_step == stat.last_step else 0
    places = [point[axis] for point in logged]
    parts = (limit - 2) // 2
    stretch = (max(places) - min(places)) / max(parts - 1, 1) * (1 + 1e-9)
    for point in logged:
        near = [other for other in kept if abs(other[axis] - point[axis]) <= stretch]
        if math.isfinite(point.value):
            numbers = [other.value for other in near if math.isfinite(other.value)]
            assert min(numbers) <= point.value <= max(numbers)
        else:
            assert repr(point.value) in {repr(other.value) for other in near}
    finite = [point for point in kept if math.isfinite(point.value)]
    assert len(finite) <= limit


def test_infinities_and_nan_hide_no_peak(run):
    points = [Point(step, step, float(step % 10)) for step in range(400)]
    points[100] = Point(100, 100, INF)
    points[101] = Point(101, 101, 99.0)
    points[200] = Point(200, 200, NAN)
    points[300] = Point(300, 300, -INF)
    stat = write_points(run, points)

    kept = read_series([stat], limit=20)[run.pk].points

    assert {repr(points[step]) for step in (100, 101, 200, 300)} <= {repr(point) for point in kept}


def test_a_series_of_nothing_but_nan_stays_one(run):
    stat = write_points(run, [Point(step, step, NAN) for step in range(100)])

    kept = read_series([stat], limit=10)[run.pk].points

    assert 0 < len(kept) <= 10
    assert all(map(is_nan, kept))


def test_a_long_series_of_one_step_is_spread_over_time(run):
    points = [Point(0, 1_000 * place, float(place % 7)) for place in range(500)]
    points[250] = Point(0, 250_000, 50.0)
    stat = write_points(run, points)

    kept = read_series([stat], limit=20)[run.pk].points

    assert points[250] in kept
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert len({point.timestamp for point in kept}) > 10


def test_a_level_series_is_not_read_whole(run):
    stat = write_points(run, [Point(step, step, 1.0) for step in range(2_000)])

    assert len(read_series([stat], limit=100)[run.pk].points) <= 100


def test_lines_share_the_points_of_a_figure():
    assert points_a_line(1) == points_a_line(16) == 1_200
    assert points_a_line(40) == 500
    assert points_a_line(0) == 1_200
    assert points_a_line(10**9) == 4


def test_more_runs_and_points_do_not_mean_more_queries(django_assert_num_queries):
    experiment = make_experiment("many")
    runs = [
        make_run(experiment, f"run-{number}", metrics={"loss": [*map(float, range(length)), NAN]})
        for number, length in enumerate([3, 3, 50, 60, 70])
    ]
    stats = stats_of(*runs)

    with CaptureQueriesContext(connection) as queries:
        series = read_series(stats, limit=10)

    assert set(series) == {run.pk for run in runs}
    # PostgreSQL copies them, which is not counted.
    assert len(queries) <= 1
    with django_assert_num_queries(0):
        assert read_series([]) == {}


def test_every_point_of_a_series_can_be_had(run, monkeypatch):
    points = [Point(step, step, NAN if step == 9 else float(step)) for step in range(3_000)]
    stat = write_points(run, points)

    monkeypatch.setattr("runs.series.PAGE", 1_000)

    assert [repr(point) for point in all_points(stat)] == [repr(point) for point in points]
