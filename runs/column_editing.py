"""Choosing columns: what a form of rows, or one entry of a head's menu, makes of a list's columns.

A draft is a text as an address has it (``cols``), so that the form is a function of its address and
works by links and buttons alone. Columns are named by their place in it; 0 is the run's name, which
stays where it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict

from runs.about import ABOUT_KEY, group_of
from runs.columns import (
    MAX_CHOSEN,
    MAX_CURVES,
    MAX_PINNED,
    NAME,
    Column,
    Columns,
    Statistic,
    parse_column,
)
from runs.ordering import MAX_KEYS, SortKey, parse_sort

# What the form and the menus say to the server, beside what the list's address has.
FIELDS = frozenset({"cols", "edit", "keep", "pin", "add", "find", "kind", "differ", "from", "do"})
STATISTIC_FIELD = "stat"
# The address of a list stays shorter than what servers and chats let through.
LONGEST_COLUMNS = 4000


@dataclass(frozen=True)
class Draft:
    """The columns beside the name, in order, and which of them are pinned."""

    columns: Sequence[Column]
    pinned: frozenset[Column]

    @classmethod
    def of(cls, columns: Columns) -> "Draft":
        return cls(tuple(columns.shown[1:]), frozenset(columns.pinned))

    @property
    def text(self) -> str:
        """As an address has it."""
        ids = [f"{'!' if column in self.pinned else ''}{column.id}" for column in self.columns]
        return ",".join(ids) or NAME.id

    def at(self, place: int) -> Column | None:
        return self.columns[place - 1] if 1 <= place <= len(self.columns) else None

    def moved(self, place: int, by: int) -> "Draft":
        """The column goes one place on, among the pinned ones or among the others."""
        column, other = self.at(place), self.at(place + by)
        if column is None or other is None:
            return self
        if (column in self.pinned) != (other in self.pinned):
            return self
        columns = list(self.columns)
        columns[place - 1], columns[place + by - 1] = other, column
        return replace(self, columns=tuple(columns))

    def without(self, place: int) -> "Draft":
        column = self.at(place)
        if column is None:
            return self
        kept = tuple(each for each in self.columns if each != column)
        return Draft(kept, self.pinned - {column})

    def with_pin(self, place: int, *, is_pinned: bool) -> "Draft":
        column = self.at(place)
        if column is None:
            return self
        pinned = self.pinned | {column} if is_pinned else self.pinned - {column}
        return replace(self, pinned=pinned).sorted()

    def with_statistic(self, place: int, statistic: str) -> "Draft":
        column = self.at(place)
        if column is None or not column.is_metric or statistic not in Statistic.values:
            return self
        return self._with_instead(column, replace(column, statistic=statistic))

    def with_another(self, place: int) -> "Draft":
        """Beside a metric's column another one with a statistic that it does not show yet."""
        column = self.at(place)
        if column is None or not column.is_metric:
            return self
        shown = {each.statistic for each in self.columns if each.key == column.key}
        free = next((each for each in Statistic.values if each not in shown), None)
        if free is None:
            return self
        columns = list(self.columns)
        columns.insert(place, replace(column, statistic=free))
        return replace(self, columns=tuple(columns)).sorted()

    def with_added(self, added: Sequence[Column]) -> "Draft":
        """More columns, each behind the last one of its kind."""
        columns = list(self.columns)
        for column in added:
            if column in columns or column == NAME:
                continue
            places = [
                place
                for place, each in enumerate(columns, start=1)
                if each.kind == column.kind and each not in self.pinned
            ]
            columns.insert(places[-1] if places else len(columns), column)
        return replace(self, columns=tuple(columns))

    def sorted(self) -> "Draft":
        """The pinned ones before the others."""
        return replace(
            self, columns=tuple(sorted(self.columns, key=lambda each: each not in self.pinned))
        )

    def _with_instead(self, column: Column, other: Column) -> "Draft":
        if other in self.columns:
            return self
        pinned = self.pinned - {column} | ({other} if column in self.pinned else set())
        columns = tuple(other if each == column else each for each in self.columns)
        return Draft(columns, frozenset(pinned))

    @property
    def faults(self) -> list[str]:
        """Why a list cannot show it as it is."""
        found = []
        over = len(self.columns) + 1 - MAX_CHOSEN
        if over > 0:
            found.append(
                f"A list has at most {MAX_CHOSEN} columns, the name among them: "
                f"the last {over} of these will not be shown."
            )
        if len(self.text) > LONGEST_COLUMNS:
            found.append(
                f"The names of these columns have {len(self.text):,} characters together, and an "
                f"address carries {LONGEST_COLUMNS:,}. Choose fewer."
            )
        if len(self.pinned) > MAX_PINNED:
            found.append(f"At most {MAX_PINNED} columns can be pinned: the first ones are.")
        if sum(each.is_curve for each in self.columns) > MAX_CURVES:
            found.append(f"A list draws at most {MAX_CURVES} curves: the first ones are shown.")
        return found


