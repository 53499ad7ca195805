"""The rows of a run list: one page of runs, and what the shown columns say of each.

Every kind of value is read in one query for the whole page; metrics come from their statistics,
never from their points.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.db.models import Count

from runs.columns import Column, Columns
from runs.keys import metric_key_ids
from runs.models import KeyKind, MetricStat, Param, Run, RunTag

SOURCE_TAG = "mlflow.source.name"

# A count beyond this is not worth the time it takes; the page says "10,000+".
MAX_EXACT_COUNT = 10_000

_MISSING = object()


@dataclass(frozen=True)
class Cell:
    """What one column says of one run. ``value`` None is missing, except where ``is_nan``."""

    column: Column
    value: object
    is_missing: bool = False

    @property
    def is_nan(self) -> bool:
        return self.value is None and not self.is_missing


@dataclass(frozen=True)
class Row:
    """One run of the list. ``child_count`` is how many runs name it as their parent."""

    run: Run
    cells: Sequence[Cell]
    versions: Sequence[object]
    source: str
    source_name: str
    child_count: int


def table_rows(runs: Sequence[Run], columns: Columns) -> list[Row]:
    """The rows of ``runs``, in their order; their experiments must be loaded with them."""
    keys = [run.pk for run in runs]
    metrics = _metrics(keys, columns.keys(KeyKind.METRIC))
    params = _texts(Param, keys, columns.keys(KeyKind.PARAM))
    tags = _texts(RunTag, keys, [SOURCE_TAG, *columns.keys(KeyKind.TAG)])
    versions = _versions(runs)
    children = _child_counts(runs)
    values = {KeyKind.METRIC: metrics, KeyKind.PARAM: params, KeyKind.TAG: tags}

    rows = []
    for run in runs:
        cells = []
        for column in columns.shown[1:]:
            if column.kind == "property":
                cells.append(Cell(column, None))
                continue
            value = values[column.kind].get((run.pk, column.key), _MISSING)
            missing = value is _MISSING
            cells.append(Cell(column, None if missing else value, is_missing=missing))
        source = tags.get((run.pk, SOURCE_TAG), "")
        rows.append(
            Row(
                run=run,
                cells=cells,
                versions=versions.get(run.pk, []),
                source=source,
                source_name=PurePosixPath(source.replace("\\", "/")).name or source,
                child_count=children.get(run.run_id, 0),
            )
        )
    return rows


def count_up_to(runs, limit: int = MAX_EXACT_COUNT) -> tuple[int, bool]:
    """How many runs there are, and whether there are more than ``limit``."""
    count = runs.order_by()[: limit + 1].count()
    return min(count, limit), count > limit


def _metrics(keys: Sequence[int], names: Sequence[str]) -> dict[tuple[int, str], float | None]:
    ids = metric_key_ids(names)
    if not ids:
        return {}
    by_id = {key_id: name for name, key_id in ids.items()}
    stats = MetricStat.objects.filter(run__in=keys, key__in=by_id)
    return {
        (run, by_id[key_id]): last
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
