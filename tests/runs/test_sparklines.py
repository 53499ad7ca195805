"""The course of a metric as a small drawing."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.actions.ingest import log_batch
from runs.models import Metric, Run
from runs.sparklines import HEIGHT, MAX_POINTS, WIDTH, sparklines
from tests.runs.logged import Point, make_experiment, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(db) -> Run:
    return make_run(make_experiment("curves"))


def draw(run: Run) -> dict[str, tuple[list[tuple[float, float]], int, str]]:
    """Of each metric the points of its drawing, the number of its strokes, and its label."""
    stats = list(run.stats.select_related("key"))
    drawn = {}
    for stat in stats:
        drawing = sparklines(run, stats).get(stat.key_id)
        if drawing is not None:
            points = re.findall(r"[ML]([-\d.]+) ([-\d.]+)", drawing.path)
            places = [(float(x), float(y)) for x, y in points]
            drawn[stat.key.name] = (places, drawing.path.count("M"), drawing.label)
    return drawn


def test_a_short_series_is_drawn_point_by_point(run):
    log_batch(run, metrics=[Point("loss", 4.0 - step, step) for step in range(4)])

    places, strokes, label = draw(run)["loss"]

    assert len(places) == 4
    assert strokes == 1
    assert places == sorted(places)
    assert [y for _, y in places] == sorted(y for _, y in places)
    assert label == "falls from 4 to 1"


def test_a_long_series_is_drawn_with_few_points_that_are_among_its_own(run):
    log_batch(run, metrics=[Point("loss", float(step % 7), step * 3) for step in range(1000)])

    places, _, _ = draw(run)["loss"]

    assert 2 < len(places) <= MAX_POINTS
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)


def test_a_long_series_of_one_step_is_drawn_over_time(run):
    points = [Point("loss", float(i), 0, 1_700_000_000_000 + i * 1000) for i in range(200)]
    log_batch(run, metrics=points)

    places, _, label = draw(run)["loss"]

    assert len(places) == MAX_POINTS
    assert places[0][0] < places[-1][0]
    assert label == "rises from 0 to 199"


def test_the_last_point_of_a_long_series_is_its_last_value(run):
    log_batch(run, metrics=[Point("loss", 0.0, step) for step in range(100)])
    log_batch(run, metrics=[Point("loss", 5.0, 99, 1_900_000_000_000)])

    _, _, label = draw(run)["loss"]

    assert label == "rises from 0 to 5"


@pytest.mark.parametrize("length", [9, 90])
def test_where_there_is_no_number_the_line_is_broken(run, length):
    middle = length // 2
    values = {middle - 1: float("nan"), middle: float("nan"), middle + 1: float("inf")}
    points = [Point("loss", values.get(step, 1.0), step) for step in range(length)]
    log_batch(run, metrics=points)

    _, strokes, _ = draw(run)["loss"]

    assert strokes >= 2


@pytest.mark.parametrize("values", [[1.0], [float("nan")] * 5, [float("inf"), 1.0]])
def test_what_has_no_course_is_not_drawn(run, values):
    log_batch(run, metrics=[Point("loss", value, step) for step, value in enumerate(values)])

    assert draw(run) == {}


def test_ten_thousand_points_cost_what_fifty_do(run):
    for some in range(10):
        steps = range(some * 1000, some * 1000 + 1000)
        log_batch(run, metrics=[Point("long", float(step), step) for step in steps])
    log_batch(run, metrics=[Point("longer", float(step), step) for step in range(50)])
    log_batch(run, metrics=[Point("short", float(step), step) for step in range(5)])
    stats = list(run.stats.all())

    with CaptureQueriesContext(connection) as queries:
        sparklines(run, stats)

    # The points of the short series, and of the long ones some.
    assert len(queries) == 2
    assert Metric.objects.filter(run=run).count() == 10_055
