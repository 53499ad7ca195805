"""What model versions can be searched and sorted by."""

from collections.abc import Iterable

from search.clauses import Clause, duplicate_fields, read_clauses, read_directions
from search.errors import FilterError
from search.fields import in_braces
from search.registry import field, named_field, refuse_existence, tag_value
from search.tokens import Kind
from search.tree import Comparison, Ordering
from search.values import (
    LIST_OPERATORS,
    NUMBER_OPERATORS,
    TEXT_OPERATORS,
    is_integer,
    number_value,
    refuse_operator,
    require_list_support,
    text_or_list_value,
)

ATTRIBUTES = {
    "name": "name",
    "version_number": "version_number",
    "run_id": "run_id",
    "source_path": "source_path",
}
ORDER_ATTRIBUTES = {
    "name": "name",
    "version_number": "version_number",
    "creation_timestamp": "creation_timestamp",
    "last_updated_timestamp": "last_updated_timestamp",
}
LISTED = {"name", "run_id"}
EXPECTED = "Expected a quoted string value or a list of quoted string values for attributes"


def parse_filter(text: str | None) -> list[Comparison]:
    """The comparisons that all must hold for a model version; none for no text.

    Whether versions of prompts are among them is not decided here. Raises ``FilterError``.
    """
    return [_comparison(clause) for clause in read_clauses(text)]


def parse_order(clauses: Iterable[str]) -> list[Ordering]:
    """What model versions are to be sorted by, as asked and in that order.

    Raises ``FilterError``, also when one field is named twice.
    """
    clauses = list(clauses)
    orderings = []
    for direction in read_directions(clauses):
        entity, key = named_field(direction.name, ORDER_ATTRIBUTES)
        if entity != "attribute":
            raise FilterError(
                f"Invalid order by key '{key}' specified. "
                f"Valid keys are {in_braces(ORDER_ATTRIBUTES)}",
                position=direction.name.start,
            )
        orderings.append(Ordering(entity, key, direction.ascending))
    if len({ordering.key for ordering in orderings}) < len(orderings):
        raise duplicate_fields(clauses)
    return orderings


def _comparison(clause: Clause) -> Comparison:
    refuse_existence(clause, "model version search")
    entity, key = field(clause, ATTRIBUTES)
    if entity == "tag":
        return Comparison(entity, key, clause.operator, tag_value(clause))
    if key == "version_number":
        return Comparison(entity, key, clause.operator, _version_number(clause))
    require_list_support(clause, key, LISTED)
    if clause.right.kind is Kind.NUMBER:
        raise FilterError(
            f"Only the '{in_braces(('version_number',))}' attributes support comparison with "
            "numeric values.",
            position=clause.right.start,
        )
    value = text_or_list_value(clause, expected=EXPECTED)
    if clause.operator not in TEXT_OPERATORS + LIST_OPERATORS:
        raise refuse_operator(clause, "attribute")
    return Comparison(entity, key, clause.operator, value)


def _version_number(clause: Clause) -> int:
    """The number on the right, which may be quoted, for versions travel as texts."""
    require_list_support(clause, "version_number", LISTED)
    if clause.right.kind is Kind.NUMBER:
        number = number_value(clause, expected=EXPECTED)
    else:
        number = text_or_list_value(clause, expected=EXPECTED)
    if clause.operator not in NUMBER_OPERATORS:
        raise refuse_operator(clause, "attribute version_number")
    if isinstance(number, int):
        return number
    if isinstance(number, str) and is_integer(number):
        return int(number)
    raise FilterError(
        f"Invalid value for numeric attribute 'version_number': {number!r}",
        position=clause.right.start,
    )
