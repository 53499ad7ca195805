"""The comparisons of an expression as conditions of the ORM, each either true or false.

A column that is NULL makes none of them unknown: NOT finds exactly the runs that its condition
does not. Columns come from tables in the code; what a user typed is only ever a parameter.
"""

from collections.abc import Callable

from django.db.models import (
    Case,
    Exists,
    Expression,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Lookup,
    Q,
    When,
)
from django.db.models.functions import Cast, Greatest, NullIf
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
)

from core.conditions import column_condition, one_term
from search.patterns import compile_pattern
from search.tree import And, Comparison, Node, Not, Or

_STATISTIC_COLUMNS = {
    "last": "last",
    "first": "first",
    "min": "minimum",
    "max": "maximum",
    "min_step": "minimum_step",
    "max_step": "maximum_step",
}


def statistic_expression(name: str, *, of: str = "") -> Expression:
    """A statistic of a metric by its name in addresses; ``of`` is a relation to the statistics."""
    if name == "mean":
        numbers = NullIf(F(f"{of}count") - F(f"{of}nan_count"), 0)
        return ExpressionWrapper(F(f"{of}total") / numbers, output_field=FloatField())
    return F(f"{of}{_STATISTIC_COLUMNS[name]}")


STATISTICS = {
    **{name: statistic_expression(name) for name in ("last", "min", "max", "first", "mean")},
    # As a float it can be held against any number, also one that no integer equals.
    "count": Cast("count", FloatField()),
}

# Floats, because the difference of two integers of 64 bits may be none.
DURATION = Case(
    When(
        end_time__isnull=False,
        then=Greatest(Cast("end_time", FloatField()) - Cast("start_time", FloatField()), 0.0),
    ),
    output_field=FloatField(),
)

# A text that is a number, of a size that every engine can cast.
_NUMBER = r"\A[+-]?([0-9]{1,50}(\.[0-9]{0,50})?|\.[0-9]{1,50})([eE][+-]?[0-9]{1,2})?\Z"


class TextAsNumber(Func):
    """The number that a text is; NULL of a text that is none.

    SQLite asks Python about a regular expression. What is plainly a number, as nearly all are, it
    can tell itself in a tenth of the time: what it would write in the same way, or else JSON that
    begins as a number and has no long exponent.
    """

    output_field = FloatField()
    arity = 1

    def as_sql(self, compiler, connection, **_):
        text, params = compiler.compile(self.source_expressions[0])
        sql = f"CASE WHEN {text} ~ %s THEN CAST({text} AS double precision) END"
        return sql, [*params, _NUMBER, *params]

    def as_sqlite(self, compiler, connection, **_):
        text, params = compiler.compile(self.source_expressions[0])
        same = (
            f"{text} GLOB '[-0-9]*' AND CAST(CAST({text} AS NUMERIC) AS TEXT) = {text}"
            f" AND instr({text}, 'e') = 0"
        )
        plain = (
            f"{text} GLOB '[-0-9]*' AND length({text}) < 50 AND instr({text}, 'E') = 0"
            f" AND (instr({text}, 'e') = 0 OR instr({text}, 'e-') >= length({text}) - 3)"
            f" AND json_valid({text}) AND rtrim({text}, char(9, 10, 13, 32)) = {text}"
        )
        other = f"{text} GLOB '[-+.0-9]*' AND {text} REGEXP %s"
        number = f"CAST({text} AS REAL)"
        sql = (
            f"CASE WHEN {same} THEN {number} WHEN {plain} THEN {number}"
            f" WHEN {other} THEN {number} END"
        )
        return sql, [*(params * 17), _NUMBER, *params]


NUMBER_IN_VALUE = TextAsNumber("value")

_COMPARISONS = {
    "=": Exact,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
    "<": LessThan,
    "<=": LessThanOrEqual,
    "IN": In,
}


