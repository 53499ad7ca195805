"""What logged models can be searched and sorted by.

MLflow reads these with a parser of its own: entities are plural only, params and tags may
stand in lists, and a text may even stand without quotes.
"""

from collections.abc import Iterable

from search.clauses import MAX_ORDERINGS, Clause, left_name, read_clauses
from search.errors import FilterError
from search.fields import Name, known_key, nearest, unquoted
from search.tokens import Kind, Token
from search.tree import Comparison, Ordering
from search.values import (
    EXISTENCE_OPERATORS,
    LIST_OPERATORS,
    TEXT_OPERATORS,
    float_value,
    number_value,
    text_or_list_value,
)

ENTITIES = {"attributes": "attribute", "metrics": "metric", "params": "param", "tags": "tag"}
ATTRIBUTES = {
    "name": "name",
    "model_id": "model_id",
    "model_type": "model_type",
    "status": "status",
    "source_run_id": "source_run_id",
    "creation_timestamp": "creation_timestamp",
    "creation_time": "creation_timestamp",
    "last_updated_timestamp": "last_updated_timestamp",
    "last_updated_time": "last_updated_timestamp",
}
TIMES = {"creation_timestamp", "last_updated_timestamp"}
STATUS_OPERATORS = ("=", "!=", *LIST_OPERATORS)
# As MLflow writes them in its messages.
NUMBER_OPERATORS = ("<", "<=", ">", ">=", "=", "!=")


def parse_filter(text: str | None) -> list[Comparison]:
    """The comparisons that all must hold for a logged model; none for no text.

    Raises ``FilterError``.
    """
    clauses = read_clauses(text, blank=_blank_text, stray=_not_comparisons)
    return [_comparison(clause) for clause in clauses]


def parse_order(fields: Iterable[tuple[str, bool]]) -> list[Ordering]:
    """What logged models are to be sorted by, from pairs of field name and "ascending".

    One metric may come twice, since each time it can be of another dataset. Raises
    ``FilterError``.
    """
    fields = list(fields)
    if len(fields) > MAX_ORDERINGS:
        raise FilterError(
            f"`order_by` has too many fields: {len(fields)}, and at most {MAX_ORDERINGS} "
            "are allowed."
        )
    return [_ordering(field_name, ascending) for field_name, ascending in fields]


def _ordering(field_name: str, ascending: bool) -> Ordering:
    entity, dot, key = field_name.partition(".")
    if not dot and field_name.strip() in ATTRIBUTES:
        return Ordering("attribute", ATTRIBUTES[field_name.strip()], ascending)
    if not dot:
        raise FilterError(
            f"Invalid order by field name: {field_name}.",
            suggestion=nearest(field_name, ATTRIBUTES),
        )
    if entity != "metrics" or not key:
        raise FilterError(f"Invalid order by field name: {field_name}. Only metrics are supported.")
    return Ordering("metric", unquoted(key), ascending)


def _comparison(clause: Clause) -> Comparison:
    if clause.operator in EXISTENCE_OPERATORS:
        raise FilterError(
            f"Invalid comparison: {clause.left.text} {clause.operator}. "
            "Expected a comparison with 3 tokens.",
            position=clause.operator_start,
        )
    entity, key = _field(left_name(clause))
    if entity == "metric":
        _require_operator(clause, entity, key, NUMBER_OPERATORS)
        number = float_value(clause, expected="Expected numeric value type for metric")
        return Comparison(entity, key, clause.operator, number)
    if entity == "attribute" and key in TIMES:
        _require_operator(clause, entity, key, NUMBER_OPERATORS)
        time = number_value(
            clause, expected=f"Expected numeric value type for numeric attribute: {key}"
        )
        return Comparison(entity, key, clause.operator, time)
    if (entity, key) == ("attribute", "status"):
        _require_operator(clause, entity, key, STATUS_OPERATORS)
    else:
        _require_operator(clause, entity, key, TEXT_OPERATORS + LIST_OPERATORS)
    return Comparison(entity, key, clause.operator, _text_or_list(clause))


def _text_or_list(clause: Clause) -> str | tuple[str, ...]:
    if clause.right.kind in {Kind.NAME, Kind.NUMBER}:
        return clause.right.text
    return text_or_list_value(clause, expected="Expected a quoted string value")


def _field(name: Name) -> tuple[str, str]:
    if name.entity is not None and name.entity not in ENTITIES:
        raise FilterError(
            f"Invalid entity type: {name.entity!r}. Expected one of {list(ENTITIES)}.",
            position=name.start,
            suggestion=nearest(name.entity, ENTITIES),
        )
    entity = "attribute" if name.entity is None else ENTITIES[name.entity]
    if entity == "attribute":
        return entity, known_key(name, ATTRIBUTES, kind="attribute")
    return entity, name.key


def _require_operator(clause: Clause, entity: str, key: str, operators: tuple[str, ...]) -> None:
    if clause.operator not in operators:
        raise FilterError(
            f"Invalid comparison operator for {entity}s.{key}: {clause.operator!r}. "
            f"Expected one of {operators}.",
            position=clause.operator_start,
        )


def _blank_text(text: str) -> FilterError:
    return FilterError(f"Invalid filter string: {text!r}. Expected a single SQL expression.")


def _not_comparisons(text: str, strays: list[Token]) -> FilterError:
    return FilterError(
        f"Invalid filter string: {text!r}. Expected a list of comparisons separated by 'AND' "
        "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').",
        position=strays[0].start,
    )
