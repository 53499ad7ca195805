"""The rows of a grouped run list: one for each group, with how its runs' values lie."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.db.models import QuerySet

from experiments.models import Experiment
from runs.column_values import number_formats
from runs.columns import Column, Columns
from runs.directions import which_is_better
from runs.group_members import Members, MetricReader, codes_of, read_members, text_rows
from runs.grouping import Grouping, GroupKey
from runs.models import KeyKind, Param, Run, RunStatus, RunTag
from runs.spread import Spread, Spreads, spreads

# More groups are not read but searched.
MAX_GROUPS = 2_000
# Of the runs of a page's groups, so many hyperparameters and tags are looked at.
MAX_COMPARED = 12_000

# What a row of a group can say of the runs' properties.
_PROPERTIES = ("status", "start_time", "duration")

# On a phone a group is a card, which has no room for more.
_METRICS_ON_CARDS = 2

COUNT = "n"

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,2})?")


Values = Sequence[tuple[GroupKey, str | tuple[str, ...] | None]]


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
    # How far it is from the baseline's, where the list has one.
    delta: object = None

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
    """One group: the values that make it, what the columns say, and how many runs it has.

    ``ticked`` of these are selected.
    """

    values: Values
    where: str
    count: int
    states: Sequence[tuple[str, int]]
    newest: int
    cells: Sequence[GroupCell]
    ticked: int = 0

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
    # The group of which something was asked, whatever page it is on.
    found: GroupRow | None = None


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
    is_asked: Callable[[Values], bool] | None = None,
    ticked: Sequence[int] = (),
) -> GroupPage:
    """One page of the groups of ``runs``; ``columns`` are those of ``group_columns``.

    ``is_whole`` says that ``runs`` are all of ``experiment``: then a metric is read from one index.
    ``is_asked`` tells by its values which group is to be read besides. Of the runs with the keys
    ``ticked`` each row says how many it has.
    """
    members = read_members(runs, grouping.keys)
    total = len(members.counts)
    reader = MetricReader(members, experiment, is_whole=is_whole)
    order = _order(members, grouping, reader, sort, columns, experiment)[:MAX_GROUPS]
    pages = max(1, -(-len(order) // size))
    page = min(max(page, 1), pages)
    shown = order[(page - 1) * size : page * size]
    asked = [
        group for group in order if is_asked and is_asked(_values_of(group, members, grouping))
    ][:1]
    has_tick = members.ticks(ticked)
    rows = _rows(members, grouping, columns, reader, shown, has_tick)
    found = np.array(asked, dtype=np.int64)
    return GroupPage(
        found=_rows(members, grouping, columns, reader, found, has_tick)[0] if asked else None,
        rows=rows,
        total=total,
        runs=len(members.pks),
        is_partly=members.is_partly,
        page=page,
        pages=pages,
    )


def _order(
    members: Members,
    grouping: Grouping,
    reader: MetricReader,
    sort: str,
    columns: Columns,
    experiment: Experiment | None,
) -> np.ndarray:
    """The groups in the order that ``sort`` asks for; ties, and without it, by their keys.

    Missing values come last in both directions.
    """
    total = len(members.counts)
    ranks = [
        _ranks(values)[codes] for values, codes in zip(members.values, members.codes, strict=True)
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
            add(members.counts, descending=descending)
        elif name == "start_time":
            add(members.newest, descending=descending)
        elif name == "duration":
            lasted = spreads(members.group, members.lasted, count=total)
            add(lasted.centers, descending=descending)
        elif name in of_column and of_column[name].kind == KeyKind.METRIC:
            add(
                _spreads(members, grouping, *reader.values(of_column[name])).centers,
                descending=descending,
            )
        elif name in of_column and of_column[name].kind in {KeyKind.PARAM, KeyKind.TAG}:
            add(_shared_ranks(members, of_column[name]), descending=descending)
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


def _shared_ranks(members: Members, column: Column) -> np.ndarray:
    """The place of each group's value among all, where its runs share one; NaN where not."""
    key = GroupKey(column.kind, column.key)
    codes, values = codes_of(members.pks.tolist(), [key])[key]
    ranks = _ranks(values)[codes]
    # Unlike NaN, a run without a value is unlike one that has the least.
    ranks = np.where(np.isnan(ranks), -1.0, ranks)
    lowest = np.full(len(members.counts), np.inf)
    highest = np.full(len(members.counts), -np.inf)
    np.minimum.at(lowest, members.group, ranks)
    np.maximum.at(highest, members.group, ranks)
    return np.where((lowest == highest) & (lowest >= 0), lowest, np.nan)


