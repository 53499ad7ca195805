"""What the home of a workspace shows: its experiments, and what runs now."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from core.time import now_ms
from experiments.models import NOTE_TAG, Direction, Experiment, ExperimentTag
from runs.folders import Folder, rest_of
from runs.keys import metric_key_ids
from runs.models import MetricStat, Run, RunStatus
from runs.sparklines import Sparkline, curves
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
    """One experiment as the list shows it. ``best`` is the best latest value of its metric.

    ``label`` is its name, without that of the folder it is shown in; ``number_format`` is how its
    metric is written.
    """

    experiment: Experiment
    label: str
    run_count: int
    running: int
    last_start: int | None
    last_user: str
    best: float | None
    number_format: str
    description: str
    tags: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def is_folder(self) -> bool:
        return False


@dataclass(frozen=True)
class RunningRun:
    """A run that says it is under way: the latest value of its experiment's primary metric, and
    how that came about.
    """

    run: Run
    status: str
    elapsed: int
    metric: str
    value: float | None
    sparkline: Sparkline | None


@dataclass(frozen=True)
class _Counts:
    run_count: int = 0
    running: int = 0
    last_start: int | None = None
    last_user: str = ""


def listed_experiments(
    workspace: Workspace, *, text: str, order: str, folder: str | None = None
) -> QuerySet[Experiment]:
    """The workspace's active experiments whose name or a tag contains ``text``.

    With a ``folder``, only those that stand in it and in none below it.
    """
    found = Experiment.objects.filter(workspace=workspace).active().select_related("workspace")
    if text:
        tagged = ExperimentTag.objects.filter(
            Q(key__icontains=text) | Q(value__icontains=text), experiment__workspace=workspace
        )
        found = found.filter(Q(name__icontains=text) | Q(pk__in=tagged.values("experiment")))
    if folder is not None:
        found = rest_of(found, folder).exclude(rest__contains="/")
    if order == "runs":
        found = found.annotate(run_count=_counted(_runs_of()))
    elif order not in {"name", "created"}:
        found = found.annotate(last_start=_newest("start_time"))
    _, keys = ORDERS.get(order, ORDERS[DEFAULT_ORDER])
    return found.order_by(*keys)


def home_rows(
    items: Sequence[Experiment | Folder], *, folder: str = ""
) -> list[ExperimentRow | Folder]:
    """The rows of one page of the list, in a fixed number of queries for all of them."""
    experiments = [item for item in items if isinstance(item, Experiment)]
    rows = {row.experiment.pk: row for row in experiment_rows(experiments, folder=folder)}
    return [rows[item.pk] if isinstance(item, Experiment) else item for item in items]


def experiment_rows(experiments: Sequence[Experiment], *, folder: str = "") -> list[ExperimentRow]:
    if not experiments:
        return []
    tags: dict[int, list[tuple[str, str]]] = {}
    notes: dict[int, str] = {}
    rows = ExperimentTag.objects.filter(experiment__in=experiments).order_by("key")
    for experiment_id, key, value in rows.values_list("experiment_id", "key", "value"):
        if key == NOTE_TAG:
            notes[experiment_id] = _first_line(value)
        elif not key.startswith("mlflow."):
            tags.setdefault(experiment_id, []).append((key, value))
    best = _best_values(experiments)
    counts = _counts(experiments)
    return [
        ExperimentRow(
            experiment=experiment,
            label=experiment.name.removeprefix(folder) or experiment.name,
            run_count=counts[experiment.pk].run_count,
            running=counts[experiment.pk].running,
            last_start=counts[experiment.pk].last_start,
            last_user=counts[experiment.pk].last_user,
            best=best.get(experiment.pk),
            number_format=experiment.said_of(experiment.primary_metric).get("format", ""),
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
    now = now_ms()
    statuses = shown_statuses(runs, now=now)
    keys = metric_key_ids({run.experiment.primary_metric for run in runs} - {""})
    primary = {run.pk: keys.get(run.experiment.primary_metric) for run in runs}
    stats = {
        stat.run_id: stat
        for stat in MetricStat.objects.filter(run__in=runs, key__in=keys.values())
        if stat.key_id == primary[stat.run_id]
    }
    drawings = curves(list(stats.values()))
    return [
        RunningRun(
            run,
            statuses[run.pk],
            max(now - run.start_time, 0),
            run.experiment.primary_metric,
            stats[run.pk].last if run.pk in stats else None,
            drawings.get((run.pk, primary[run.pk])),
        )
        for run in runs
    ]


def _runs_of() -> QuerySet[Run]:
    """The active runs of the experiment of an outer query; each use is read from an index."""
    return Run.objects.active().filter(experiment=OuterRef("pk"))


def _counted(runs: QuerySet[Run]) -> Coalesce:
    counted = runs.order_by().values("experiment").annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _newest(name: str) -> Subquery:
    return Subquery(_runs_of().newest_first().values(name)[:1])


def _counts(experiments: Sequence[Experiment]) -> dict[int, _Counts]:
    """What the runs of each experiment come to."""
    rows = Experiment.objects.filter(pk__in=[each.pk for each in experiments]).annotate(
        runs_there=_counted(_runs_of()),
        runs_running=_counted(_runs_of().filter(status=RunStatus.RUNNING)),
        last_start=_newest("start_time"),
        last_user=Coalesce(_newest("user_id"), Value(""), output_field=CharField()),
    )
    names = ("pk", "runs_there", "runs_running", "last_start", "last_user")
    return {pk: _Counts(*counts) for pk, *counts in rows.values_list(*names)}


def _best_values(experiments: Sequence[Experiment]) -> dict[int, float]:
    """The best latest value of each experiment's primary metric, from the index that orders it."""
    keys = metric_key_ids({each.primary_metric for each in experiments} - {""})
    wanted = [each for each in experiments if each.primary_metric in keys]
    found = {}
    for direction, column in ((Direction.HIGHER, "-last"), (Direction.LOWER, "last")):
        some = [each for each in wanted if each.primary_direction == direction]
        if not some:
            continue
        key_of = Case(
            *(When(primary_metric=name, then=Value(key)) for name, key in keys.items()),
            output_field=IntegerField(),
        )
        stats = MetricStat.objects.filter(
            experiment=OuterRef("pk"),
            key=OuterRef("primary_key"),
            last__isnull=False,
            run__lifecycle_stage="active",
        ).order_by(column)
        rows = Experiment.objects.filter(pk__in=[each.pk for each in some]).annotate(
            primary_key=key_of, best=Subquery(stats.values("last")[:1])
        )
        found |= dict(rows.values_list("pk", "best"))
    return found


def _first_line(text: str) -> str:
    """The first line of a note in Markdown that says something, as plain words."""
    plain = _MARKDOWN_LINK.sub(r"\1", text)
    lines = (line.replace("`", "").replace("*", "").strip(" #_>-") for line in plain.splitlines())
    return next(filter(None, lines), "")
