import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.models import Metric, MetricStat
from tests.support.factories import make_experiment, make_run
from tracker.management.commands import verify

pytestmark = pytest.mark.django_db

INF, NAN = float("inf"), float("nan")


@pytest.fixture
def runs():
    """A few series of each kind, more than are looked at together."""
    experiment = make_experiment()
    series = [
        [1.0],
        [0.1, 0.2, 0.3, -5.0],
        [NAN, 1.0, NAN],
        [NAN],
        [INF, -INF, 2.0],
        [1e308, 1e308],
    ]
    return [
        make_run(experiment, metrics={f"m{n}": values for n, values in enumerate(series)})
        for _ in range(4)
    ]


@pytest.mark.parametrize("at_once", [1, 2, 5, 24, 500])
def test_every_series_is_held_against_its_points(runs, capsys, monkeypatch, at_once):
    monkeypatch.setattr(verify, "_SERIES", at_once)
    monkeypatch.setattr(verify, "_POINTS", 2)

    call_command("verify")

    assert "24 metrics checked, 0 differ." in capsys.readouterr().out


@pytest.mark.parametrize(
    "harm",
    [
        lambda stats, points: stats.update(last=7.0),
        lambda stats, points: stats.update(count=3),
        lambda stats, points: stats.update(total=None),
        lambda stats, points: stats.update(minimum_step=9),
        lambda stats, points: stats.delete(),
        lambda stats, points: points.delete(),
        lambda stats, points: points.filter(step=3).delete(),
    ],
)
@pytest.mark.parametrize("place", [0, 2, 3])
def test_what_differs_is_named(runs, capsys, monkeypatch, harm, place):
    monkeypatch.setattr(verify, "_SERIES", 2)
    run = runs[place]
    stats = MetricStat.objects.filter(run=run, key__name="m1")
    harm(stats, Metric.objects.filter(run=run, key__name="m1"))

    with pytest.raises(CommandError):
        call_command("verify")

    said = capsys.readouterr()
    assert said.err == f"differs from its points: m1 of run {run.run_id}\n"
    assert "checked, 1 differ." in said.out


def test_more_series_do_not_mean_more_queries(runs):
    with CaptureQueriesContext(connection) as few:
        call_command("verify")
    make_run(runs[0].experiment, metrics={f"other{n}": [1.0, 2.0] for n in range(50)})
    with CaptureQueriesContext(connection) as many:
        call_command("verify")

    assert len(many) == len(few) == 3
