"""The run list, of one experiment and of a whole workspace."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from core.formatting import is_finite, middle_text
from core.freshness import unless_known, weak_tag
from core.patience import at_most
from experiments.models import NOTE_TAG
from runs.about import ABOUT_KEY
from runs.baseline import baseline_url, read_baseline, with_deltas
from runs.best import best_of
from runs.chips import carried, changed, conditions_of
from runs.columns import RESERVED_PREFIX, Columns
from runs.density import page_size, row_menu, with_notes
from runs.filters import RunFilter
from runs.freshness import facts_of_list
from runs.grouping import read_grouping
from runs.heads import column_heads
from runs.matching import MANY_RUNS, look_for
from runs.models import OPEN_STATUSES, KeyKind
from runs.ordering import SortKey, page_of_runs
from runs.quick_look import without_look
from runs.saved_views import address_of_view, view_bar
from runs.scope import Scope, get_scope, sort_of
from runs.search_code import search_code
from runs.selecting import read_selected, selection_of
from runs.slow import MOST_SECONDS, too_slow
from runs.snippets import autologged_run, first_run
from runs.table import Row, count_up_to, table_rows
from runs.tree import children_query, read_nesting, top_level
from runs.unmatched import each_alone, trashed
from runs.views.columns import column_context
from runs.views.export import export_links
from runs.views.quick_look import is_look, look_context, look_part
from runs.views.run_groups import grouped_context
from workspaces.access import tracking_uri

# How many runs are charted where none is ticked.
FIRST_CHARTED = 8

# What an address says of a page of the list, as against which runs are on it.
_PAGE_KEY = "page"
# Whether the filter pane is open.
_FILTERS_KEY = "filters"


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def run_list(
    request: HttpRequest, workspace: str, experiment_id: int, slug: str = ""
) -> HttpResponse:
    """The runs of one experiment. Everything the page shows is in its address."""
    scope = get_scope(request, experiment_id)
    experiment = scope.experiment
    if is_look(request):
        return look_part(request, scope)
    if address := address_of_view(scope, request.GET):
        return redirect(address)
    context = experiment_context(request, scope) | _snippets(request, experiment.name)
    return _page(request, context)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def all_runs(request: HttpRequest, workspace: str) -> HttpResponse:
    """The runs of all experiments of a workspace."""
    scope = get_scope(request, None)
    if is_look(request):
        return look_part(request, scope)
    if address := address_of_view(scope, request.GET):
        return redirect(address)
    context = _listed(request, scope)
    context |= {"workspace": scope.workspace} | _snippets(request, "my-experiment")
    return _page(request, context)


def experiment_context(request: HttpRequest, scope: Scope) -> dict:
    """What the page of an experiment's runs shows, which its charts stand on, too."""
    experiment = scope.experiment
    tags = dict(experiment.tags.values_list("key", "value"))
    return _listed(request, scope) | {
        "workspace": experiment.workspace,
        "experiment": experiment,
        "note": tags.get(NOTE_TAG, ""),
        "tags": [(key, tags[key]) for key in sorted(tags) if not key.startswith(RESERVED_PREFIX)],
    }


def _listed(request: HttpRequest, scope: Scope) -> dict:
    """One page of the runs that the address asks for, and all that is said around it.

    Raises ``TooSlow``.
    """
    query = without_look(request.GET)
    with at_most(MOST_SECONDS, lambda: too_slow(query)):
        return _read(request, scope, query)


def _read(request: HttpRequest, scope: Scope, query: QueryDict) -> dict:
    runs, keys, experiment = scope.runs, scope.keys, scope.experiment
    run_filter = scope.filter(query)
    # What cannot be read narrows nothing, and the page says so.
    found = look_for(run_filter)
    matching, count, is_more = found.runs, found.count, found.is_more
    columns = scope.columns(query)
    grouping = read_grouping(query, keys, experiment=experiment)
    size = page_size(query)
    sort = sort_of(query)
    nesting = read_nesting(query, keys, is_narrowed=run_filter.is_active)
    if nesting.is_nested:
        matching = top_level(matching)
        count, is_more = count_up_to(matching)
    page = page_of_runs(
        # Rows of groups are read elsewhere.
        runs.none() if grouping.is_active else matching.select_related("experiment__workspace"),
        sort=sort,
        cursor=query.get(_PAGE_KEY, ""),
        size=size,
        # Where few runs match, looking for them among all values would take longer.
        experiment=experiment if count >= MANY_RUNS else None,
        experiments=scope.experiments,
    )
    total, total_is_more = (
        count_up_to(runs) if run_filter.is_active or nesting.is_nested else (count, is_more)
    )
    # A single run is not the best of anything.
    best = {}
    if total > 1 and not grouping.is_active:
        best = best_of(found, columns.shown, scope.keys, scope.experiments)
    rows = table_rows(page.runs, columns, best=best, experiments=scope.experiments)
    baseline = read_baseline(query, scope, columns)
    selection = selection_of(request, scope)
    conditions = conditions_of(run_filter, query)
    return {
        "filter": run_filter,
        "view_bar": view_bar(scope, query),
        "search_code": search_code(run_filter, experiment),
        "conditions": conditions,
        "unmatched": [] if count else each_alone(scope, conditions),
        "trashed": 0 if total else trashed(scope),
        **_filtering(scope, query, run_filter),
        "nesting": nesting,
        "is_nested": nesting.is_nested,
        "children_query": children_query(query, columns),
        "clear_url": changed(query, dict.fromkeys(run_filter.filters)),
        "columns": columns,
        "heads": column_heads(query, columns, sort, scope.experiments),
        **column_context(scope, query),
        "sorts": _sorts(query, columns),
        "everything_url": _with(query, cols=columns.everything) if columns.everything else "",
        "automatic_url": _with(query, cols=None),
        "rows": with_notes(with_deltas(rows, baseline), query),
        "row_menu": row_menu(query),
        "baseline": baseline,
        "baseline_url": baseline_url(request.get_full_path()),
        **look_context(request, scope, rows),
        "selected": read_selected(scope, selection, page=page.runs, query=query),
        "selection_url": f"{scope.address('selection')}?{query.urlencode()}",
        "exports": export_links(scope, query) if count else [],
        "example_filter": _example_filter(rows),
        "charts_url": _charts_url(scope, rows),
        "count": count,
        "count_is_more": is_more,
        "total": total,
        "total_is_more": total_is_more,
        "previous_url": _with(query, **{_PAGE_KEY: page.previous}) if page.previous else "",
        "next_url": _with(query, **{_PAGE_KEY: page.next}) if page.next else "",
        # Only the first page can get new rows; what is on the others is history.
        "is_live": not query.get(_PAGE_KEY),
        "is_running": any(run.status in OPEN_STATUSES for run in page.runs),
        # What Run details leads to, also when the filter hides every run.
        "first_run": page.runs[0] if page.runs else runs.newest_first().first(),
    } | grouped_context(
        scope,
        query,
        matching,
        columns,
        grouping,
        is_whole=not run_filter.is_active,
        size=size,
        selection=selection,
    )


