"""The right side of a comparison: texts, numbers and lists, or what is wrong with them."""

import re
from collections.abc import Collection

from search.clauses import Clause
from search.errors import FilterError
from search.fields import in_braces
from search.tokens import Kind, Token

# The operators a kind of field has, in the order in which messages name them.
NUMBER_OPERATORS = ("=", "!=", ">", ">=", "<", "<=")
TEXT_OPERATORS = ("=", "!=", "LIKE", "ILIKE")
LIST_OPERATORS = ("IN", "NOT IN")
EXISTENCE_OPERATORS = ("IS NULL", "IS NOT NULL")

LARGEST_INTEGER = 2**63 - 1
# SQLite gives up on a pattern of more than 50,000 bytes; a character here may become four.
MAX_PATTERN_LENGTH = 10_000

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_LIST_TROUBLE = "While parsing a list in the query, expected"


def is_text(token: Token) -> bool:
    return token.kind in {Kind.TEXT, Kind.QUOTED}


def text_value(clause: Clause, *, expected: str) -> str:
    """The quoted text on the right. ``expected`` says what was wanted when none is there."""
    right = clause.right
    if right.kind is Kind.NAME:
        raise FilterError(
            "Parameter value is either not quoted or unidentified quote types used for string "
            f"value {right.text}. Use either single or double quotes.",
            position=right.start,
        )
    if not is_text(right):
        raise FilterError(f"{expected}. Got value {right.text}", position=right.start)
    value = right.text[1:-1]
    if clause.operator.endswith("LIKE") and len(value) > MAX_PATTERN_LENGTH:
        raise FilterError(
            f"The pattern of {clause.operator} is too long: {len(value)} characters, "
            f"and at most {MAX_PATTERN_LENGTH} are allowed.",
            position=right.start,
        )
    return value


def float_value(clause: Clause, *, expected: str) -> float:
    """The number on the right as a float, which is infinite when it is written too large."""
    _require_number(clause, expected)
    return float(clause.right.text)


def number_value(clause: Clause, *, expected: str) -> int | float:
    """The number on the right: an int when it is written as one, else a float."""
    _require_number(clause, expected)
    written = clause.right.text
    if not _INTEGER.fullmatch(written):
        return float(written)
    if not _in_range(written):
        raise FilterError(
            f"Number is too large: {written[:40]}. Integers have at most 64 bits.",
            position=clause.right.start,
        )
    return int(written)


def list_value(clause: Clause) -> tuple[str, ...]:
    """The texts in the list on the right of IN or NOT IN, as they stand between their quotes."""
    right = clause.right
    # An operator that the field does not have at all is refused as such, after this.
    if clause.operator in TEXT_OPERATORS:
        raise FilterError(
            f"Invalid comparison clause. A list of values can only follow IN or NOT IN, "
            f"found '{clause.operator}'",
            position=clause.operator_start,
        )
    elements, commas = right.members[::2], right.members[1::2]
    if not elements:
        raise FilterError(
            f"{_LIST_TROUBLE} a non-empty list of string values, but got empty list",
            position=right.start,
        )
    if any(comma.text != "," for comma in commas) or any(
        not is_text(element) and element.kind is not Kind.NUMBER for element in elements
    ):
        raise FilterError(
            f"{_LIST_TROUBLE} a non-empty list of string values, but got ill-formed list.",
            position=right.start,
        )
    if not all(map(is_text, elements)):
        written = ", ".join(element.text for element in elements)
        raise FilterError(
            f"{_LIST_TROUBLE} string value, punctuation, or whitespace, but got different type "
            f"in list: ({written}{',' if len(elements) == 1 else ''})",
            position=right.start,
        )
    return tuple(element.text[1:-1] for element in elements)


def text_or_list_value(clause: Clause, *, expected: str) -> str | tuple[str, ...]:
    if clause.right.kind is Kind.GROUP:
        return list_value(clause)
    return text_value(clause, expected=expected)


def require_list_support(clause: Clause, key: str, supporting: Collection[str]) -> None:
    """Refuse a list of values for an attribute that is not among those ``supporting`` one."""
    if clause.right.kind is Kind.GROUP and key not in supporting:
        raise FilterError(
            f"Only {sorted(supporting)} attributes support comparison with a list of quoted "
            "string values.",
            position=clause.right.start,
        )


def refuse_operator(clause: Clause, field: str) -> FilterError:
    """What experiments and the registry say of an operator that a field does not have."""
    return FilterError(
        f"Invalid comparator for {field}: {clause.operator}", position=clause.operator_start
    )


def is_integer(text: str) -> bool:
    """Whether a text reads as an integer, and as one that a database can hold."""
    return _INTEGER.fullmatch(text) is not None and _in_range(text)


def require_operator(clause: Clause, operators: Collection[str]) -> None:
    """Refuse an operator that the field does not have, in the words MLflow has for runs."""
    if clause.operator not in operators:
        raise FilterError(
            f"Invalid comparator '{clause.operator}' not one of '{in_braces(operators)}'",
            position=clause.operator_start,
        )


def _require_number(clause: Clause, expected: str) -> None:
    if clause.right.kind is not Kind.NUMBER:
        raise FilterError(f"{expected}. Found {clause.right.text}", position=clause.right.start)


def _in_range(text: str) -> bool:
    # Measured before it is converted, because Python refuses thousands of digits.
    digits = text.strip().lstrip("+-").lstrip("0")
    return len(digits) <= 19 and int(digits or "0") <= LARGEST_INTEGER
