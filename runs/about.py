"""What a column leads to: its place in the filter pane, and the groups of its values."""

from django.http import QueryDict

from runs.columns import Column, parse_column
from runs.models import KeyKind
from search.run_expressions import STATISTICS

# What an address says of the column that somebody wants to filter by; the pane opens there.
ABOUT_KEY = "about"

_FACETS = {
    "status": "status",
    "experiment": "experiment",
    "start_time": "started",
    "user": "user",
    "source": "source",
    "model": "registered",
}
_FIELDS = {
    "name": "run_name",
    "run_id": "run_id",
    "end_time": "end_time",
    "duration": "duration",
}
_GROUPED = frozenset({"status", "user", "source"})


def about_of(query: QueryDict) -> Column | None:
    """The column that an address wants to filter by, if it wants that."""
    return parse_column(query.get(ABOUT_KEY, ""))


def facet_of(column: Column) -> str:
    """The id of the facet that narrows by the column; "" if only a row of the pane can."""
    if column.kind == "property":
        return _FACETS.get(column.key, "")
    # Other statistics than the last value are asked for in a row.
    return column.id if column == Column(column.kind, column.key) else ""


def field_of(column: Column) -> str:
    """The field that a row of the pane begins with; "" where a facet does better."""
    if column.kind == "property":
        return _FIELDS.get(column.key, "")
    if facet_of(column):
        return ""
    # A curve, or the step of the best, cannot be asked for; the metric can.
    suffix = f"@{column.statistic}" if column.statistic in STATISTICS else ""
    return f"metrics.{column.key}{suffix}"


def group_of(column: Column) -> str:
    """What an address says to group by the column; "" if nothing can be grouped by it."""
    if column.kind == "property":
        return column.key if column.key in _GROUPED else ""
    return column.id if column.kind in {KeyKind.PARAM, KeyKind.TAG} else ""
