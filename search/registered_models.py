"""What registered models can be searched and sorted by."""

from collections.abc import Iterable

from search.clauses import Clause, duplicate_fields, read_clauses, read_directions
from search.errors import FilterError
from search.fields import in_braces, nearest
from search.registry import field, refuse_existence, tag_value
from search.tree import Comparison, Ordering
from search.values import (
    LIST_OPERATORS,
    TEXT_OPERATORS,
    refuse_operator,
    require_list_support,
    text_or_list_value,
)

ATTRIBUTES = {"name": "name"}
ORDER_KEYS = {
    "name": "name",
    "timestamp": "last_updated_timestamp",
    "last_updated_timestamp": "last_updated_timestamp",
}


def parse_filter(text: str | None) -> list[Comparison]:
    """The comparisons that all must hold for a registered model; none for no text.

    Whether prompts are among the models is not decided here. Raises ``FilterError``.
    """
    return [_comparison(clause) for clause in read_clauses(text)]


def parse_order(clauses: Iterable[str]) -> list[Ordering]:
    """What registered models are to be sorted by, as asked and in that order.

    Raises ``FilterError``, also when one field is named twice.
    """
    clauses = list(clauses)
    orderings = []
    for direction in read_directions(clauses):
        name = direction.name
        if name.entity is not None or name.key not in ORDER_KEYS:
            asked = name.key if name.entity is None else f"{name.entity}.{name.key}"
            raise FilterError(
                f"Invalid order by key '{asked}' specified. "
                f"Valid keys are '{in_braces(('name', 'timestamp'))}'",
                position=name.start,
                suggestion=nearest(name.key, ORDER_KEYS),
            )
        orderings.append(Ordering("attribute", ORDER_KEYS[name.key], direction.ascending))
    if len({ordering.key for ordering in orderings}) < len(orderings):
        raise duplicate_fields(clauses)
    return orderings


def _comparison(clause: Clause) -> Comparison:
    refuse_existence(clause, "registered model search")
    entity, key = field(clause, ATTRIBUTES)
    if entity == "tag":
        return Comparison(entity, key, clause.operator, tag_value(clause))
    require_list_support(clause, key, {"name"})
    value = text_or_list_value(
        clause,
        expected="Expected a quoted string value or a list of quoted string values for attributes",
    )
    if clause.operator not in TEXT_OPERATORS + LIST_OPERATORS:
        raise refuse_operator(clause, "attribute")
    return Comparison(entity, key, clause.operator, value)
