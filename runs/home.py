"""What the home of a workspace shows: its experiments, and what runs now."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core.time import now_ms
from experiments.models import NOTE_TAG, Direction, Experiment, ExperimentTag
from runs.keys import metric_key_ids
from runs.models import MetricStat, Run, RunStatus
from runs.status import shown_statuses
from workspaces.models import Workspace

_MARKDOWN_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")

RUNNING_SHOWN = 5
TAGS_SHOWN = 3

# What the list can be sorted by; the first is the default.
ORDERS = {
    "activity": (
        "Last activity",
        [F("last_start").desc(nulls_last=True), "-creation_time", "pk"],
    ),
    "name": ("Name", ["name"]),
    "runs": ("Runs", ["-run_count", "name"]),
    "created": ("Created", ["-creation_time", "pk"]),
}
DEFAULT_ORDER = "activity"


@dataclass(frozen=True)
class ExperimentRow:
    """One experiment as the list shows it. ``best`` is the best latest value of its metric."""

    experiment: Experiment
    run_count: int
    running: int
    last_start: int | None
    best: float | None
    description: str
    tags: Sequence[tuple[str, str]] = field(default_factory=tuple)


@dataclass(frozen=True)
class RunningRun:
    """A run that says it is under way, and the latest value of its experiment's primary metric."""

    run: Run
    status: str
    metric: str
    value: float | None


def listed_experiments(workspace: Workspace, *, text: str, order: str) -> QuerySet[Experiment]:
    """The workspace's active experiments whose name or a tag contains ``text``.

    With ``run_count``, ``running`` and ``last_start``, each read from an index of runs.
    """
    found = Experiment.objects.filter(workspace=workspace).active().select_related("workspace")
    if text:
        tagged = ExperimentTag.objects.filter(
            Q(key__icontains=text) | Q(value__icontains=text), experiment__workspace=workspace
        )
        found = found.filter(Q(name__icontains=text) | Q(pk__in=tagged.values("experiment")))
    runs = Run.objects.active().filter(experiment=OuterRef("pk"))
    counted = runs.order_by().values("experiment").annotate(count=Count("pk")).values("count")
    running = (
        runs.filter(status=RunStatus.RUNNING)
        .order_by()
        .values("experiment")
        .annotate(count=Count("pk"))
        .values("count")
    )
    found = found.annotate(
        run_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        running=Coalesce(Subquery(running, output_field=IntegerField()), 0),
        last_start=Subquery(runs.newest_first().values("start_time")[:1]),
    )
    _, keys = ORDERS.get(order, ORDERS[DEFAULT_ORDER])
    return found.order_by(*keys)


def experiment_rows(experiments: Sequence[Experiment]) -> list[ExperimentRow]:
    """The rows of one page of ``listed_experiments``, in two more queries and one a metric."""
    tags: dict[int, list[tuple[str, str]]] = {}
    notes: dict[int, str] = {}
    rows = ExperimentTag.objects.filter(experiment__in=experiments).order_by("key")
    for experiment_id, key, value in rows.values_list("experiment_id", "key", "value"):
        if key == NOTE_TAG:
            notes[experiment_id] = _first_line(value)
        elif not key.startswith("mlflow."):
            tags.setdefault(experiment_id, []).append((key, value))
    best = _best_values(experiments)
    return [
        ExperimentRow(
            experiment=experiment,
            run_count=experiment.run_count,
            running=experiment.running,
            last_start=experiment.last_start,
            best=best.get(experiment.pk),
            description=notes.get(experiment.pk, ""),
            tags=tags.get(experiment.pk, [])[:TAGS_SHOWN],
        )
        for experiment in experiments
    ]


def running_runs(workspace: Workspace) -> list[RunningRun]:
    """The newest of the runs that are under way."""
    runs = list(
        Run.objects.in_workspace(workspace)
        .active()
        .filter(status=RunStatus.RUNNING, experiment__lifecycle_stage="active")
        .select_related("experiment__workspace")
        .newest_first()[:RUNNING_SHOWN]
    )
    statuses = shown_statuses(runs, now=now_ms())
    keys = metric_key_ids({run.experiment.primary_metric for run in runs} - {""})
    values = {
        (run_id, key_id): last
        for run_id, key_id, last in MetricStat.objects.filter(
            run__in=runs, key__in=keys.values()
        ).values_list("run_id", "key_id", "last")
    }
    return [
        RunningRun(
            run,
            statuses[run.pk],
            run.experiment.primary_metric,
            values.get((run.pk, keys.get(run.experiment.primary_metric))),
        )
        for run in runs
    ]


def _best_values(experiments: Sequence[Experiment]) -> dict[int, float]:
    """The best latest value of each experiment's primary metric, from the index that orders it."""
    keys = metric_key_ids({each.primary_metric for each in experiments} - {""})
    wanted = [each for each in experiments if each.primary_metric in keys]
    found = {}
    for direction, column in ((Direction.HIGHER, "-last"), (Direction.LOWER, "last")):
        some = [each for each in wanted if each.primary_direction == direction]
        for metric in {each.primary_metric for each in some}:
            stats = MetricStat.objects.filter(
                experiment=OuterRef("pk"),
                key=keys[metric],
                last__isnull=False,
                run__lifecycle_stage="active",
            ).order_by(column)
            among = [each.pk for each in some if each.primary_metric == metric]
            rows = Experiment.objects.filter(pk__in=among).annotate(
                best=Subquery(stats.values("last")[:1])
            )
            found |= dict(rows.values_list("pk", "best"))
    return found


def _first_line(text: str) -> str:
    """The first line of a note in Markdown that says something, as plain words."""
    plain = _MARKDOWN_LINK.sub(r"\1", text)
    lines = (line.replace("`", "").replace("*", "").strip(" #_>-") for line in plain.splitlines())
    return next(filter(None, lines), "")