def _snippets(request: HttpRequest, experiment_name: str) -> dict[str, str]:
    """How to log a run, for a list that has none."""
    address = tracking_uri(request)
    return {
        "snippet": first_run(address, experiment_name),
        "autolog_snippet": autologged_run(address, experiment_name),
    }


def _page(request: HttpRequest, context: dict) -> HttpResponse:
    if request.htmx and request.htmx.trigger == "no-runs":
        # The page that waits for its first run: nothing to say until there is one.
        return HttpResponseClientRefresh() if context["total"] else HttpResponse(status=204)
    # The filter's form asks for the whole of the page's content anew.
    is_part = request.htmx and request.htmx.target != "content"
    template = context["table"] if is_part else "runs/run_list.html"
    context["version"] = weak_tag(facts_of_list(context))
    if not is_part:
        return render(request, template, context)
    return unless_known(request, context["version"], lambda: render(request, template, context))


def _charts_url(scope: Scope, rows: Sequence[Row]) -> str:
    """Where the first runs of the list are charted; js/comparepane.js does it below the list."""
    if not rows:
        return ""
    runs = ",".join(row.run.run_id for row in rows[:FIRST_CHARTED])
    return f"{reverse('runs:compare_charts', args=[scope.workspace.slug])}?runs={runs}"


def _example_filter(rows: Sequence[Row]) -> str:
    """A filter that finds the first row, of what it has; one of the usual names without rows."""
    parts = {}
    for cell in rows[0].cells if rows else []:
        key = cell.column.key
        name = key if key.isidentifier() else f"`{key}`"
        if cell.column.kind == KeyKind.METRIC and is_finite(cell.value):
            short = f"{cell.value:.3g}"
            bound = short if float(short) <= cell.value else repr(cell.value)
            parts.setdefault("metric", f"metrics.{name} >= {bound}")
        elif cell.column.kind == KeyKind.PARAM and cell.value and "'" not in cell.value:
            parts.setdefault("param", f"params.{name} = '{middle_text(cell.value, 20)}'")
    return " AND ".join(parts.values()) or "metrics.accuracy > 0.9 AND params.lr = '0.01'"


def _sorts(query: QueryDict, columns: Columns) -> list[tuple[str, str]]:
    """What a list of choices offers to sort by, the address's own first."""
    chosen = query.get("sort", "")
    choices = [("", "Newest first")] if not chosen else [(chosen, f"Sorted by {chosen}")]
    for column in columns.shown:
        if column.is_sortable:
            for key, arrow in ((SortKey(column, True), "↓"), (SortKey(column, False), "↑")):
                if key.text != chosen:
                    choices.append((key.text, f"{column.label} {arrow}"))
    return choices


def _filtering(scope: Scope, query: QueryDict, run_filter: RunFilter) -> dict:
    """Where the filter's form leads, and its pane if the address has it open."""
    is_open = query.get(_FILTERS_KEY) == "1"
    own = set(run_filter.filters) if is_open else {"q", "where"}
    return {
        "apply_url": scope.address("filter_apply"),
        "keys_url": scope.address("keys"),
        "filter_url": scope.address("filter") + _with(query, page=None),
        "pane_is_open": is_open,
        "pane_url": _with(query, **{_FILTERS_KEY: None if is_open else "1", ABOUT_KEY: None}),
        "carried": carried(query, beside=own | {"sort"}),
        # What the pane will say once it is there.
        "carried_by_pane": [
            (name, value)
            for name, value in carried(query, beside={"q", "where"})
            if is_open and name in own
        ],
    }


def _with(query: QueryDict, **changes: object) -> str:
    """The query string with some of its parts changed; None takes one out."""
    changed = query.copy()
    for name, value in changes.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed.setlist(name, value if isinstance(value, list) else [value])
    return f"?{changed.urlencode()}"
