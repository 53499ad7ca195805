"""The page of an experiment's charts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from runs.charts_tab import read_charts_tab
from runs.scope import UnreadableFilter, get_scope
from runs.selecting import selected_runs, selection_of


@require_safe
def experiment_charts(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    """A chart a metric, by the prefixes of their names, for the runs that the list's address
    shows first, or for those that are ticked there.
    """
    scope = get_scope(request, experiment_id)
    ticked = selected_runs(scope, selection_of(request, scope))
    query, notice = request.GET, ""
    if not ticked.exists():
        ticked = None
    try:
        tab = read_charts_tab(scope, query, ticked=ticked)
    except UnreadableFilter as fault:
        notice = f"The filter could not be read, so that it is left out. {fault.message}"
        query = query.copy()
        query.pop("where", None)
        query.pop("status", None)
        tab = read_charts_tab(scope, query, ticked=ticked)
    context = {
        "workspace": scope.workspace,
        "experiment": scope.experiment,
        "tab": tab,
        "notice": notice,
        "list_url": f"{scope.address()}?{query.urlencode()}" if query else scope.address(),
        "kept": [
            (name, value)
            for name, values in query.lists()
            for value in values
            if name not in {"metric", "section", "part"}
        ],
    }
    return render(request, "runs/charts_tab.html", context)


urlpatterns = [
    path("experiments/<int:experiment_id>/charts/", experiment_charts, name="list_charts")
]
