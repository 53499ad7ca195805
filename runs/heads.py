"""The heads of a run list's columns: how the list is sorted by each, and where a click leads."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from experiments.models import Experiment
from runs.about import group_of
from runs.chips import changed
from runs.columns import Column, Columns
from runs.directions import which_is_better
from runs.ordering import SortKey


@dataclass(frozen=True)
class Head:
    """The head of a column.

    ``order`` is the column's place among several that sort, from 1; 0 where one alone does.
    ``can_add`` is whether the list is sorted by others, to which this one can be added.
    """

    column: Column
    sort_url: str
    aria_sort: str
    order: int
    can_add: bool
    starts_group: bool
    pin: int
    is_grouping: bool


def column_heads(
    query: QueryDict,
    columns: Columns,
    sort: Sequence[SortKey],
    experiments: Sequence[Experiment],
) -> list[Head]:
    """The heads of the shown columns, from left to right."""
    group_starts = columns.group_starts
    sorting = [key.column for key in sort]
    is_chosen = bool(query.get("sort"))
    heads = []
    for column in columns.shown:
        current = next((key for key in sort if key.column == column), None)
        if current is not None:
            descending = not current.descending
        else:
            descending = _begins_descending(column, experiments)
        aria_sort = ""
        if current is not None:
            aria_sort = "descending" if current.descending else "ascending"
        sort_url = changed(query, {"sort": SortKey(column, descending).text})
        heads.append(
            Head(
                column=column,
                sort_url=sort_url if column.is_sortable else "",
                aria_sort=aria_sort,
                order=sorting.index(column) + 1 if current and len(sort) > 1 else 0,
                can_add=is_chosen and sorting != [column],
                starts_group=column in group_starts,
                pin=columns.pin(column),
                is_grouping=bool(group_of(column)),
            )
        )
    return heads


def _begins_descending(column: Column, experiments: Sequence[Experiment]) -> bool:
    """Whether the first click puts the greatest on top: the newest, and the best."""
    if column.kind == "metric":
        better = which_is_better(column.key, experiments=experiments)
        return better is None or better.is_higher
    return column.key in {"start_time", "end_time", "duration"}
