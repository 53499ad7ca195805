"""The home of a workspace."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.demo_progress import demo_progress
from runs.home import (
    DEFAULT_ORDER,
    ORDERS,
    experiment_rows,
    listed_experiments,
    running_runs,
)
from runs.snippets import first_run
from workspaces.access import get_workspace, tracking_uri

EXPERIMENTS_PER_PAGE = 50
EXAMPLE_NAME = "my-experiment"


@require_safe
@vary_on_headers("HX-Request")
def workspace_home(request: HttpRequest, workspace: str) -> HttpResponse:
    """The experiments of a workspace; asked by htmx, only what changes while people watch."""
    place = get_workspace(request)
    text = request.GET.get("q", "").strip()
    order = request.GET.get("sort", DEFAULT_ORDER)
    found = listed_experiments(place, text=text.replace("\x00", ""), order=order)
    page = Paginator(found, EXPERIMENTS_PER_PAGE).get_page(request.GET.get("page"))
    progress = demo_progress()
    context = {
        "workspace": place,
        "q": text,
        "order": order,
        "orders": [(key, label) for key, (label, _) in ORDERS.items()],
        "page": page,
        "rows": experiment_rows(list(page.object_list)),
        "running": running_runs(place),
        "demo": progress if progress and not progress.finished else None,
        "snippet": first_run(tracking_uri(request), EXAMPLE_NAME),
    }
    template = "runs/_home.html" if request.htmx else "runs/home.html"
    return render(request, template, context)


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """How to log here, which keys there are, and how to write a filter."""
    context = {
        "workspace": get_workspace(request),
        "snippet": first_run(tracking_uri(request), EXAMPLE_NAME),
    }
    return render(request, "help/help.html", context)
