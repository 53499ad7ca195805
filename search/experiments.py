"""What experiments can be searched and sorted by."""

from collections.abc import Iterable

from search.clauses import Clause, left_name, read_clauses, read_directions
from search.errors import FilterError
from search.fields import Name, entity_of, known_key
from search.tree import Comparison, Ordering
from search.values import (
    EXISTENCE_OPERATORS,
    LIST_OPERATORS,
    NUMBER_OPERATORS,
    TEXT_OPERATORS,
    is_integer,
    number_value,
    refuse_operator,
    require_list_support,
    require_operator,
    text_or_list_value,
    text_value,
)

ENTITIES = {"attribute": "attribute", "attributes": "attribute", "tag": "tag", "tags": "tag"}
VALID_ENTITIES = "Valid entity types are ('attribute', 'tag', 'tags')"
ATTRIBUTES = {
    "name": "name",
    "experiment_id": "experiment_id",
    "creation_time": "creation_time",
    "last_update_time": "last_update_time",
}
TIMES = {"creation_time", "last_update_time"}


def parse_filter(text: str | None) -> list[Comparison]:
    """The comparisons that all must hold for an experiment; none for no text.

    The values of experiment_id stay texts, and are integers. Raises ``FilterError``.
    """
    return [_comparison(clause) for clause in read_clauses(text)]


def parse_order(clauses: Iterable[str]) -> list[Ordering]:
    """What experiments are to be sorted by, as asked and in that order.

    A field may be named twice, as in MLflow: the second time decides nothing. Raises
    ``FilterError``.
    """
    orderings = []
    for direction in read_directions(clauses):
        entity, key = _field(direction.name)
        if entity != "attribute":
            raise FilterError(f"Invalid order_by entity: {entity}", position=direction.name.start)
        orderings.append(Ordering(entity, key, direction.ascending))
    return orderings


def _comparison(clause: Clause) -> Comparison:
    entity, key = _field(left_name(clause))
    if clause.operator in EXISTENCE_OPERATORS:
        if entity != "tag":
            raise FilterError(
                f"IS NULL / IS NOT NULL is only supported for tags, not for attribute '{key}'",
                position=clause.operator_start,
            )
        return Comparison(entity, key, clause.operator, None)
    return Comparison(entity, key, clause.operator, _value(clause, entity, key))


def _value(clause: Clause, entity: str, key: str) -> str | int | tuple[str, ...]:
    if entity == "tag":
        text = text_value(
            clause, expected="Expected a quoted string value for tag (e.g. 'my-value')"
        )
        if clause.operator not in TEXT_OPERATORS:
            raise refuse_operator(clause, "tag")
        return text
    if key in TIMES:
        return _time(clause, key)
    require_list_support(clause, key, {"experiment_id"})
    value = text_or_list_value(clause, expected="Expected a quoted string value for attributes")
    if key == "experiment_id":
        if clause.operator not in ("=", "!=", *LIST_OPERATORS):
            raise refuse_operator(clause, "experiment_id")
        _require_ids(clause, value)
    else:
        require_operator(clause, TEXT_OPERATORS)
    return value


def _time(clause: Clause, key: str) -> int:
    time = number_value(
        clause, expected=f"Expected numeric value type for numeric attribute: {key}"
    )
    require_operator(clause, NUMBER_OPERATORS)
    if not isinstance(time, int):
        raise FilterError(
            f"Invalid value for numeric attribute '{key}': '{time}'",
            position=clause.right.start,
        )
    return time


def _require_ids(clause: Clause, value: str | tuple[str, ...]) -> None:
    for id in [value] if isinstance(value, str) else value:
        if not is_integer(id):
            raise FilterError(
                f"Invalid experiment ID '{id}'. Experiment ID must be a valid integer.",
                position=clause.right.start,
            )


def _field(name: Name) -> tuple[str, str]:
    entity = entity_of(name, ENTITIES, valid=VALID_ENTITIES)
    if entity == "attribute":
        return entity, known_key(name, ATTRIBUTES, kind="attribute")
    return entity, name.key