def _spreads(
    members: Members, grouping: Grouping, groups: np.ndarray, values: np.ndarray
) -> Spreads:
    return spreads(
        groups,
        values,
        count=len(members.counts),
        aggregate=grouping.aggregate,
        confidence=grouping.confidence,
    )


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
    members: Members,
    grouping: Grouping,
    columns: Columns,
    reader: MetricReader,
    shown: np.ndarray,
    has_tick: np.ndarray,
) -> list[GroupRow]:
    cells_of = [_cells(column, members, grouping, reader, shown) for column in columns.shown[2:]]
    texts = _compared(members, columns, shown)
    places_of = members.of_groups(shown)
    starts = columns.group_starts
    on_cards = [column for column in columns.shown if column.is_metric][:_METRICS_ON_CARDS]
    styles = number_formats(columns, reader.experiments)
    statuses = np.array(members.statuses)
    rows = []
    for group in shown:
        values = _values_of(group, members, grouping)
        states = Counter(statuses[places_of[group]].tolist())
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
                count=int(members.counts[group]),
                states=[(status, states[status]) for status in _ODD_STATES if states[status]],
                newest=int(members.newest[group]),
                cells=cells,
                ticked=int(has_tick[group]),
            )
        )
    return rows


def _values_of(group: int, members: Members, grouping: Grouping) -> Values:
    """The keys that make the groups, with the values that the runs of one share."""
    return [
        (key, values[codes[group]])
        for key, values, codes in zip(grouping.keys, members.values, members.codes, strict=True)
    ]


# What is said of a group's runs beside their number.
_ODD_STATES = (RunStatus.RUNNING, RunStatus.SCHEDULED, RunStatus.FAILED, RunStatus.KILLED)


def _cells(
    column: Column,
    members: Members,
    grouping: Grouping,
    reader: MetricReader,
    shown: np.ndarray,
) -> Callable[[int], dict] | None:
    """What says a numeric column's cell of each group; None for a column of texts."""
    if column.kind == KeyKind.METRIC:
        groups, values = reader.values(column)
    elif column.key == "duration" and column.kind == "property":
        has = np.isfinite(members.lasted)
        groups, values = members.group[has], members.lasted[has]
    elif column.key == "start_time" and column.kind == "property":
        return lambda group: {}
    else:
        return None
    # The others' quartiles are nobody's business.
    among = np.isin(groups, shown)
    groups, values = groups[among], values[among]
    of_group = _spreads(members, grouping, groups, values)
    logged = np.bincount(groups, minlength=len(members.counts))

    def cell(group: int) -> dict:
        return {
            "spread": of_group.of(group),
            "missing": int(members.counts[group] - logged[group]),
            "odd": int(logged[group] - of_group.counts[group]),
        }

    return cell


def _compared(
    members: Members, columns: Columns, shown: np.ndarray
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
    looked_at = {group: places[:room] for group, places in members.of_groups(shown).items()}
    group_of = {
        int(members.pks[place]): int(group)
        for group, places in looked_at.items()
        for place in places
    }
    pks = list(group_of)
    seen: dict[tuple[Column, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for table, of_name in wanted.items():
        if of_name:
            for run, name, value in text_rows(table, pks, list(of_name)):
                seen[of_name[name], group_of[run]][value] += 1
    found = {}
    for of_name in wanted.values():
        for column in of_name.values():
            for group in shown:
                values = seen.get((column, int(group)), {})
                without = len(looked_at[group]) - sum(values.values())
                distinct = len(values) + bool(without)
                found[column, group] = {
                    "text": next(iter(values)) if distinct == 1 and values else None,
                    "distinct": distinct if values else 0,
                    "is_partly": len(looked_at[group]) < members.counts[group],
                }
    return found
