"""The page of an experiment's charts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from runs.charts.settings import KEYS
from runs.charts_tab import read_charts_tab, slim_rows
from runs.chips import carried
from runs.scope import BACK_KEY, get_scope
from runs.selecting import selected_runs, selection_of
from runs.views.run_list import experiment_context

# What the page's own forms say of which charts it draws.
_OWN = ("metric", "section", "part")


@require_safe
def experiment_charts(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    """A chart a metric, by the prefixes of their names, for the runs that the list's address
    shows first, or for those that are ticked.
    """
    scope = get_scope(request, experiment_id)
    ticked = selected_runs(scope, selection_of(request, scope))
    context = experiment_context(request, scope)
    rows = context["rows"]
    tab = read_charts_tab(
        scope,
        request.GET,
        ticked=ticked if ticked.exists() else None,
        listed=[row.run for row in rows],
    )
    listed = request.GET.copy()
    for name in _OWN:
        listed.pop(name, None)
    back = request.GET.copy()
    back[BACK_KEY] = "charts"
    context |= {
        "tab": tab,
        "slim_rows": slim_rows(
            [(row.run, row.status) for row in rows],
            tab.runs,
            primary=scope.experiment.primary_metric,
        ),
        "list_url": f"{scope.address()}?{listed.urlencode()}" if listed else scope.address(),
        "selection_url": f"{scope.address('selection')}?{back.urlencode()}",
        # What the bar above the charts has not itself.
        "kept": [
            *carried(request.GET, beside={*KEYS, *_OWN}),
            *(("page", page) for page in request.GET.getlist("page")[-1:]),
        ],
        "is_live": False,
    }
    return render(request, "runs/charts_tab.html", context)


urlpatterns = [
    path("experiments/<int:experiment_id>/charts/", experiment_charts, name="list_charts")
]
