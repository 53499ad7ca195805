"""A run list that is grouped: its table, the runs of one group, and their comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from runs.chips import changed
from runs.columns import Column, Columns
from runs.compare import MAX_RUNS as MAX_COMPARED
from runs.directions import which_is_better
from runs.group_baseline import (
    group_id,
    names_group,
    read_group_baseline,
    with_group_deltas,
)
from runs.group_members import MAX_RUNS as MAX_MEMBERS
from runs.grouping import Grouping, group_menu, narrowed, read_grouping
from runs.groups import (
    COUNT,
    MAX_GROUPS,
    GroupRow,
    group_columns,
    read_groups,
    usual_sort,
)
from runs.models import OPEN_STATUSES, Run, Selection
from runs.scope import Scope, get_scope
from runs.selecting import selected_runs
from runs.tree import children_query
from runs.views.rows_below import rows_below

# Beyond this, what is between a browser and us may cut an address.
_MAX_ADDRESS = 3_800

_UNGROUPED = dict.fromkeys(("group", "rep", "agg", "ci", "nest"))


@dataclass(frozen=True)
class SortLink:
    """What a click on a part of a head does, and how the groups are sorted by it now."""

    label: str
    url: str
    direction: str = ""
    column: Column | None = None
    starts_group: bool = False


@dataclass(frozen=True)
class ShownGroup:
    """A group of the page, with what opens it. An address is empty where it would be too long."""

    group: GroupRow
    number: int
    id: str
    list_url: str
    members_url: str
    compare_url: str


def grouped_context(
    scope: Scope,
    query: QueryDict,
    matching: QuerySet[Run],
    columns: Columns,
    grouping: Grouping,
    *,
    is_whole: bool,
    size: int,
    selection: Selection | None,
) -> dict:
    """What the page of a list says of groups: the menu always, and the table if there are any."""
    context = {"grouping": grouping, "group_menu": group_menu(query, scope.keys, grouping)}
    if not grouping.is_active:
        return context | {"table": "runs/_run_table.html"}
    columns = group_columns(columns, grouping)
    page = query.get("page", "")
    ticked = selected_runs(scope, selection).order_by().values_list("pk", flat=True)
    groups = read_groups(
        matching,
        grouping,
        columns,
        sort=query.get("sort", ""),
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        size=size,
        experiment=scope.experiment,
        is_whole=is_whole,
        is_asked=names_group(query.get("base", "").strip()),
        ticked=list(ticked[:MAX_MEMBERS]),
    )
    baseline = read_group_baseline(query, scope, columns, groups.found)
    base_url = changed(query, {"base": None})
    links = _sort_links(query, columns, grouping, scope)
    first = (groups.page - 1) * size

    def page_url(number: int) -> str:
        return changed(query, {"page": str(number)})

    return context | {
        "table": "runs/_group_table.html" if groups.runs else "runs/_run_table.html",
        "columns": columns,
        "groups": groups,
        "shown_groups": [
            _shown(row, first + place, query, columns, scope)
            for place, row in enumerate(with_group_deltas(groups.rows, baseline), start=1)
        ],
        "baseline": baseline,
        "group_base_url": f"{base_url}{'&' if len(base_url) > 1 else ''}base=",
        "key_links": links[: len(grouping.keys)],
        "column_links": links[len(grouping.keys) :],
        "sorts": _sorts(query, links),
        "max_groups": MAX_GROUPS,
        "compare_groups_url": f"{scope.address('comparison')}{_members_query(query, columns, '')}"
        if 1 < groups.runs <= MAX_COMPARED
        else "",
        "previous_url": page_url(groups.page - 1) if groups.page > 1 else "",
        "next_url": page_url(groups.page + 1) if groups.page < groups.pages else "",
        "is_live": groups.page == 1,
        "is_running": any(
            status in OPEN_STATUSES for row in groups.rows for status, _ in row.states
        ),
    }


@require_safe
@vary_on_headers("HX-Request")
def members(request: HttpRequest, workspace: str, experiment_id: int | None = None) -> HttpResponse:
    """The runs that the address leaves, as rows of the grouped list that ``cols`` describes.

    Without a script the link leads to the list of these runs.
    """
    scope = get_scope(request, experiment_id)
    query = request.GET
    if not request.htmx:
        return redirect(f"{scope.address()}{changed(query, _UNGROUPED)}")
    matching = scope.matching(query)
    grouping = read_grouping(query, scope.keys, experiment=scope.experiment)
    columns = group_columns(scope.columns(query), grouping)
    return rows_below(
        request,
        scope,
        matching,
        columns,
        list_path=scope.address(),
        levels="x",
        is_nested=True,
        # The runs of a group stand a level deeper than those of a list.
        children_query=children_query(query, columns, in_group="1"),
        empty="Its runs are gone.",
        all_url=f"{scope.address()}{changed(query, _UNGROUPED)}",
    )


@require_safe
def comparison(
    request: HttpRequest, workspace: str, experiment_id: int | None = None
) -> HttpResponse:
    """The comparison of the runs that the address leaves, as far as one can hold them."""
    scope = get_scope(request, experiment_id)
    runs = scope.matching(request.GET).newest_first()[:MAX_COMPARED]
    ids = ",".join(runs.values_list("run_id", flat=True))
    return redirect(f"{reverse('runs:compare', args=[scope.workspace.slug])}?runs={ids}")


def _shown(
    group: GroupRow, number: int, query: QueryDict, columns: Columns, scope: Scope
) -> ShownGroup:
    asked = _members_query(query, columns, group.where)
    shown_id = group_id(group.values)
    members_url = f"{scope.address('members')}{asked}"
    if len(members_url) > _MAX_ADDRESS:
        return ShownGroup(group, number, shown_id, list_url="", members_url="", compare_url="")
    where = narrowed(query, group.where)
    return ShownGroup(
        group,
        number,
        shown_id,
        list_url=f"{scope.address()}{changed(query, _UNGROUPED | {'where': where})}",
        members_url=members_url,
        compare_url=f"{scope.address('comparison')}{asked}"
        if 1 < group.count <= MAX_COMPARED
        else "",
    )


def _members_query(query: QueryDict, columns: Columns, where: str) -> str:
    """What asks for the runs of a group, as the list has columns and an order."""
    return changed(query, {"nest": None, "cols": columns.text, "where": narrowed(query, where)})


def _sort_links(
    query: QueryDict, columns: Columns, grouping: Grouping, scope: Scope
) -> list[SortLink]:
    """The keys and then the columns, with what a click on each sorts by."""
    asked = query.get("sort", "") or usual_sort(columns, scope.experiment)
    asked = asked.split(",")[0].strip()
    now = {asked.removeprefix("-"): "descending" if asked.startswith("-") else "ascending"}
    starts = columns.group_starts

    def link(name: str, label: str, *, falls: bool, column: Column | None = None) -> SortLink:
        direction = now.get(name, "")
        falls = direction == "ascending" if direction else falls
        return SortLink(
            label,
            changed(query, {"sort": f"{'-' if falls else ''}{name}"}),
            direction,
            column,
            column in starts,
        )

    links = [link(key.id, key.label, falls=False) for key in grouping.keys]
    for column in columns.shown[1:]:
        if column == columns.shown[1]:
            links.append(link(COUNT, "Runs", falls=True, column=column))
        elif column.kind == "property":
            links.append(link(column.key, column.label, falls=True, column=column))
        elif column.is_number:
            experiments = [scope.experiment] if scope.experiment else []
            better = which_is_better(column.key, experiments=experiments)
            falls = better is None or better.is_higher
            links.append(link(column.id, column.label, falls=falls, column=column))
        else:
            links.append(link(column.id, column.label, falls=False, column=column))
    return links


def _sorts(query: QueryDict, links: Sequence[SortLink]) -> list[tuple[str, str]]:
    """What a phone's list of choices offers to sort by, the address's own first."""
    chosen = query.get("sort", "")
    choices = [(chosen, f"Sorted by {chosen}" if chosen else "Usual order")]
    for link in links:
        name = COUNT if link.label == "Runs" else link.column.id if link.column else ""
        if name and link.url:
            choices += [(f"-{name}", f"{link.label} ↓"), (name, f"{link.label} ↑")]
    return choices


urlpatterns = [
    path("experiments/<int:experiment_id>/members/", members, name="list_members"),
    path("runs/members/", members, name="all_members"),
    path("experiments/<int:experiment_id>/comparison/", comparison, name="list_comparison"),
    path("runs/comparison/", comparison, name="all_comparison"),
]
