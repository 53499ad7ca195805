"""What runs can be searched and sorted by."""

from collections.abc import Iterable

from core.time import now_ms
from search.clauses import (
    Clause,
    duplicate_fields,
    left_name,
    read_clauses,
    read_directions,
)
from search.errors import FilterError
from search.expressions import read_expression
from search.run_expressions import KnownKeys, UnknownKey, run_comparison
from search.run_fields import FILTER_ATTRIBUTES, ORDER_ATTRIBUTES, TIMES, run_field
from search.tokens import Token
from search.tree import And, Comparison, Node, Ordering
from search.values import (
    EXISTENCE_OPERATORS,
    LIST_OPERATORS,
    NUMBER_OPERATORS,
    TEXT_OPERATORS,
    float_value,
    number_value,
    require_list_support,
    require_operator,
    text_or_list_value,
    text_value,
)


def parse_filter(text: str | None) -> list[Comparison]:
    """The comparisons that all must hold for a run; none for no text.

    Raises ``FilterError``.
    """
    return [_comparison(clause) for clause in read_clauses(text, stray=_quoted_strays)]


def parse_expression(
    text: str | None, *, known: KnownKeys | None = None, now: int | None = None
) -> Node | None:
    """What ``text`` asks of a run, in a grammar that has all of MLflow's and more.

    ``known`` gives the names that a kind of key, such as "metric", has where the runs are
    looked for; with it, a name that is nearly one of them is refused. ``now`` is what
    relative times are counted back from. None for a text with nothing in it. Raises
    ``FilterError``.
    """
    now = now_ms() if now is None else now
    try:
        return read_expression(
            text, lambda condition: run_comparison(condition, known=known, now=now)
        )
    except UnknownKey:
        raise
    except FilterError as refused:
        # MLflow forgives what an expression does not, such as an AND too many.
        comparisons = _forgiven(text)
        if comparisons is None:
            raise refused from None
    if len(comparisons) > 1:
        return And(comparisons)
    return comparisons[0] if comparisons else None


def is_plain(text: str) -> bool:
    """Whether MLflow's own grammar reads ``text`` as ``parse_expression`` does."""
    match parse_expression(text):
        case None:
            return False
        case And(operands):
            return operands == _forgiven(text)
        case node:
            return (node,) == _forgiven(text)


def _forgiven(text: str | None) -> tuple[Comparison, ...] | None:
    """The comparisons of a text that MLflow reads; None if it refuses it."""
    try:
        return tuple(parse_filter(text))
    except FilterError:
        return None


def parse_order(clauses: Iterable[str]) -> list[Ordering]:
    """What runs are to be sorted by, as asked and in that order.

    Raises ``FilterError``, also when one field is named twice.
    """
    clauses = list(clauses)
    orderings = []
    for direction in read_directions(clauses):
        entity, key = run_field(direction.name, ORDER_ATTRIBUTES)
        if entity == "dataset":
            raise FilterError("Invalid identifier type 'dataset'", position=direction.name.start)
        orderings.append(Ordering(entity, key, direction.ascending))
    if len({(ordering.entity, ordering.key) for ordering in orderings}) < len(orderings):
        raise duplicate_fields(clauses)
    return orderings


def _comparison(clause: Clause) -> Comparison:
    entity, key = run_field(left_name(clause), FILTER_ATTRIBUTES)
    if clause.operator in EXISTENCE_OPERATORS:
        if entity not in {"param", "tag"}:
            raise FilterError(
                "IS NULL / IS NOT NULL is only supported for tags and params, "
                f"not for '{entity}' '{key}'",
                position=clause.operator_start,
            )
        return Comparison(entity, key, clause.operator, None)
    return Comparison(entity, key, clause.operator, _value(clause, entity, key))


def _value(clause: Clause, entity: str, key: str) -> str | int | float | tuple[str, ...]:
    if entity == "metric":
        number = float_value(clause, expected="Expected numeric value type for metric")
        require_operator(clause, NUMBER_OPERATORS)
        return number
    if entity in {"param", "tag"}:
        spoken = "parameter" if entity == "param" else entity
        text = text_value(
            clause, expected=f"Expected a quoted string value for {spoken} (e.g. 'my-value')"
        )
        require_operator(clause, TEXT_OPERATORS + EXISTENCE_OPERATORS)
        return text
    if key in TIMES:
        time = number_value(
            clause, expected=f"Expected numeric value type for numeric attribute: {key}"
        )
        require_operator(clause, NUMBER_OPERATORS)
        return time
    if entity == "dataset":
        expected = "Expected a quoted string value for dataset attributes"
        value = text_or_list_value(clause, expected=expected)
    else:
        expected = "Expected a quoted string value for attributes"
        require_list_support(clause, key, {"run_id"})
        value = text_or_list_value(clause, expected=expected)
    require_operator(clause, TEXT_OPERATORS + LIST_OPERATORS)
    return value


def _quoted_strays(text: str, strays: list[Token]) -> FilterError:
    written = ", ".join(f"'{stray.text}'" for stray in strays)
    return FilterError(f"Invalid clause(s) in filter string: {written}", position=strays[0].start)
