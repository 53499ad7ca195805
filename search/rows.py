"""A condition as three fields of a form: field, operator, value; and as text again."""

from collections.abc import Callable
from dataclasses import dataclass

from search.conjuncts import (
    Unwritable,
    is_number,
    read_field,
    written_name,
    written_text,
)
from search.run_expressions import ATTRIBUTES
from search.run_fields import TIMES
from search.tokens import Kind, Token, cut

# What a form offers, and what it calls it.
OPERATORS = {
    "=": "=",
    "!=": "≠",
    ">": ">",
    ">=": "≥",
    "<": "<",
    "<=": "≤",
    "contains": "contains",
    "LIKE": "is like",
    "~": "matches",
    "IN": "is one of",
    "IS NOT NULL": "is set",
    "IS NULL": "is missing",
}
_WITHOUT_VALUE = {"IS NOT NULL", "IS NULL"}
_ORDERS = {">", ">=", "<", "<="}

# The entity that a key without a prefix is of; None if nothing here is called so.
Entities = Callable[[str], str | None]


@dataclass(frozen=True)
class Row:
    """What the three fields hold."""

    field: str
    operator: str
    value: str = ""

    @property
    def is_blank(self) -> bool:
        return not self.field.strip()


def row_of(text: str) -> Row | None:
    """The fields that say what one condition does; None if these cannot."""
    tokens = cut(text)
    if not tokens or tokens[0].kind not in {Kind.NAME, Kind.QUOTED}:
        return None
    operators = next((index for index, token in enumerate(tokens) if _is_operator(token)), 0)
    field = text[tokens[0].start : _end(tokens[operators - 1])] if operators else ""
    # A name, or a name, "@" and a statistic.
    if operators not in {1, 3} or (operators == 3 and tokens[1].text != "@"):
        return None
    words = [tokens[operators].text.upper()]
    values = tokens[operators + 1 :]
    while values and values[0].kind is Kind.WORD:
        words.append(values.pop(0).text.upper())
    operator = " ".join(words)
    if operator in _WITHOUT_VALUE:
        return None if values else Row(field, operator)
    if operator == "IN":
        return _row_of_list(field, values)
    if operator not in {*OPERATORS, "ILIKE"} or not values:
        return None
    value = _value(text, values)
    if value is None:
        return None
    if operator == "ILIKE":
        inner = value[1:-1]
        contains = len(value) > 2 and value[0] == value[-1] == "%" and not {"%", "_"} & set(inner)
        return Row(field, "contains", inner) if contains else None
    return Row(field, operator, value)


def written_row(row: Row, *, entity_of: Entities = lambda key: None) -> str:
    """The condition that a row asks for, its quotes put where the grammar wants them.

    What makes no sense, such as a metric held against a word, is written all the same: reading it
    says what is wrong with it.
    """
    entity, key, statistic = read_field(row.field)
    if entity is None:
        entity = "attribute" if key in ATTRIBUTES else entity_of(key)
    name = row.field.strip() if entity is None else _name(entity, key, statistic)
    operator, value = row.operator, row.value.strip()
    if operator not in OPERATORS:
        operator = "="
    if operator in _WITHOUT_VALUE:
        return f"{name} {operator}"
    try:
        if operator == "contains":
            return f"{name} ILIKE {written_text(f'%{value}%')}"
        if operator == "IN":
            items = [item.strip() for item in value.split(",")]
            written = [_written_value(entity, key, operator, item) for item in items if item]
            return f"{name} IN ({', '.join(written)})"
        return f"{name} {operator} {_written_value(entity, key, operator, value)}".strip()
    except Unwritable:
        return f"{name} {operator} '{value}'"


def _name(entity: str, key: str, statistic: str | None) -> str:
    try:
        return written_name(entity, key, statistic)
    except Unwritable:
        return f"{entity}.{key}"


def _written_value(entity: str | None, key: str, operator: str, value: str) -> str:
    if not value:
        # A text may be empty; nothing else has a value then, and reading it says so.
        return "''" if entity in {"param", "tag", "attribute", "dataset"} else ""
    is_numeric = entity == "metric" or (
        entity == "attribute" and (ATTRIBUTES[key] in TIMES or key == "duration")
    )
    if operator in _ORDERS or is_numeric:
        is_age = value.startswith("-") and not is_number(value)
        return value if is_number(value) or is_age else written_text(value)
    return written_text(value)


def _row_of_list(field: str, tokens: list[Token]) -> Row | None:
    if len(tokens) < 3 or tokens[0].text != "(" or tokens[-1].text != ")":
        return None
    items = tokens[1:-1:2]
    if any(item.kind not in {Kind.TEXT, Kind.QUOTED} or "," in item.text for item in items):
        return None
    return Row(field, "IN", ", ".join(item.text[1:-1] for item in items))


def _value(text: str, tokens: list[Token]) -> str | None:
    if len(tokens) == 1 and tokens[0].kind in {Kind.TEXT, Kind.QUOTED}:
        return tokens[0].text[1:-1]
    if any(token.text in {"(", ")", "@"} or token.kind is Kind.WORD for token in tokens):
        return None
    return text[tokens[0].start : _end(tokens[-1])]


def _is_operator(token: Token) -> bool:
    return token.kind in {Kind.SIGN, Kind.WORD}


def _end(token: Token) -> int:
    return token.start + len(token.text)
