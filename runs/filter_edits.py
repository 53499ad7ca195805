"""What the fields of the filter pane ask for, brought into the one expression that says it all.

The pane sends the facet of a key as ``on=<column id>``, with ``in.<id>`` for each ticked value,
``lo.<id>`` and ``hi.<id>``, and rows of field, operator and value as lists of equal length. All
else stands in the address as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from django.db.models import QuerySet
from django.http import QueryDict

from runs.about import ABOUT_KEY
from runs.columns import Column, parse_column
from runs.models import KeyKind, RunKey
from search.conjuncts import (
    Conjunct,
    Unwritable,
    conjuncts,
    is_number,
    joined,
    written_name,
    written_number,
    written_text,
)
from search.errors import FilterError
from search.rows import Row, row_of, written_row

# What only the pane's form says, and no address of a list.
_OF_FORM = {"on", "more", "page", "row_part", "row_field", "row_operator", "row_value"}
_OF_PANE = {"open", "all", "facet", ABOUT_KEY}
_PREFIXES = ("in.", "lo.", "hi.")
_MAX_ROWS = 100
# What a name without a prefix is taken for, where there is more than one of it.
_LIKELIEST = (KeyKind.METRIC, KeyKind.PARAM, KeyKind.TAG)


@dataclass(frozen=True)
class Asked:
    """What an expression asks of one key in ways that a facet can show."""

    ticked: tuple[str, ...] = ()
    low: str = ""
    high: str = ""

    @property
    def is_anything(self) -> bool:
        return bool(self.ticked or self.low or self.high)


def parts_of(query: QueryDict) -> list[Conjunct]:
    """The conditions of the address's expression; none if it cannot be read."""
    try:
        return conjuncts(query.get("where", ""))
    except FilterError:
        return []


def asked_of(parts: Iterable[Conjunct], column: Column) -> Asked:
    """What of ``parts`` the facet of a key can show."""
    ticked, low, high = (), "", ""
    for part in parts:
        match _said(part, column):
            case "ticked", values:
                ticked = values
            case "low", text:
                low = text
            case "high", text:
                high = text
    return Asked(ticked, low, high)


def without_key(parts: Iterable[Conjunct], column: Column) -> str:
    """The expression without what the facet of a key shows."""
    return joined([part.text for part in parts if _said(part, column) is None])


def rows_of(parts: Iterable[Conjunct], shown: Iterable[Column]) -> list[tuple[str, Row]]:
    """The conditions that no facet shows and that fit a row, each with its text."""
    columns = list(shown)
    rows = []
    for part in parts:
        row = row_of(part.text) if part.comparison is not None else None
        if row is not None and all(_said(part, column) is None for column in columns):
            rows.append((part.text, row))
    return rows


def settled(query: QueryDict, keys: QuerySet[RunKey]) -> QueryDict:
    """The address that the pane's form asks for, without anything that only the form says."""
    settled = QueryDict(mutable=True)
    for name, values in query.lists():
        if name not in _OF_FORM | _OF_PANE and not name.startswith(_PREFIXES):
            values = [value for value in values if value.strip()]
            if values:
                settled.setlist(name, values)
    where = _edited(query, keys)
    settled.pop("where", None)
    if where:
        settled["where"] = where
    return settled


def of_list(query: QueryDict) -> QueryDict:
    """The address of the list that a pane belongs to."""
    copy = query.copy()
    for name in _OF_PANE | {"page"}:
        copy.pop(name, None)
    return copy


def written_asked(column: Column, asked: Asked) -> list[str]:
    """The conditions that a facet with these fields stands for."""
    try:
        name = written_name(column.kind, column.key)
        values = [written_text(value) for value in asked.ticked]
    except Unwritable:
        return []
    texts = []
    if len(values) == 1:
        texts.append(f"{name} = {values[0]}")
    elif values:
        texts.append(f"{name} IN ({', '.join(values)})")
    for sign, bound in ((">=", asked.low), ("<=", asked.high)):
        if bound:
            texts.append(f"{name} {sign} {bound if is_number(bound) else _quoted(bound)}")
    return texts


def _edited(query: QueryDict, keys: QuerySet[RunKey]) -> str:
    text = query.get("where", "").strip()
    try:
        parts = conjuncts(text)
    except FilterError:
        # What cannot be read is kept for whoever wrote it to mend.
        return joined([text, *_new_rows(query, keys)])
    texts: list[str | None] = [part.text for part in parts]
    added: list[str] = []
    for column in _columns_on(query):
        asked = Asked(
            tuple(dict.fromkeys(filter(None, query.getlist(f"in.{column.id}")))),
            query.get(f"lo.{column.id}", "").strip(),
            query.get(f"hi.{column.id}", "").strip(),
        )
        if asked == asked_of(parts, column):
            continue
        places = [index for index, part in enumerate(parts) if _said(part, column) is not None]
        for index in places:
            texts[index] = None
        written = joined(written_asked(column, asked))
        if places and written:
            texts[places[0]] = written
        elif written:
            added.append(written)
    for part, row in _rows(query):
        if part in texts and row_of(part) != row:
            texts[texts.index(part)] = None if row.is_blank else written_row(row)
    kept = [text for text in texts if text is not None]
    return joined([*kept, *added, *_new_rows(query, keys)])


def _quoted(text: str) -> str:
    """No number: written so that reading it says so."""
    return "'" + text.replace("'", "") + "'"


def _columns_on(query: QueryDict) -> list[Column]:
    columns = (parse_column(text) for text in query.getlist("on"))
    return [column for column in columns if column is not None and column.kind != "property"]


def _rows(query: QueryDict) -> Iterator[tuple[str, Row]]:
    lists: Sequence[list[str]] = [
        query.getlist(name) for name in ("row_part", "row_field", "row_operator", "row_value")
    ]
    for part, *fields in list(zip(*lists, strict=False))[:_MAX_ROWS]:
        yield part, Row(*fields)


def _new_rows(query: QueryDict, keys: QuerySet[RunKey]) -> list[str]:
    def entity_of(key: str) -> str | None:
        if "\x00" in key:
            return None
        kinds = set(keys.filter(name=key).values_list("kind", flat=True))
        return next((kind for kind in _LIKELIEST if kind in kinds), None)

    return [
        written_row(row, entity_of=entity_of)
        for part, row in _rows(query)
        if not part and not row.is_blank
    ]


def _said(part: Conjunct, column: Column) -> tuple[str, object] | None:
    """What a condition says in the terms of a key's facet; None if it says something else."""
    asked = part.comparison
    if asked is None or (asked.entity, asked.key) != (column.kind, column.key):
        return None
    if asked.statistic != "last":
        return None
    match asked.operator, asked.value:
        case "=", str() as text:
            return "ticked", (text,)
        case "IN", (str(), *_) as texts:
            return "ticked", tuple(texts)
        case ">=", int() | float() as number if isfinite(number):
            return "low", written_number(float(number))
        case "<=", int() | float() as number if isfinite(number):
            return "high", written_number(float(number))
    return None
