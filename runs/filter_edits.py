"""What the fields of the filter pane ask for, brought into the one expression that says it all.

The pane sends the facet of a key as ``on=<column id>``, with ``way.<id>``, ``in.<id>`` for each
ticked value, ``lo.<id>`` and ``hi.<id>``, and rows of field, operator and value as lists of equal
length. All else stands in the address as it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from search.quoting import with_quotes
from search.rows import Row, row_of, written_row

# What only the pane's form says, and no address of a list.
_OF_FORM = {"on", "more", "page", "row_part", "row_field", "row_operator", "row_value"}
_OF_PANE = {"open", "all", "facet", ABOUT_KEY}
_PREFIXES = ("way.", "in.", "lo.", "hi.")
# What is looked for among the values of a facet.
FIND_PREFIX = "find."
_MAX_ROWS = 100
# What a name without a prefix is taken for, where there is more than one of it.
_LIKELIEST = (KeyKind.METRIC, KeyKind.PARAM, KeyKind.TAG)


_WITHOUT_VALUE = {"set": "IS NOT NULL", "missing": "IS NULL"}


@dataclass(frozen=True)
class Asked:
    """What an expression asks of one key in ways that a facet can show.

    ``way`` is how: "" is one of what is ticked, or within a range; "not" is none of what is ticked;
    "set" and "missing" ask whether there is a value.
    """

    way: str = ""
    ticked: tuple[str, ...] = ()
    low: str = ""
    high: str = ""

    @property
    def is_anything(self) -> bool:
        return bool(self.ticked or self.low or self.high or self.way in _WITHOUT_VALUE)


def parts_of(query: QueryDict) -> list[Conjunct]:
    """The conditions of the address's expression; none if it cannot be read."""
    try:
        return conjuncts(query.get("where", ""))
    except FilterError:
        return []


def asked_of(parts: Sequence[Conjunct], column: Column) -> Asked:
    """What of ``parts`` the facet of a key can show."""
    asked = Asked()
    for _, said in _own(parts, column):
        asked = replace(asked, **said)
    return asked


def without_key(parts: Sequence[Conjunct], column: Column) -> str:
    """The expression without what the facet of a key shows."""
    own = {index for index, _ in _own(parts, column)}
    return joined([part.text for index, part in enumerate(parts) if index not in own])


def rows_of(parts: Sequence[Conjunct], shown: Iterable[Column]) -> list[tuple[str, Row]]:
    """The conditions that no facet shows and that fit a row, each with its text."""
    in_facets = {index for column in shown for index, _ in _own(parts, column)}
    rows = []
    for index, part in enumerate(parts):
        row = row_of(part.text) if part.comparison is not None else None
        if row is not None and index not in in_facets:
            rows.append((part.text, row))
    return rows


def settled(query: QueryDict, keys: QuerySet[RunKey]) -> QueryDict:
    """The address that the pane's form asks for, without anything that only the form says."""
    settled = QueryDict(mutable=True)
    for name, values in query.lists():
        if name not in _OF_FORM | _OF_PANE and not name.startswith((*_PREFIXES, FIND_PREFIX)):
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
    for name in list(copy):
        if name in _OF_PANE | {"page"} or name.startswith(FIND_PREFIX):
            del copy[name]
    return copy


def written_asked(column: Column, asked: Asked) -> list[str]:
    """The conditions that a facet with these fields stands for."""
    try:
        name = written_name(column.kind, column.key)
        values = [written_text(value) for value in asked.ticked]
    except Unwritable:
        return []
    if asked.way in _WITHOUT_VALUE:
        return [f"{name} {_WITHOUT_VALUE[asked.way]}"]
    one, several = ("!=", "NOT IN") if asked.way == "not" else ("=", "IN")
    texts = []
    if len(values) == 1:
        texts.append(f"{name} {one} {values[0]}")
    elif values:
        texts.append(f"{name} {several} ({', '.join(values)})")
    for sign, bound in ((">=", asked.low), ("<=", asked.high)):
        if bound:
            texts.append(f"{name} {sign} {bound if is_number(bound) else _quoted(bound)}")
    return texts


def _edited(query: QueryDict, keys: QuerySet[RunKey]) -> str:
    text = query.get("where", "").strip()
    try:
        parts = _read(text, keys)
    except FilterError:
        # What cannot be read is kept for whoever wrote it to mend.
        return joined([text, *_new_rows(query, keys)])
    texts: list[str | None] = [part.text for part in parts]
    added: list[str] = []
    for column in _columns_on(query):
        asked = _asked_by_form(query, column)
        if asked == asked_of(parts, column):
            continue
        places = [index for index, _ in _own(parts, column)]
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


def _read(text: str, keys: QuerySet[RunKey]) -> list[Conjunct]:
    """The conditions of an expression, its names in the quotes that they need.

    Raises ``FilterError``.
    """
    try:
        return conjuncts(text)
    except FilterError:
        mended = with_quotes(text, lambda kind: _names(keys, kind))
        if mended == text:
            raise
        return conjuncts(mended)


def _names(keys: QuerySet[RunKey], kind: str) -> list[str]:
    return list(keys.filter(kind=kind).values_list("name", flat=True).distinct())


def _asked_by_form(query: QueryDict, column: Column) -> Asked:
    way = query.get(f"way.{column.id}", "")
    if way in _WITHOUT_VALUE:
        return Asked(way)
    asked = Asked(
        "not" if way == "not" else "",
        tuple(dict.fromkeys(filter(None, query.getlist(f"in.{column.id}")))),
        query.get(f"lo.{column.id}", "").strip(),
        query.get(f"hi.{column.id}", "").strip(),
    )
    return asked if asked.is_anything else Asked()


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


def _own(parts: Sequence[Conjunct], column: Column) -> list[tuple[int, Mapping[str, object]]]:
    """Those of the conditions that a key's facet shows, and what they say in its terms.

    A facet asks in one way at a time; what asks in another than the first stands in a row.
    """
    said = [(index, _said(part, column)) for index, part in enumerate(parts)]
    said = [(index, fields) for index, fields in said if fields]
    return [each for each in said if _manner(each[1]) == _manner(said[0][1])]


def _manner(fields: Mapping[str, object]) -> tuple[str, bool]:
    return fields.get("way", ""), "ticked" in fields


def _said(part: Conjunct, column: Column) -> dict[str, object]:
    """What a condition says in the terms of a key's facet; nothing if it says something else."""
    asked = part.comparison
    if asked is None or (asked.entity, asked.key) != (column.kind, column.key):
        return {}
    if asked.statistic != "last":
        return {}
    match asked.operator, asked.value:
        case "IS NOT NULL", _:
            return {"way": "set"}
        case "IS NULL", _:
            return {"way": "missing"}
        case "=", str() as text:
            return {"ticked": (text,)}
        case "IN", (str(), *_) as texts:
            return {"ticked": tuple(texts)}
        case "!=", str() as text:
            return {"way": "not", "ticked": (text,)}
        case "NOT IN", (str(), *_) as texts:
            return {"way": "not", "ticked": tuple(texts)}
        case ">=", int() | float() as number if isfinite(number):
            return {"low": written_number(float(number))}
        case "<=", int() | float() as number if isfinite(number):
            return {"high": written_number(float(number))}
    return {}
