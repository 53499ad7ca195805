"""The runs that a filter leaves, looked for once though a page asks for them several times."""

from dataclasses import dataclass

from django.db.models import QuerySet

from runs.filters import RunFilter
from runs.models import Run
from runs.table import MAX_EXACT_COUNT, count_up_to

# Fewer runs than this are known by their keys once they are found.
MANY_RUNS = 1000


@dataclass(frozen=True)
class Matching:
    """The runs, and how many there are: exactly, or more than ``count``."""

    runs: QuerySet[Run]
    count: int
    is_more: bool


def look_for(run_filter: RunFilter) -> Matching:
    """The runs that the filter leaves, as far as it can be read."""
    if not run_filter.is_active:
        return Matching(run_filter.qs, *count_up_to(run_filter.qs))
    found = run_filter.by_index().order_by().values_list("pk", flat=True)
    keys = list(found[: MAX_EXACT_COUNT + 1])
    is_few = len(keys) < MANY_RUNS
    runs = Run.objects.filter(pk__in=keys) if is_few else run_filter.qs
    return Matching(runs, min(len(keys), MAX_EXACT_COUNT), len(keys) > MAX_EXACT_COUNT)
