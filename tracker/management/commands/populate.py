"""``manage.py populate``: an experiment as large as the figures in ``benchmarks/`` need."""

import math
import random
import sys

from django.core.management.base import BaseCommand
from django.db import connection

from core.db import action, upsert_rows
from core.ids import new_run_id
from experiments.actions import create_experiment
from experiments.models import Experiment
from runs.actions.ingest import NAME_TAG, STAT_COLUMNS, note_keys
from runs.keys import ensure_metric_key_ids
from runs.models import KeyKind, Metric, MetricStat, Param, Run, RunTag
from runs.stats import Stat
from workspaces.models import DEFAULT_SLUG, Workspace

CHUNK = 1000
START_MS = 1_750_000_000_000
MINUTE_MS = 60_000
POINTS_A_PIECE = 100_000

_OPTIMIZERS = ["adam", "adamw", "sgd", "rmsprop", "lion"]
_STATUSES = ["FINISHED"] * 17 + ["FAILED", "KILLED", "RUNNING"]
_STAT_FIELDS = list(STAT_COLUMNS)[3:]


class Command(BaseCommand):
    help = "Make an experiment with many runs of random values, in minutes, and print its id."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--runs", type=int, default=100_000)
        parser.add_argument("--metrics", type=int, default=20)
        parser.add_argument("--params", type=int, default=20)
        parser.add_argument("--tags", type=int, default=3)
        parser.add_argument("--points", type=int, default=1, help="of each metric of each run")
        parser.add_argument("--name", default="", help="the experiment's name")
        parser.add_argument("--seed", type=int, default=0, help="the same seed, the same values")

    def handle(self, *args, **options) -> None:
        dice = random.Random(options["seed"])
        count = options["runs"]
        experiment = create_experiment(
            workspace=Workspace.objects.get(slug=DEFAULT_SLUG),
            name=options["name"] or f"populated {count:,} runs {new_run_id()[:6]}",
            tags={"mlflow.experiment.primaryMetric.name": "metric_00"},
        )
        for first in range(0, count, CHUNK):
            _write_chunk(experiment, first, min(first + CHUNK, count), options, dice)
            print(f"\r{min(first + CHUNK, count):,} of {count:,} runs", end="", file=sys.stderr)
        print(file=sys.stderr)
        with connection.cursor() as cursor:
            # So that the planner knows how large what it chooses between has become.
            cursor.execute("ANALYZE")
        self.stdout.write(str(experiment.pk))


@action
def _write_chunk(
    experiment: Experiment, first: int, last: int, sizes: dict, dice: random.Random
) -> None:
    runs = Run.objects.bulk_create(
        [_run(experiment, index, dice) for index in range(first, last)], batch_size=500
    )
    params = [
        (run.pk, f"param_{n:02}", _param(n, dice)) for run in runs for n in range(sizes["params"])
    ]
    tags = [(run.pk, NAME_TAG, run.name) for run in runs]
    tags += [(run.pk, "mlflow.source.name", "train.py") for run in runs]
    tags += [
        (run.pk, f"tag_{n}", f"value {dice.randrange(8)}")
        for run in runs
        for n in range(sizes["tags"])
    ]
    for table, rows in ((Param, params), (RunTag, tags)):
        columns = {"run_id": "bigint", "key": "varchar", "value": "text"}
        upsert_rows(table._meta.db_table, columns, rows, on_conflict="DO NOTHING")
    names = [f"metric_{n:02}" for n in range(sizes["metrics"])]
    _write_metrics(runs, names, sizes["points"], dice)
    # A few runs are enough to know the names, and which of them vary.
    shown = {run.pk for run in runs[:5]}
    for kind, rows in ((KeyKind.PARAM, params), (KeyKind.TAG, tags)):
        for run, key, value in rows:
            if run in shown:
                note_keys(experiment.pk, kind, {key: value})
    for value in ("0.1", "0.2"):
        note_keys(experiment.pk, KeyKind.METRIC, dict.fromkeys(names, value))


def _run(experiment: Experiment, index: int, dice: random.Random) -> Run:
    run_id = new_run_id()
    start = START_MS + index * MINUTE_MS
    status = dice.choice(_STATUSES) if index % 500 else "RUNNING"
    if status == "RUNNING" and index % 500:
        status = "FINISHED"
    return Run(
        run_id=run_id,
        experiment=experiment,
        name=f"run-{index:06}",
        user_id=dice.choice(["ada", "grace", "katherine"]),
        status=status,
        start_time=start,
        end_time=None if status == "RUNNING" else start + dice.randrange(1000, 3_600_000),
        artifact_uri=f"{experiment.artifact_location}/{run_id}/artifacts",
    )


def _param(n: int, dice: random.Random) -> str:
    """Numbers, words and a constant, as hyperparameters are."""
    match n % 4:
        case 0:
            return f"{10 ** dice.uniform(-5, -1):.3g}"
        case 1:
            return dice.choice(_OPTIMIZERS)
        case 2:
            return str(2 ** dice.randrange(4, 10))
        case _:
            return "constant" if n == 3 else str(dice.randrange(20))


def _write_metrics(runs: list[Run], names: list[str], count: int, dice: random.Random) -> None:
    """Some points of each metric for each run, with the statistics that follow from them."""
    ids = ensure_metric_key_ids(names)
    points, stats = [], []
    for run in runs:
        for name in names:
            known = None
            for first in range(0, count, POINTS_A_PIECE):
                piece = _points(run, count, range(first, min(first + POINTS_A_PIECE, count)), dice)
                known = Stat.of(piece) if known is None else known.joined(Stat.of(piece))
                points += [(run.pk, ids[name], *point) for point in piece]
                if len(points) >= POINTS_A_PIECE:
                    _write_points(points)
                    points = []
            stats.append(
                (run.pk, ids[name], run.experiment_id, *(getattr(known, f) for f in _STAT_FIELDS))
            )
    _write_points(points)
    upsert_rows(MetricStat._meta.db_table, STAT_COLUMNS, stats, on_conflict="DO NOTHING")


def _points(run: Run, count: int, steps: range, dice: random.Random) -> list[tuple]:
    """Of one point a number between 0 and 1; of more a curve that falls, with noise."""
    if count == 1:
        return [(0, run.start_time, dice.random(), False)]
    slope = 3 / count
    return [
        (step, run.start_time + 100 * step, math.exp(-slope * step) + dice.gauss(0, 0.05), False)
        for step in steps
    ]


def _write_points(points: list[tuple]) -> None:
    columns = {
        "run_id": "bigint",
        "key_id": "bigint",
        "step": "bigint",
        "timestamp": "bigint",
        "value": "float8",
        "is_nan": "bool",
    }
    upsert_rows(Metric._meta.db_table, columns, points, on_conflict="DO NOTHING")
