"""The runs around a run: those before and after it, its parent and children, and the best."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db.models import Count

from core.formatting import is_finite
from experiments.models import Direction, Experiment
from runs.directions import Better, which_is_better
from runs.models import MetricStat, Run
from runs.run_metrics import MetricRow, number_of

MAX_CHILDREN = 200

# How many runs one comparison holds in its address.
MAX_COMPARED = 40


@dataclass(frozen=True)
class Child:
    """A child run, with the last value of the metric that its siblings show too."""

    run: Run
    value: float | None = None
    is_best: bool = False


@dataclass(frozen=True)
class Children:
    """A run's children, the best first if there is a primary metric, else the newest."""

    rows: Sequence[Child] = ()
    total: int = 0
    # The metric whose values they show; empty if none logged any.
    metric: str = ""

    @property
    def compared(self) -> str:
        """The ids of those that one comparison can hold, as its address has them."""
        return ",".join(row.run.run_id for row in self.rows[:MAX_COMPARED])


@dataclass(frozen=True)
class Best:
    """The best value of the primary metric in the experiment, and the run that has it."""

    value: float
    run: Run


@dataclass(frozen=True)
class Standing:
    """How a run compares with the best one; ``behind`` is never negative."""

    behind: float

    @property
    def is_best(self) -> bool:
        return self.behind == 0


@dataclass(frozen=True)
class Other:
    """A run to compare with, and what it is to this one."""

    label: str
    run: Run


def newer_run(run: Run) -> Run | None:
    beside = _siblings(run).filter(start_time__gte=run.start_time)
    beside = beside.exclude(start_time=run.start_time, run_id__gte=run.run_id)
    return beside.order_by("start_time", "-run_id").first()


def older_run(run: Run) -> Run | None:
    beside = _siblings(run).filter(start_time__lte=run.start_time)
    beside = beside.exclude(start_time=run.start_time, run_id__lte=run.run_id)
    return beside.newest_first().first()


def _siblings(run: Run):
    return run.experiment.runs.active().select_related("experiment__workspace")


def parent_of(run: Run) -> Run | None:
    if not run.parent_run_id:
        return None
    return (
        Run.objects.in_workspace(run.experiment.workspace)
        .select_related("experiment__workspace")
        .filter(run_id=run.parent_run_id)
        .first()
    )


def read_children(run: Run) -> Children:
    children = (
        Run.objects.in_workspace(run.experiment.workspace)
        .active()
        .filter(parent_run_id=run.run_id)
        .select_related("experiment__workspace")
    )
    newest = list(children.newest_first()[:MAX_CHILDREN])
    if not newest:
        return Children()
    experiment = run.experiment
    metric = experiment.primary_metric or _commonest_metric(newest)
    values = dict(
        MetricStat.objects.filter(run__in=newest, key__name=metric).values_list("run_id", "last")
    )
    rows = [
        Child(child, number_of(values[child.pk])) if child.pk in values else Child(child)
        for child in newest
    ]
    better = which_is_better(metric, experiments=[experiment])
    return Children(
        rows=_best_first(rows, better) if better else rows,
        total=len(newest) if len(newest) < MAX_CHILDREN else children.count(),
        metric=metric,
    )


def _commonest_metric(runs: Sequence[Run]) -> str:
    """The metric that most of ``runs`` logged; empty if there is none."""
    counted = MetricStat.objects.filter(run__in=runs).values("key__name")
    commonest = counted.annotate(runs=Count("run")).order_by("-runs", "key__name").first()
    return commonest["key__name"] if commonest else ""


def _best_first(rows: Sequence[Child], better: Better) -> Sequence[Child]:
    """Children by their value, those without a number last, in the order they came in."""
    numbers = [row for row in rows if is_finite(row.value)]
    if not numbers:
        return rows
    ranked = sorted(numbers, key=lambda row: row.value, reverse=better.is_higher)
    rest = [row for row in rows if not is_finite(row.value)]
    return [replace(ranked[0], is_best=True), *ranked[1:], *rest]


def read_best(experiment: Experiment) -> Best | None:
    if not experiment.primary_metric:
        return None
    order = "-last" if experiment.primary_direction == Direction.HIGHER else "last"
    stat = (
        MetricStat.objects.filter(
            experiment=experiment,
            key__name=experiment.primary_metric,
            last__isnull=False,
            run__lifecycle_stage="active",
        )
        .order_by(order, "run")
        .select_related("run__experiment__workspace")
        .first()
    )
    return None if stat is None else Best(stat.last, stat.run)


def read_standing(
    headlines: Sequence[MetricRow], best: Best | None, experiment: Experiment
) -> Standing | None:
    own = next((row for row in headlines if row.is_primary), None)
    if best is None or own is None or not is_finite(own.last) or not is_finite(best.value):
        return None
    sign = 1 if experiment.primary_direction == Direction.HIGHER else -1
    # A run in the Trash may be better than the best that is not.
    return Standing(behind=max(0.0, sign * (best.value - own.last)))
