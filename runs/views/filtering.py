"""The filter pane of a run list, what its form leads to, and the search for names of fields."""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from runs.chips import carried, changed, conditions_of
from runs.facets import FilterPane
from runs.filter_edits import of_list, settled
from runs.models import RunKey
from runs.offers import offered_values
from runs.scope import BACK_KEY, Scope, get_scope
from search.conjuncts import Unwritable, written_name
from search.rows import OPERATORS
from search.run_expressions import ATTRIBUTES

# What a search for names shows.
MAX_NAMES = 20
_MAX_QUERY = 250
_ALIASES = {"params": "param", "metrics": "metric", "tags": "tag"}


@require_safe
@vary_on_headers("HX-Request")
def filter_pane(
    request: HttpRequest, workspace: str, experiment_id: int | None = None
) -> HttpResponse:
    """What the list of the same address can be narrowed by: a page, the pane, or one facet."""
    scope = get_scope(request, experiment_id)
    pane = FilterPane(scope, request.GET, of_list(request.GET))
    if request.htmx and "facet" in request.GET:
        facet = pane.facet(request.GET["facet"])
        if facet is None:
            raise Http404
        return render(request, "runs/_facet.html", {"facet": facet})
    context = {
        "workspace": scope.workspace,
        "experiment": scope.experiment,
        "pane": pane,
        "filter": pane.filter,
        "list_url": scope.address(),
        "keys_url": scope.address("keys"),
        "operators": OPERATORS.items(),
    }
    if request.htmx:
        return render(request, "runs/_filter_pane.html", context)
    context |= {
        "apply_url": scope.address("filter_apply"),
        "back_url": scope.address() + changed(pane.list_query, {}),
        "conditions": conditions_of(pane.filter, pane.list_query),
        "clear_url": changed(pane.list_query, dict.fromkeys(pane.filter.filters)),
        "carried": carried(pane.list_query, beside=set(pane.filter.filters)),
    }
    return render(request, "runs/run_filter.html", context)


@require_safe
@vary_on_headers("HX-Request")
def filter_apply(
    request: HttpRequest, workspace: str, experiment_id: int | None = None
) -> HttpResponse:
    """Where the form of the pane leads: the list with an address that says what it asked for.

    Of what cannot be read only the faults go to a page that is there already: it keeps its list.
    """
    scope = get_scope(request, experiment_id)
    query = settled(request.GET, scope.keys)
    if request.htmx and not (run_filter := scope.filter(query)).is_valid():
        response = render(
            request, "runs/_filter_errors.html", {"filter": run_filter, "is_kept": True}
        )
        response["HX-Retarget"] = response["HX-Reselect"] = "#filter-errors"
        response["HX-Reswap"] = "outerHTML"
        response["HX-Push-Url"] = "false"
        return response
    address = scope.back_address(query)
    if "more" in request.GET:
        address = scope.address("filter")
    else:
        query.pop(BACK_KEY, None)
    return redirect(f"{address}?{query.urlencode()}" if query else address)


@require_safe
def key_search(
    request: HttpRequest, workspace: str, experiment_id: int | None = None
) -> JsonResponse:
    """Names that hold ``q``, as an expression writes them; ``metrics.`` before it narrows it.

    With a field in ``of`` they are its values.
    """
    scope = get_scope(request, experiment_id)
    text = request.GET.get("q", "")[:_MAX_QUERY].replace("\x00", "").strip()
    if field := request.GET.get("of", "")[:_MAX_QUERY].strip():
        offered = offered_values(scope, field, text)
        return JsonResponse({"fields": [{"field": value, "kind": kind} for value, kind in offered]})
    return JsonResponse({"fields": _fields(scope, text)})


def _fields(scope: Scope, text: str) -> list[dict[str, str]]:
    prefix, dot, rest = text.partition(".")
    kind = _ALIASES.get(prefix.lower()) if dot else None
    words = rest.strip("`\"'") if kind else text
    found = []
    if kind is None:
        fields = [*ATTRIBUTES, "dataset.name", "dataset.digest", "dataset.context"]
        found += [
            {"field": name, "kind": "attribute"} for name in fields if words.lower() in name.lower()
        ]
    names = scope.keys.filter(kind=kind) if kind else scope.keys
    if not kind and dot and words.startswith("dataset."):
        return found
    beginning = _some(names.filter(name__istartswith=words))
    within = _some(names.filter(name__icontains=words)) if len(beginning) < MAX_NAMES else []
    keys = []
    for kind_of, name in dict.fromkeys([*beginning, *within]):
        try:
            keys.append({"field": written_name(kind_of, name), "kind": kind_of})
        except Unwritable:
            continue
    # What runs have comes before what every run has, once there is something to look for.
    return ([*keys, *found] if words else [*found[:6], *keys])[:MAX_NAMES]


def _some(names: QuerySet[RunKey]) -> list[tuple[str, str]]:
    rows = names.order_by("kind", "name").values_list("kind", "name").distinct()
    return list(rows[:MAX_NAMES])


urlpatterns = [
    path("experiments/<int:experiment_id>/filter/", filter_pane, name="list_filter"),
    path("runs/filter/", filter_pane, name="all_filter"),
    path("experiments/<int:experiment_id>/filter/apply/", filter_apply, name="list_filter_apply"),
    path("runs/filter/apply/", filter_apply, name="all_filter_apply"),
    path("experiments/<int:experiment_id>/keys.json", key_search, name="list_keys"),
    path("runs/keys.json", key_search, name="all_keys"),
]
