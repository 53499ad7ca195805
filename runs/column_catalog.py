"""All the columns that a list could show, a window at a time, however many names there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from runs.columns import PROPERTIES, RESERVED_PREFIX, Column, Name
from runs.models import KeyKind

WINDOW = 100
# Names that begin alike are ticked together where there are as many of them.
_ALIKE = 3

KINDS = {
    "property": "Properties",
    KeyKind.METRIC: "Metrics",
    KeyKind.PARAM: "Hyperparameters",
    KeyKind.TAG: "Tags",
}


@dataclass(frozen=True)
class Family:
    """Columns of one kind whose names begin alike; ``prefix`` is "" for those that do not."""

    prefix: str
    columns: Sequence[Column]


@dataclass(frozen=True)
class Group:
    """The columns of one kind in the window."""

    label: str
    families: Sequence[Family]


@dataclass(frozen=True)
class Tab:
    """A kind to look at alone, and how many columns of it there are; "" is all kinds."""

    kind: str
    label: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class Catalog:
    """The window: ``first`` to ``last`` of ``total``, and how many are constant and so hidden."""

    groups: Sequence[Group]
    tabs: Sequence[Tab]
    first: int
    last: int
    total: int
    constant: int
    previous: int | None
    next: int | None


def catalog(
    names: Sequence[Name],
    shown: Sequence[Column],
    *,
    find: str,
    kind: str,
    only_differing: bool,
    start: int,
) -> Catalog:
    """The columns that are not shown and have ``find`` in their names, from the ``start``-th on."""
    taken = {(column.kind, column.key) for column in shown} | {("property", "name")}
    words = find.casefold().split()
    found: list[tuple[Column, bool]] = [
        *((Column("property", key), True) for key in PROPERTIES),
        *((name.column, name.varies) for name in sorted(names, key=_in_order)),
    ]
    found = [
        (column, varies)
        for column, varies in found
        if (column.kind, column.key) not in taken
        and not (column.kind == KeyKind.TAG and column.key.startswith(RESERVED_PREFIX))
        and all(word in column.label.casefold() or word in column.key for word in words)
    ]
    constant = 0
    if only_differing:
        constant = sum(not varies for column, varies in found if kind in {"", column.kind})
        found = [(column, varies) for column, varies in found if varies]
    counts = {each: sum(column.kind == each for column, _ in found) for each in KINDS}
    tabs = [Tab("", "All", len(found), is_current=kind == "")]
    tabs += [Tab(each, KINDS[each], counts[each], each == kind) for each in KINDS]
    columns = [column for column, _ in found if kind in {"", column.kind}]
    start = max(0, min(start, (max(len(columns), 1) - 1) // WINDOW * WINDOW))
    window = columns[start : start + WINDOW]
    return Catalog(
        [
            Group(KINDS[each], _families(list(members)))
            for each, members in groupby(window, key=lambda column: column.kind)
        ],
        tabs,
        first=start + 1 if window else 0,
        last=start + len(window),
        total=len(columns),
        constant=constant,
        previous=start - WINDOW if start else None,
        next=start + WINDOW if start + WINDOW < len(columns) else None,
    )


_ORDER = {kind: place for place, kind in enumerate(KINDS)}


def _in_order(name: Name) -> tuple:
    # What has no prefix before what has, and those with one together.
    return _ORDER[name.kind], _prefix(name.name).casefold(), name.name.casefold(), name.name


def _prefix(name: str) -> str:
    before, slash, _ = name.rpartition("/")
    return before + slash


def _families(columns: Sequence[Column]) -> list[Family]:
    families: list[Family] = []
    for prefix, each in groupby(columns, key=lambda column: _prefix(column.key)):
        members = list(each)
        if not prefix or len(members) < _ALIKE:
            if families and not families[-1].prefix:
                families[-1] = Family("", [*families[-1].columns, *members])
            else:
                families.append(Family("", members))
        else:
            families.append(Family(prefix, members))
    return families