@dataclass(frozen=True)
class Form:
    """What a form says: a draft, and which of its columns each place in the address became.

    The rows may have been dragged, and others ticked, since the form was made.
    """

    draft: Draft
    became: Mapping[int, Column]

    def edited(self, order: str) -> Draft:
        """What "up 3", "stat 2 max" and so on make of the draft; others change nothing."""
        verb, place, word = _parts(order)
        edit = _EDITS.get(verb)
        column = self.became.get(place)
        if edit is None or column not in self.draft.columns:
            return self.draft
        return edit(self.draft, self.draft.columns.index(column) + 1, word)

    def chosen(self, order: str) -> dict[str, str] | None:
        """What "filter 3" or "group 3" says to an address; None if it says nothing."""
        verb, place, _ = _parts(order)
        column = NAME if place == 0 else self.became.get(place)
        match verb:
            case "filter" if column is not None:
                return {"filters": "1", ABOUT_KEY: column.id}
            case "group" if column is not None and group_of(column):
                return {"group": group_of(column)}
        return None

    def sorted_by(self, sort: str, order: str) -> str:
        """What "asc 3", "desc 3", "also-asc 3", "also-desc 3" or "unsort 3" makes of an order."""
        verb, place, _ = _parts(order)
        column = NAME if place == 0 else self.became.get(place)
        if column is None or not column.is_sortable:
            return sort
        others = [key for key in parse_sort(sort) if key.column != column]
        match verb:
            case "asc" | "desc":
                keys = [SortKey(column, descending=verb == "desc")]
            case "also-asc" | "also-desc":
                new = SortKey(column, descending=verb == "also-desc")
                keys = _replaced(parse_sort(sort), new) or [*others[: MAX_KEYS - 1], new]
            case "unsort":
                keys = others
            case _:
                return sort
        return ",".join(key.text for key in keys)


def read_form(query: QueryDict, columns: Columns) -> Form:
    """What the form says: the rows that it kept, in their order, and what was ticked to add.

    ``columns`` are those of the address, to which the form's places refer.
    """
    draft = Draft.of(columns)
    became = dict(enumerate(draft.columns, start=1))
    if query.get("edit"):
        draft, became = _kept(draft, query)
    added = [parse_column(text) for text in query.getlist("add")[: 2 * MAX_CHOSEN]]
    return Form(draft.with_added([column for column in added if column]), became)


def _kept(draft: Draft, query: QueryDict) -> tuple[Draft, dict[int, Column]]:
    """The rows in the order in which the form lists them."""
    columns: list[Column] = []
    became: dict[int, Column] = {}
    pinned = set()
    pins = set(query.getlist("pin"))
    for text in query.getlist("keep"):
        column = draft.at(_place(text))
        if column is None:
            continue
        statistic = query.get(f"{STATISTIC_FIELD}{text}", "")
        if column.is_metric and statistic in Statistic.values:
            column = replace(column, statistic=statistic)
        if column in columns:
            continue
        columns.append(column)
        became[_place(text)] = column
        if text in pins:
            pinned.add(column)
    return Draft(tuple(columns), frozenset(pinned)).sorted(), became


_EDITS: dict[str, Callable[[Draft, int, str], Draft]] = {
    "up": lambda draft, place, _: draft.moved(place, -1),
    "down": lambda draft, place, _: draft.moved(place, 1),
    "drop": lambda draft, place, _: draft.without(place),
    "pin": lambda draft, place, _: draft.with_pin(place, is_pinned=True),
    "unpin": lambda draft, place, _: draft.with_pin(place, is_pinned=False),
    "another": lambda draft, place, _: draft.with_another(place),
    "stat": lambda draft, place, word: draft.with_statistic(place, word),
}


def _replaced(keys: Sequence[SortKey], new: SortKey) -> list[SortKey]:
    """The keys with ``new`` in the place of its column; none if its column is not among them."""
    if all(key.column != new.column for key in keys):
        return []
    return [new if key.column == new.column else key for key in keys]


def _parts(order: str) -> tuple[str, int, str]:
    verb, _, rest = order.partition(" ")
    place, _, word = rest.partition(" ")
    return verb, _place(place), word


def _place(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
