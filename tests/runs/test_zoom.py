"""The part of the X-axis that a reader looks at is read anew, whatever the axis is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.actions.ingest import log_batch
from tests.runs.test_figures import FIGURE, address, get_figure, numbers
from tests.support.factories import Point, make_experiment, make_run

START = 1_700_000_000_000
MINUTE = 60_000

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """A point a minute, of which three thousand are more than are drawn."""
    run = make_run(make_experiment("long"), "long", status="RUNNING", start_time=START)
    for first in range(0, 3_000, 1_000):
        log_batch(
            run,
            metrics=[
                Point("loss", (step * 7 % 100) / 100, step, START + step * MINUTE)
                for step in range(first, first + 1_000)
            ],
        )
    return run


@pytest.mark.parametrize(
    ("x", "left", "right", "unit"),
    [
        ("step", 1_000, 1_100, 1),
        # In hours, and in milliseconds.
        ("relative", 1_000 / 60, 1_100 / 60, 60),
        ("time", START + 1_000 * MINUTE, START + 1_100 * MINUTE, 1 / MINUTE),
    ],
)
def test_a_part_of_the_axis_shows_every_point_in_it(client, run, x, left, right, unit):
    whole = get_figure(client, run, metric="loss", x=x)
    part = get_figure(client, run, metric="loss", x=x, left=left - 0.001, right=right + 0.001)

    places = numbers(part["data"][0], "x")
    origin = START / MINUTE if x == "time" else 0
    steps = [round(place * unit - origin) for place in places]
    assert steps == list(range(999, 1_102))
    assert whole["layout"]["meta"]["thinned"]
    assert not part["layout"]["meta"]["thinned"]
    # What is the same chart keeps its zoom when it is drawn again.
    assert part["layout"]["uirevision"] == whole["layout"]["uirevision"]
    assert part["layout"]["xaxis"] == whole["layout"]["xaxis"]


def test_a_range_that_was_typed_is_read_anew_too(client, run):
    sent = get_figure(client, run, metric="loss", xmin="500", xmax="600")

    assert numbers(sent["data"][0], "x") == list(range(499, 602))
    assert sent["layout"]["xaxis"]["range"] == [500, 600]


def test_the_editor_range_may_be_open_at_one_end(client, run):
    sent = get_figure(client, run, metric="loss", xmin="2900")

    assert numbers(sent["data"][0], "x") == list(range(2_899, 3_000))


def test_a_part_of_a_group_is_read_anew(client, run):
    sent = get_figure(client, run, metric="loss", group="run", left="100.5", right="110.5")

    assert numbers(sent["data"][0], "x") == list(range(100, 112))


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        ("a", "2", "left is not a number"),
        ("1", "nan", "right is not a number"),
        ("3", "3", "left must be below right"),
        ("4", "3", "left must be below right"),
        ("1", "1e999", "right is not a number"),
    ],
)
def test_what_is_no_part_of_an_axis_is_refused(client, run, left, right, reason):
    response = client.get(address(FIGURE, [run], metric="loss", left=left, right=right))

    assert response.status_code == 400
    assert reason in response.json()["message"]


def test_one_end_alone_is_no_part(client, run):
    assert get_figure(client, run, metric="loss", left="5")["layout"]["meta"]["thinned"]


def test_each_part_has_a_tag_of_its_own(client, run):
    tags = {
        client.get(address(FIGURE, [run], metric="loss", **part)).headers["ETag"]
        for part in ({}, {"left": 1, "right": 2}, {"left": 1, "right": 3})
    }

    assert len(tags) == 3


@pytest.mark.parametrize("part", [{}, {"left": 3, "right": 9}])
def test_more_runs_do_not_mean_more_queries(client, part):
    experiment = make_experiment("many")
    runs = [
        make_run(experiment, str(number), metrics={"loss": [1.0, 2.0, 3.0]}) for number in range(40)
    ]

    def queries(some) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(get_figure(client, *some, metric="loss", **part)["data"]) == len(some)
        return len(captured)

    assert queries(runs[:2]) == queries(runs)
