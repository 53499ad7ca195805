"""The rows of a grouped run list: one for each group, with how its runs' values lie.

Every kind of value is read in one query for all runs, and reckoned here: databases know neither
quartiles nor a variance that keeps its digits. How much is read is bounded.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from core.db import any_of
from experiments.models import Experiment
from runs.column_values import number_formats, statistic_of
from runs.columns import Column, Columns, Statistic
from runs.directions import which_is_better
from runs.expressions import statistic_expression
from runs.grouping import Grouping, GroupKey
from runs.keys import metric_key_ids
from runs.models import KeyKind, MetricStat, Param, Run, RunInput, RunStatus, RunTag
from runs.spread import Spread, Spreads, spreads
from runs.table import SOURCE_TAG

# No more runs are grouped than that, the newest ones, and of them no more values read.
MAX_RUNS = 100_000
MAX_VALUES = 500_000
# More groups are not read but searched.
MAX_GROUPS = 2_000
# Of the runs of a page's groups, so many hyperparameters and tags are looked at.
MAX_COMPARED = 30_000

# What a row of a group can say of the runs' properties.
_PROPERTIES = ("status", "start_time", "duration")

# On a phone a group is a card, which has no room for more.
_METRICS_ON_CARDS = 2

COUNT = "n"

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?")


@dataclass(frozen=True)
class GroupCell:
    """What one column says of a group.

    ``spread`` is of numbers, of which ``missing`` runs have none and ``odd`` NaN or an infinity.
    ``text`` is what all have; where they differ, ``distinct`` is how many values there are, at
    least that many if not all of the group was looked at (``is_partly``).
    """

    column: Column
    spread: Spread | None = None
    missing: int = 0
    odd: int = 0
    text: str | None = None
    distinct: int = 0
    is_partly: bool = False
    is_card: bool = False
    starts_group: bool = False
    style: str = ""

    @property
    def center_text(self) -> str:
        return self.spread.center_text(self.style) if self.spread else ""

    @property
    def interval_text(self) -> str:
        return self.spread.interval_text(self.style) if self.spread else ""

    @property
    def title(self) -> str:
        """What a metric's cell says beside its number."""
        said = [self.spread.words] if self.spread else []
        if self.odd:
            said.append(f"{self.odd:,} not a finite number, left out")
        if self.missing:
            said.append(f"{self.missing:,} without a value")
        return "\n".join(said)


@dataclass(frozen=True)
class GroupRow:
    """One group: the values that make it, how many runs it has, and what the columns say."""

    values: Sequence[tuple[GroupKey, str | tuple[str, ...] | None]]
    where: str
    count: int
    states: Sequence[tuple[str, int]]
    newest: int
    cells: Sequence[GroupCell]

    @property
    def texts(self) -> list[tuple[str, str | None]]:
        """The keys' labels and their values as text."""
        return [(key.label, _text_of(key, value)) for key, value in self.values]


