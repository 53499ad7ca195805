"""From one comparison of the filter grammar to a condition of the ORM.

The column comes from a room's own table of columns, never from what a user typed.
"""

from django.db.models import BooleanField, ExpressionWrapper, Q

_LOOKUPS = {
    "=": "exact",
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "LIKE": "like",
    "ILIKE": "ilike",
    "IN": "in",
}


def column_condition(column: str, operator: str, value: object) -> Q:
    """What ``column operator value`` asks. A row without a value matches nothing but IS NULL."""
    match operator:
        case "IS NULL":
            return Q((f"{column}__isnull", True))
        case "IS NOT NULL":
            return Q((f"{column}__isnull", False))
        case "!=":
            return one_term(Q((f"{column}__isnull", False)) & ~Q((column, value)))
        case "NOT IN":
            is_none = ~Q((f"{column}__in", list(value)))
            return one_term(Q((f"{column}__isnull", False)) & is_none)
        case "IN":
            return Q((f"{column}__in", list(value)))
        case _:
            return Q((f"{column}__{_LOOKUPS[operator]}", value))


def one_term(condition: Q) -> Q:
    """The same, in parentheses of its own.

    Django writes an AND within an AND as one chain, and SQLite takes no longer chain than a
    thousand: 500 comparisons of two terms each would be too many.
    """
    return Q(ExpressionWrapper(condition, BooleanField()))
