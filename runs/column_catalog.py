"""All the columns that a list could show, a window at a time, however many names there are."""

from collections import Counter
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
    """The columns that are not shown and have ``find`` in their names, from the ``start``-th on.

    ``names`` are in the order of their kinds and names.
    """
    taken = {(column.kind, column.key) for column in shown} | {("property", "name")}
    words = find.casefold().split()
    properties = [Name("property", key, True, 1) for key in PROPERTIES]
    found = [
        name
        for name in (*properties, *names)
        if (name.kind, name.name) not in taken
        and not (name.kind == KeyKind.TAG and name.name.startswith(RESERVED_PREFIX))
        and (not words or _has(name, words))
    ]
    constant = 0
    if only_differing:
        constant = sum(not name.varies for name in found if kind in {"", name.kind})
        found = [name for name in found if name.varies]
    counts = Counter(name.kind for name in found)
    tabs = [Tab("", "All", len(found), is_current=kind == "")]
    tabs += [Tab(each, KINDS[each], counts[each], each == kind) for each in KINDS]
    columns = [name for name in found if name.kind == kind] if kind else found
    start = max(0, min(start, (max(len(columns), 1) - 1) // WINDOW * WINDOW))
    window = [name.column for name in columns[start : start + WINDOW]]
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


def _has(name: Name, words: Sequence[str]) -> bool:
    text = name.name.casefold()
    if name.kind == "property":
        text = f"{text} {PROPERTIES[name.name].casefold()}"
    return all(word in text for word in words)


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
