"""The rows of a run list: one page of runs, and what the shown columns say of each.

Every kind of value is read in one query for the whole page; metrics come from their statistics,
never from their points.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.db.models import Count

from core.time import now_ms
from experiments.models import Experiment
from runs.colors import COLOR_TAG, readable_color
from runs.column_values import column_values, number_formats, text_values
from runs.columns import Column, Columns
from runs.models import KeyKind, Run, RunStatus, RunTag
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
    """What one column says of one run.

    ``value`` None is missing; a metric's may be NaN, and a curve's is a ``Sparkline``. ``pin`` is
    the place of a pinned column beside the name, from 1.
    """

    column: Column
    value: object = None
    starts_group: bool = False
    is_on_card: bool = False
    is_best: bool = False
    pin: int = 0
    number_format: str = ""
    # How far it is from the baseline's, where the list has one.
    delta: object = None

    @property
    def css(self) -> str:
        """The classes of its place in the table, each after a blank."""
        group = " group-start" if self.starts_group else ""
        return f"{group} pin pin-{self.pin}" if self.pin else group


@dataclass(frozen=True)
class Row:
    """One run of the list.

    ``duration_ms`` of a run that is running is how long it has run so far. ``child_count`` is how
    many runs name it as their parent, ``color`` the one that people gave it.
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
    color: str
    # The beginning of its note, where a list shows that.
    note: str = ""


def table_rows(
    runs: Sequence[Run],
    columns: Columns,
    *,
    best: Mapping[Column, float] | None = None,
    experiments: Sequence[Experiment] = (),
) -> list[Row]:
    """The rows of ``runs``, in their order; their experiments must be loaded with them.

    ``experiments`` say which values of a metric are better, and ``best`` what is best.
    """
    keys = [run.pk for run in runs]
    tags = text_values(RunTag, keys, [SOURCE_TAG, COLOR_TAG, *columns.keys(KeyKind.TAG)])
    shown = columns.shown[1:]
    values = column_values(keys, shown, experiments, tags=tags)
    versions = model_versions(runs)
    children = _child_counts(runs)
    on_cards = _columns_on_cards(columns)
    group_starts = columns.group_starts
    formats = number_formats(columns, experiments)
    best = best or {}
    # What all cells of a column have in common is asked once, not for every run.
    of_columns = [
        (
            column,
            of_runs,
            column in group_starts,
            column in on_cards,
            best.get(column),
            columns.pin(column),
            formats.get(column, ""),
        )
        for column, of_runs in zip(shown, values, strict=True)
    ]
    now = now_ms()
    statuses = shown_statuses(runs, now=now)

    rows = []
    for run in runs:
        cells = []
        for column, of_runs, starts_group, is_on_card, best_value, pin, number_format in of_columns:
            value = of_runs.get(run.pk)
            is_best = value is not None and value == best_value
            cells.append(Cell(column, value, starts_group, is_on_card, is_best, pin, number_format))
        source = tags[SOURCE_TAG].get(run.pk, "")
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
                color=readable_color(tags[COLOR_TAG].get(run.pk, "")),
            )
        )
    return rows


def _columns_on_cards(columns: Columns) -> set[Column]:
    chosen = [column for column in columns.shown if column.key in _ON_CARDS]
    for kind, count in ((KeyKind.METRIC, _METRICS_ON_CARDS), (KeyKind.PARAM, _PARAMS_ON_CARDS)):
        chosen += [column for column in columns.shown if column.kind == kind][:count]
    return set(chosen)


def count_up_to(runs, limit: int = MAX_EXACT_COUNT) -> tuple[int, bool]:
    """How many runs there are, and whether there are more than ``limit``."""
    count = runs.order_by()[: limit + 1].count()
    return min(count, limit), count > limit


def model_versions(runs: Sequence[Run]) -> dict[int, list[object]]:
    """The model versions saved from each run; the registry stands above and adds the relation."""
    table = Run._meta.get_field("model_versions").related_model
    found = defaultdict(list)
    rows = table.objects.filter(run__in=[run.pk for run in runs], deleted_time=None)
    for version in rows.select_related("model__workspace").order_by("-creation_time", "-pk"):
        found[version.run_id].append(version)
    return found


def _child_counts(runs: Sequence[Run]) -> dict[str, int]:
    parents = [run.run_id for run in runs]
    # That no parent is "" lets the planner use the index of those that have one.
    rows = Run.objects.active().filter(parent_run_id__in=parents).exclude(parent_run_id="")
    return dict(rows.order_by().values_list("parent_run_id").annotate(count=Count("pk")))
