"""The rows of a run list: one page of runs, and what the shown columns say of each.

Every kind of value is read in one query for the whole page; metrics come from their statistics,
never from their points.
"""

import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.db.models import Count, Exists, OuterRef, QuerySet

from core.time import now_ms
from experiments.models import Direction, Experiment
from runs.columns import Column, Columns
from runs.keys import metric_key_ids
from runs.models import KeyKind, MetricStat, Param, Run, RunStatus, RunTag
from runs.status import shown_statuses

SOURCE_TAG = "mlflow.source.name"

# A count beyond this is not worth the time it takes; the page says "10,000+".
MAX_EXACT_COUNT = 10_000

# What of a run stands on a card, where there is no room for a table.
_ON_CARDS = {"experiment", "status", "start_time"}
_METRICS_ON_CARDS = 2
_PARAMS_ON_CARDS = 2


@dataclass(frozen=True)
class Cell:
    """What one column says of one run. ``value`` None is missing; a metric's may be NaN."""

    column: Column
    value: object = None
    starts_group: bool = False
    is_on_card: bool = False
    is_best: bool = False


@dataclass(frozen=True)
class Row:
    """One run of the list.

    ``duration_ms`` of a run that is running is how long it has run so far. ``child_count`` is how
    many runs name it as their parent.
    """

    run: Run
    status: str
    duration_ms: int | None
    is_running: bool
    cells: Sequence[Cell]
    versions: Sequence[object]
    source: str
    source_name: str
    child_count: int


@dataclass(frozen=True)
class Best:
    """The best latest value of an experiment's primary metric among the runs of a list."""

    column: Column
    value: float


def table_rows(runs: Sequence[Run], columns: Columns, *, best: Best | None = None) -> list[Row]:
    """The rows of ``runs``, in their order; their experiments must be loaded with them."""
    keys = [run.pk for run in runs]
    tags = _texts(RunTag, keys, [SOURCE_TAG, *columns.keys(KeyKind.TAG)])
    values = {
        KeyKind.METRIC: _metrics(keys, columns.keys(KeyKind.METRIC)),
        KeyKind.PARAM: _texts(Param, keys, columns.keys(KeyKind.PARAM)),
        KeyKind.TAG: tags,
    }
    versions = _versions(runs)
    children = _child_counts(runs)
    on_cards = _columns_on_cards(columns)
    group_starts = columns.group_starts
    now = now_ms()
    statuses = shown_statuses(runs, now=now)

    rows = []
    for run in runs:
        cells = []
        for column in columns.shown[1:]:
            of_kind = values.get(column.kind)
            value = of_kind.get((run.pk, column.key)) if of_kind is not None else None
            cells.append(
                Cell(
                    column,
                    value,
                    starts_group=column in group_starts,
                    is_on_card=column in on_cards,
                    is_best=best is not None and (column, value) == (best.column, best.value),
                )
            )
        source = tags.get((run.pk, SOURCE_TAG), "")
        is_running = run.status == RunStatus.RUNNING and run.end_time is None
        rows.append(
            Row(
                run=run,
                status=statuses[run.pk],
                duration_ms=max(0, now - run.start_time) if is_running else run.duration_ms,
                is_running=is_running,
                cells=cells,
                versions=versions.get(run.pk, []),
                source=source,
                source_name=PurePosixPath(source.replace("\\", "/")).name or source,
                child_count=children.get(run.run_id, 0),
            )
        )
    return rows


def best_of(runs: QuerySet[Run], experiment: Experiment) -> Best | None:
    """The best finite value of the experiment's primary metric among ``runs``, if there is one.

    Read from the index that orders the experiment's values, beginning at its better end.
    """
    key = metric_key_ids({experiment.primary_metric} - {""}).get(experiment.primary_metric)
    if key is None:
        return None
    better = "last" if experiment.primary_direction == Direction.LOWER else "-last"
    among = Exists(runs.order_by().filter(pk=OuterRef("run")))
    finite = (-sys.float_info.max, sys.float_info.max)
    stats = MetricStat.objects.filter(among, experiment=experiment, key=key, last__range=finite)
    value = stats.order_by(better).values_list("last", flat=True).first()
    return None if value is None else Best(Column(KeyKind.METRIC, experiment.primary_metric), value)


def _columns_on_cards(columns: Columns) -> set[Column]:
    chosen = [column for column in columns.shown if column.key in _ON_CARDS]
    for kind, count in ((KeyKind.METRIC, _METRICS_ON_CARDS), (KeyKind.PARAM, _PARAMS_ON_CARDS)):
        chosen += [column for column in columns.shown if column.kind == kind][:count]
    return set(chosen)


def count_up_to(runs, limit: int = MAX_EXACT_COUNT) -> tuple[int, bool]:
    """How many runs there are, and whether there are more than ``limit``."""
    count = runs.order_by()[: limit + 1].count()
    return min(count, limit), count > limit


def _metrics(keys: Sequence[int], names: Sequence[str]) -> dict[tuple[int, str], float]:
    ids = metric_key_ids(names)
    if not ids:
        return {}
    by_id = {key_id: name for name, key_id in ids.items()}
    stats = MetricStat.objects.filter(run__in=keys, key__in=by_id)
    # A latest value of NaN is kept as NULL.
    return {
        (run, by_id[key_id]): math.nan if last is None else last
        for run, key_id, last in stats.values_list("run_id", "key_id", "last")
    }


def _texts(
    table: type[Param | RunTag], keys: Sequence[int], names: Sequence[str]
) -> dict[tuple[int, str], str]:
    if not names:
        return {}
    rows = table.objects.filter(run__in=keys, key__in=names)
    return {(run, key): value for run, key, value in rows.values_list("run_id", "key", "value")}


def _versions(runs: Sequence[Run]) -> dict[int, list[object]]:
    """The model versions saved from each run; the registry stands above and adds the relation."""
    table = Run._meta.get_field("model_versions").related_model
    found = defaultdict(list)
    rows = table.objects.filter(run__in=[run.pk for run in runs], deleted_time=None)
    for version in rows.select_related("model__workspace").order_by("-creation_time", "-pk"):
        found[version.run_id].append(version)
    return found


def _child_counts(runs: Sequence[Run]) -> dict[str, int]:
    parents = [run.run_id for run in runs]
    rows = Run.objects.active().filter(parent_run_id__in=parents).order_by()
    return dict(rows.values_list("parent_run_id").annotate(count=Count("pk")))