def _text_of(key: GroupKey, value: str | tuple[str, ...] | None) -> str | None:
    if key == GroupKey("property", "status"):
        return dict(RunStatus.choices).get(value, value)
    return " + ".join(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class GroupPage:
    """Some of the groups, and how many there are. ``runs`` were grouped, of ``is_partly`` more."""

    rows: Sequence[GroupRow]
    total: int
    runs: int
    is_partly: bool
    page: int
    pages: int


@dataclass(frozen=True)
class _Grouped:
    """The runs, the group of each, and of each group a code for the value of every key."""

    pks: np.ndarray
    statuses: list[str]
    started: np.ndarray
    lasted: np.ndarray
    group: np.ndarray
    codes: np.ndarray
    values: Sequence[Sequence[object]]
    counts: np.ndarray
    # The keys in ascending order, and where each stands among the runs.
    sorted_pks: np.ndarray
    sorted_places: np.ndarray

    def places_of(self, runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the runs with these keys stand, and which of them are here at all."""
        at = np.searchsorted(self.sorted_pks, runs)
        at = np.minimum(at, len(self.sorted_pks) - 1)
        return self.sorted_places[at], self.sorted_pks[at] == runs


def group_columns(columns: Columns, grouping: Grouping) -> Columns:
    """The columns of a grouped list: what the ungrouped one shows, but for what makes the groups.

    The first is the group, the second how many runs it has.
    """
    properties = [
        column
        for column in columns.shown[1:]
        if column.kind == "property" and column.key in _PROPERTIES
    ]
    count = Column("property", "status")
    others = [
        column
        for column in columns.shown
        if column.kind != "property" and column.id not in grouping.ids and not column.is_curve
    ]
    shown = [columns.shown[0], count, *(each for each in properties if each != count), *others]
    return replace(columns, shown=shown, pinned=frozenset())


def read_groups(
    runs: QuerySet[Run],
    grouping: Grouping,
    columns: Columns,
    *,
    sort: str,
    page: int,
    size: int,
    experiment: Experiment | None,
    is_whole: bool,
) -> GroupPage:
    """One page of the groups of ``runs``; ``columns`` are those of ``group_columns``.

    ``is_whole`` says that ``runs`` are all of ``experiment``: then a metric is read from one index.
    """
    grouped, is_partly = _grouped(runs, grouping)
    total = len(grouped.counts)
    experiments = [experiment] if experiment else []
    reader = _MetricReader(grouped, experiments, experiment if is_whole else None)
    order = _order(grouped, grouping, reader, sort, columns, experiment)[:MAX_GROUPS]
    pages = max(1, -(-len(order) // size))
    page = min(max(page, 1), pages)
    shown = order[(page - 1) * size : page * size]
    return GroupPage(
        rows=_rows(grouped, grouping, columns, reader, shown),
        total=total,
        runs=len(grouped.pks),
        is_partly=is_partly,
        page=page,
        pages=pages,
    )


def _grouped(runs: QuerySet[Run], grouping: Grouping) -> tuple[_Grouped, bool]:
    limit = max(1, min(MAX_RUNS, MAX_VALUES // len(grouping.keys)))
    newest = runs.order_by("-start_time", "run_id")
    fields = ("pk", "status", "start_time", "end_time", "user_id")
    found = _columns_of(newest.values_list(*fields)[: limit + 1], len(fields))
    is_partly = len(found[0]) > limit
    pks, statuses, starts, ends, users = (column[:limit] for column in found)
    places = {pk: place for place, pk in enumerate(pks)}
    # None becomes NaN.
    started, ended = np.array(starts, dtype=float), np.array(ends, dtype=float)
    own = {"status": statuses, "user": [user or None for user in users]}
    by_pk = np.argsort(np.array(pks, dtype=np.int64))
    texts = _texts_of_keys(pks, places, grouping.keys)
    group = np.zeros(len(pks), dtype=np.int64)
    all_codes, all_values = [], []
    for key in grouping.keys:
        if key.kind == "property" and key.name in own:
            codes, values = _coded(own[key.name])
        else:
            codes, values = texts[key]
        all_codes.append(codes)
        all_values.append(values)
        _, group = np.unique(group * (len(values) + 1) + codes, return_inverse=True)
    counts = np.bincount(group) if pks else np.zeros(0, dtype=np.int64)
    # The newest run of a group stands for it: all have the same codes.
    _, examples = np.unique(group, return_index=True)
    table = np.array([codes[examples] for codes in all_codes]).reshape(len(all_codes), -1)
    return (
        _Grouped(
            pks=np.array(pks, dtype=np.int64),
            statuses=statuses,
            started=started,
            lasted=np.maximum(ended - started, 0.0),
            group=group,
            codes=table,
            values=all_values,
            counts=counts,
            sorted_pks=np.array(pks, dtype=np.int64)[by_pk],
            sorted_places=by_pk,
        ),
        is_partly,
    )


def _coded(values: Sequence[object]) -> tuple[np.ndarray, list[object]]:
    """A small integer for each value, 0 for None; and what the integers mean."""
    known: dict[object, int] = {None: 0}
    codes = [known.setdefault(value, len(known)) for value in values]
    return np.array(codes, dtype=np.int64), list(known)


def _texts_of_keys(
    pks: Sequence[int], places: dict[int, int], keys: Sequence[GroupKey]
) -> dict[GroupKey, tuple[np.ndarray, list[object]]]:
    """The codes of the keys that other tables hold, each table read once."""
    found: dict[GroupKey, tuple[np.ndarray, list[object]]] = {}
    for table in (Param, RunTag):
        named = {_name_in(table, key): key for key in keys if _name_in(table, key)}
        if not named:
            continue
        codes = {name: np.zeros(len(pks), dtype=np.int64) for name in named}
        known: dict[str, dict[object, int]] = {name: {None: 0} for name in named}
        for run, name, value in _text_rows(table, pks, list(named)):
            values = known[name]
            codes[name][places[run]] = values.setdefault(value, len(values))
        found |= {key: (codes[name], list(known[name])) for name, key in named.items()}
    for key in keys:
        if key == GroupKey("property", "dataset"):
            found[key] = _coded(_datasets(pks, places))
    return found


def _name_in(table: type[Param | RunTag], key: GroupKey) -> str:
    if table is RunTag and key == GroupKey("property", "source"):
        return SOURCE_TAG
    return key.name if key.kind == (KeyKind.PARAM if table is Param else KeyKind.TAG) else ""


def _text_rows(table: type[Param | RunTag], pks: Sequence[int], names: Sequence[str]):
    rows = table.objects.filter(run__in=any_of(pks), key__in=names)
    return zip(*_columns_of(rows.values_list("run_id", "key", "value"), 3), strict=True)


def _datasets(pks: Sequence[int], places: dict[int, int]) -> list[object]:
    """The names of the datasets that each run read, in their order; None where it read none."""
    names: dict[int, set[str]] = defaultdict(set)
    inputs = RunInput.objects.filter(run__in=any_of(pks), dataset__isnull=False)
    for run, name in inputs.values_list("run_id", "dataset__name"):
        if name:
            names[run].add(name)
    return [tuple(sorted(names[pk])) if pk in names else None for pk in places]


class _MetricReader:
    """The values of metrics for all grouped runs, each column read once."""

    def __init__(
        self,
        grouped: _Grouped,
        experiments: Sequence[Experiment],
        whole: Experiment | None,
    ) -> None:
        self._grouped = grouped
        self.experiments = experiments
        self._experiment = whole
        self._read: dict[Column, tuple[np.ndarray, np.ndarray]] = {}

    def values(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        """The groups that runs with the metric are in, and its values; NaN where that is one."""
        if column not in self._read:
            self._read[column] = self._rows(column)
        return self._read[column]

    def _rows(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        grouped = self._grouped
        key = metric_key_ids([column.key]).get(column.key)
        if key is None or not len(grouped.pks):
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        statistic = statistic_of(column, self.experiments)
        value = statistic_expression(statistic)
        stats = MetricStat.objects.filter(key=key)
        # The index has the last values.
        if self._experiment and statistic == Statistic.LAST:
            stats = stats.filter(experiment=self._experiment)
        else:
            stats = stats.filter(run__in=any_of(grouped.pks.tolist()))
        runs, values = _columns_of(stats.values_list("run_id", value), 2)
        at, is_among = grouped.places_of(np.array(runs, dtype=np.int64))
        # NaN is kept as NULL.
        return grouped.group[at[is_among]], np.array(values, dtype=float)[is_among]


def _columns_of(rows: QuerySet, count: int) -> list[list]:
    """The rows of ``values_list`` as ``count`` columns, just as the driver gives their values.

    A hundred thousand tuples that live at once keep the garbage collector busy for longer than
    they take to read, so they become columns some at a time.
    """
    columns: list[list] = [[] for _ in range(count)]
    try:
        statement = rows.query.sql_with_params()
    except EmptyResultSet:
        # The conditions leave nothing to ask for.
        return columns
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        while some := cursor.fetchmany(2_000):
            for column, values in zip(columns, zip(*some, strict=True), strict=True):
                column += values
    return columns


def _order(
    grouped: _Grouped,
    grouping: Grouping,
    reader: _MetricReader,
    sort: str,
    columns: Columns,
    experiment: Experiment | None,
) -> np.ndarray:
    """The groups in the order that ``sort`` asks for; ties, and without it, by their keys.

    Missing values come last in both directions.
    """
    total = len(grouped.counts)
    ranks = [
        _ranks(values)[codes] for values, codes in zip(grouped.values, grouped.codes, strict=True)
    ]
    by_key = {key.id: rank for key, rank in zip(grouping.keys, ranks, strict=True)}
    keys: list[np.ndarray] = []

    def add(values: np.ndarray, *, descending: bool) -> None:
        values = values.astype(float)
        keys.append(np.isnan(values).astype(float))
        keys.append(np.nan_to_num(-values if descending else values, posinf=np.inf, neginf=-np.inf))

    of_column = {column.id: column for column in columns.shown}
    for text in (sort or usual_sort(columns, experiment)).split(",")[:5]:
        descending, name = text.strip().startswith("-"), text.strip().removeprefix("-")
        if name in by_key:
            add(by_key[name], descending=descending)
        elif name in {COUNT, "status"}:
            add(grouped.counts, descending=descending)
        elif name == "start_time":
            add(_newest(grouped), descending=descending)
        elif name == "duration":
            lasted = spreads(grouped.group, grouped.lasted, count=total)
            add(lasted.centers, descending=descending)
        elif name in of_column and of_column[name].kind == KeyKind.METRIC:
            add(
                _spreads(grouped, grouping, *reader.values(of_column[name])).centers,
                descending=descending,
            )
    for rank in ranks:
        add(rank, descending=False)
    # The last key of lexsort counts most.
    return np.lexsort(keys[::-1]) if total else np.zeros(0, dtype=np.int64)


def usual_sort(columns: Columns, experiment: Experiment | None) -> str:
    """The primary metric, the best group first, if it is among the columns."""
    metric = experiment.primary_metric if experiment else ""
    column = next((each for each in columns.shown if each.is_metric and each.key == metric), None)
    if column is None:
        return ""
    better = which_is_better(metric, experiments=[experiment])
    return f"{'-' if better and better.is_higher else ''}{column.id}"


def _spreads(
    grouped: _Grouped, grouping: Grouping, groups: np.ndarray, values: np.ndarray
) -> Spreads:
    return spreads(
        groups,
        values,
        count=len(grouped.counts),
        aggregate=grouping.aggregate,
        confidence=grouping.confidence,
    )


def _newest(grouped: _Grouped) -> np.ndarray:
    newest = np.full(len(grouped.counts), -np.inf)
    np.maximum.at(newest, grouped.group, grouped.started)
    return newest


def _ranks(values: Sequence[object]) -> np.ndarray:
    """For each code its place in the order of values: numbers, then texts; NaN for none."""
    order = sorted(range(1, len(values)), key=lambda code: _sort_key(values[code]))
    ranks = np.full(len(values), np.nan)
    ranks[order] = np.arange(len(order))
    return ranks


def _sort_key(value: object) -> tuple[bool, float, str]:
    text = " + ".join(value) if isinstance(value, tuple) else str(value)
    number = float(text) if _NUMBER.fullmatch(text) else None
    return (number is None, 0.0 if number is None else number, text)


def _rows(
    grouped: _Grouped,
    grouping: Grouping,
    columns: Columns,
    reader: _MetricReader,
    shown: np.ndarray,
) -> list[GroupRow]:
    cells_of = [_cells(column, grouped, grouping, reader, shown) for column in columns.shown[2:]]
    texts = _compared(grouped, columns, shown)
    newest = _newest(grouped)
    members = _members(grouped, shown)
    starts = columns.group_starts
    on_cards = [column for column in columns.shown if column.is_metric][:_METRICS_ON_CARDS]
    styles = number_formats(columns, reader.experiments)
    statuses = np.array(grouped.statuses)
    rows = []
    for group in shown:
        values = [
            (key, values[codes[group]])
            for key, values, codes in zip(grouping.keys, grouped.values, grouped.codes, strict=True)
        ]
        states = Counter(statuses[members[group]].tolist())
        cells = []
        for column, cell_of in zip(columns.shown[2:], cells_of, strict=True):
            cell = cell_of(group) if cell_of else texts[column, group]
            cells.append(
                GroupCell(
                    column,
                    starts_group=column in starts,
                    is_card=column in on_cards,
                    style=styles.get(column, ""),
                    **cell,
                )
            )
        rows.append(
            GroupRow(
                values=values,
                where=grouping.where([value for _, value in values]),
                count=int(grouped.counts[group]),
                states=[(status, states[status]) for status in _ODD_STATES if states[status]],
                newest=int(newest[group]),
                cells=cells,
            )
        )
    return rows


# What is said of a group's runs beside their number.
_ODD_STATES = (RunStatus.RUNNING, RunStatus.SCHEDULED, RunStatus.FAILED, RunStatus.KILLED)


def _cells(
    column: Column,
    grouped: _Grouped,
    grouping: Grouping,
    reader: _MetricReader,
    shown: np.ndarray,
) -> Callable[[int], dict] | None:
    """What says a numeric column's cell of each group; None for a column of texts."""
    if column.kind == KeyKind.METRIC:
        groups, values = reader.values(column)
    elif column.key == "duration" and column.kind == "property":
        has = np.isfinite(grouped.lasted)
        groups, values = grouped.group[has], grouped.lasted[has]
    elif column.key == "start_time" and column.kind == "property":
        return lambda group: {}
    else:
        return None
    # The others' quartiles are nobody's business.
    among = np.isin(groups, shown)
    groups, values = groups[among], values[among]
    of_group = _spreads(grouped, grouping, groups, values)
    logged = np.bincount(groups, minlength=len(grouped.counts))

    def cell(group: int) -> dict:
        return {
            "spread": of_group.of(group),
            "missing": int(grouped.counts[group] - logged[group]),
            "odd": int(logged[group] - of_group.counts[group]),
        }

    return cell


def _members(grouped: _Grouped, shown: np.ndarray) -> dict[int, np.ndarray]:
    """The places of each shown group's runs, the newest first."""
    order = np.argsort(grouped.group, kind="stable")
    ends = np.cumsum(grouped.counts)
    return {group: order[ends[group] - grouped.counts[group] : ends[group]] for group in shown}


def _compared(
    grouped: _Grouped, columns: Columns, shown: np.ndarray
) -> dict[tuple[Column, int], dict]:
    """Of each text column and group the value that its runs share, or how many they have.

    Where that would be too much to read, the newest runs of each group are looked at.
    """
    wanted = {
        table: {column.key: column for column in columns.shown if column.kind == kind}
        for kind, table in ((KeyKind.PARAM, Param), (KeyKind.TAG, RunTag))
    }
    names = sum(map(len, wanted.values()))
    if not names or not len(shown):
        return {}
    room = max(1, MAX_COMPARED // names // len(shown))
    members = {group: places[:room] for group, places in _members(grouped, shown).items()}
    group_of = {
        int(grouped.pks[place]): int(group) for group, places in members.items() for place in places
    }
    pks = list(group_of)
    seen: dict[tuple[Column, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for table, of_name in wanted.items():
        if of_name:
            for run, name, value in _text_rows(table, pks, list(of_name)):
                seen[of_name[name], group_of[run]][value] += 1
    found = {}
    for of_name in wanted.values():
        for column in of_name.values():
            for group in shown:
                values = seen.get((column, int(group)), {})
                without = len(members[group]) - sum(values.values())
                distinct = len(values) + bool(without)
                found[column, group] = {
                    "text": next(iter(values)) if distinct == 1 and values else None,
                    "distinct": distinct if values else 0,
                    "is_partly": len(members[group]) < grouped.counts[group],
                }
    return found
