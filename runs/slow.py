"""What a run list says when its address asks for more than the database answers in time."""

import re

from django.http import QueryDict

from search.conjuncts import conjuncts
from search.errors import FilterError

MOST_SECONDS = 5

# What no index answers: the values of all runs are read, one by one.
_READS_ALL = re.compile(r"!?~|!=|\b(I?LIKE|NOT|OR)\b", re.IGNORECASE)


def too_slow(query: QueryDict) -> str:
    """That it took too long, and what of the address probably costs most."""
    said = f"The list took longer than {MOST_SECONDS} seconds and was stopped."
    costly = _costly(query)
    return f"{said} What costs most is probably {costly}." if costly else said


def _costly(query: QueryDict) -> str:
    try:
        parts = [part.text for part in conjuncts(query.get("where", ""))]
    except FilterError:
        parts = []
    for part in parts:
        if _READS_ALL.search(part):
            return f"the condition {part}, which reads the values of all runs"
    if query.get("q", "").strip():
        return "the search for a part of a name, which reads the names of all runs"
    if query.get("group"):
        return "the grouping, which reads the values of all runs"
    if query.get("sort"):
        return f"the order by {query['sort']}"
    return f"the condition {parts[0]}" if parts else ""
