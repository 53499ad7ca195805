"""The home of a workspace."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.demo_progress import demo_progress
from experiments.actions import DEFAULT_REPLICATE_KEYS
from experiments.models import DEFAULT_EXPERIMENT_ID
from runs.folders import FLAT_UP_TO, Folder, FoldersFirst, folders_in, has_folders, steps_to
from runs.home import (
    DEFAULT_ORDER,
    ORDERS,
    ExperimentRow,
    home_rows,
    listed_experiments,
    running_runs,
)
from runs.snippets import first_run
from runs.view_index import found_views, view_rows
from workspaces.access import get_workspace, tracking_uri
from workspaces.models import Workspace

EXPERIMENTS_PER_PAGE = 50
EXAMPLE_NAME = "my-experiment"

_VIEWS_SHOWN = 8
_LONGEST_SEARCH = 500


@require_safe
@vary_on_headers("HX-Request")
def workspace_home(request: HttpRequest, workspace: str) -> HttpResponse:
    """The experiments of a workspace; asked by htmx, only what changes while people watch."""
    place = get_workspace(request)
    query = request.GET
    text = query.get("q", "").replace("\x00", "").strip()[:_LONGEST_SEARCH]
    order = query.get("sort", DEFAULT_ORDER)
    folder = query.get("in", "").replace("\x00", "")
    # What is looked for may be in any folder.
    has_tree = not text and has_folders(place)
    is_tree = has_tree and _is_tree(place, query, folder)
    if not is_tree:
        folder = ""
    found = listed_experiments(place, text=text, order=order, folder=folder if is_tree else None)
    listed = FoldersFirst(folders_in(place, folder), found) if is_tree else found
    page = Paginator(listed, EXPERIMENTS_PER_PAGE).get_page(query.get("page"))
    rows = home_rows(page.object_list, folder=folder)
    progress = demo_progress()
    context = {
        "workspace": place,
        "q": text,
        "order": order,
        "orders": [(key, label) for key, (label, _) in ORDERS.items()],
        "page": page,
        "rows": rows,
        "ticked": set(query.getlist("experiment")),
        "has_tree": has_tree,
        "is_tree": is_tree,
        "folder": folder,
        "steps": steps_to(folder),
        "is_new": not text and not folder and all(map(_is_untouched, rows)),
        "running": running_runs(place),
        "views": view_rows(found_views(place, text="", order="changed")[:_VIEWS_SHOWN]),
        "demo": progress if progress and not progress.finished else None,
        "snippet": first_run(tracking_uri(request), EXAMPLE_NAME),
        "replicate_keys": "\n".join(DEFAULT_REPLICATE_KEYS),
    }
    template = "runs/_home.html" if request.htmx else "runs/home.html"
    return render(request, template, context)


def _is_tree(place: Workspace, query: QueryDict, folder: str) -> bool:
    """Whether the list begins with folders: as the address says, else if there is much."""
    match query.get("layout"):
        case "tree":
            return True
        case "flat":
            return False
        case _:
            return bool(folder) or place.experiments.active().count() > FLAT_UP_TO


def _is_untouched(row: ExperimentRow | Folder) -> bool:
    """Whether it is the experiment that is there from the start, without a run."""
    if row.is_folder:
        return False
    return row.experiment.pk == DEFAULT_EXPERIMENT_ID and not row.run_count


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """How to log here, which keys there are, and how to write a filter."""
    context = {
        "workspace": get_workspace(request),
        "snippet": first_run(tracking_uri(request), EXAMPLE_NAME),
    }
    return render(request, "help/help.html", context)