class Matches(Lookup):
    """Whether a text column matches a regular expression that the grammar has accepted.

    PostgreSQL does it itself. SQLite calls ``search.patterns``, whose time is bounded by the
    length of the text.
    """

    lookup_name = "matches"
    prepare_rhs = False

    def as_sql(self, compiler, connection):
        column, params = self.process_lhs(compiler, connection)
        return f"{column} ~ %s", [*params, compile_pattern(self.rhs).portable]

    def as_sqlite(self, compiler, connection):
        column, params = self.process_lhs(compiler, connection)
        connection.ensure_connection()
        # Saying it again costs a microsecond, and needs no signal for new connections.
        connection.connection.create_function("matches_pattern", 2, _matches, deterministic=True)
        return f"matches_pattern({column}, %s)", [*params, self.rhs]


def _matches(text: str | None, pattern: str) -> bool | None:
    return None if text is None else compile_pattern(pattern).matches(str(text))


def node_condition(node: Node, leaf: Callable[[Comparison], Q | Exists]) -> Q:
    """What ``node`` asks, its comparisons as ``leaf`` says."""
    return _condition(node, leaf, is_negated=False)[0]


def _condition(node: Node, leaf, *, is_negated: bool) -> tuple[Q, int]:
    """What ``node`` or its opposite asks, and how deep a parser's stack grows over it.

    SQLite's parser gives up where its stack is a hundred deep. A NOT is therefore handed
    down to the comparisons, and what needs most of the stack is written first, while there is
    least on it: so a filter of 500 comparisons, 50 parentheses deep, stays within.
    """
    match node:
        case Not(operand):
            return _condition(operand, leaf, is_negated=not is_negated)
        case And(operands) | Or(operands):
            parts = [_condition(each, leaf, is_negated=is_negated) for each in operands]
            parts.sort(key=lambda part: -part[1])
            is_and = isinstance(node, And) is not is_negated
            deepest = max(
                1 + height + (2 if index else 0) for index, (_, height) in enumerate(parts)
            )
            return Q(*(part for part, _ in parts), _connector=Q.AND if is_and else Q.OR), deepest
        case comparison:
            condition = leaf(comparison)
            condition = Q(condition) if isinstance(condition, Exists) else one_term(condition)
            return (~condition if is_negated else condition), 0


def comparisons_of(node: Node) -> list[Comparison]:
    """All comparisons that ``node`` is made of."""
    match node:
        case And(operands) | Or(operands):
            return [found for each in operands for found in comparisons_of(each)]
        case Not(operand):
            return comparisons_of(operand)
        case comparison:
            return [comparison]


def number_condition(expression, operator: str, value) -> Q:
    """What a number of a row is asked. A row without one matches only IS NULL."""
    is_there = Q(IsNull(expression, False))
    match operator:
        case "IS NULL":
            return Q(IsNull(expression, True))
        case "IS NOT NULL":
            return is_there
        case "BETWEEN":
            low, high = value
            return (
                is_there
                & Q(GreaterThanOrEqual(expression, low))
                & Q(LessThanOrEqual(expression, high))
            )
        case "NOT BETWEEN":
            low, high = value
            return is_there & (Q(LessThan(expression, low)) | Q(GreaterThan(expression, high)))
        case "!=":
            return is_there & ~Q(Exact(expression, value))
        case "NOT IN":
            return is_there & ~Q(In(expression, list(value)))
        case "IN":
            return is_there & Q(In(expression, list(value)))
        case _:
            return is_there & Q(_COMPARISONS[operator](expression, value))


def text_condition(column: str, operator: str, value) -> Q:
    """What a text of a row is asked. A row without one matches only IS NULL."""
    is_there = Q((f"{column}__isnull", False))
    match operator:
        case "IS NULL":
            return Q((f"{column}__isnull", True)) | Q((column, ""))
        case "IS NOT NULL":
            return is_there & ~Q((column, ""))
        case "~":
            return is_there & Q(Matches(F(column), value))
        case "!~":
            return is_there & ~Q(Matches(F(column), value))
        case "NOT LIKE" | "NOT ILIKE":
            return is_there & ~column_condition(column, operator.removeprefix("NOT "), value)
        case _:
            return is_there & column_condition(column, operator, value)
