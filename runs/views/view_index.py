"""All saved views of a workspace: opened, renamed, copied, made the default, deleted."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from runs.actions.views import NoDefaultHere, NoSuchView, duplicate_view, set_default_view
from runs.models import SavedView
from runs.view_index import DEFAULT_ORDER, ORDERS, found_views, listed_views, view_rows
from runs.views.saved_views import delete_with_undo
from workspaces.access import get_workspace

_VIEWS_PER_PAGE = 50
_LONGEST_SEARCH = 200


@require_safe
def views(request: HttpRequest, workspace: str) -> HttpResponse:
    """The saved views of all lists of the workspace."""
    place = get_workspace(request)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:_LONGEST_SEARCH]
    order = request.GET.get("sort", DEFAULT_ORDER)
    found = found_views(place, text=text, order=order)
    page = Paginator(found, _VIEWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "workspace": place,
        "q": text,
        "order": order,
        "orders": [(key, label) for key, (label, _) in ORDERS.items()],
        "page": page,
        "rows": view_rows(page.object_list),
        "tail": f"?{request.GET.urlencode()}" if request.GET else "",
    }
    return render(request, "runs/views.html", context)


@require_POST
def duplicate(request: HttpRequest, workspace: str, slug: str) -> HttpResponse:
    """Another view that shows the same, to be changed without changing this one."""
    copy = duplicate_view(_get_view(request, slug))
    messages.success(request, f"Saved the view {copy.name}")
    return redirect(_index(request))


@require_POST
def make_default(request: HttpRequest, workspace: str, slug: str) -> HttpResponse:
    """Let the view's experiment open with it; with ``off``, no longer."""
    view = _get_view(request, slug)
    if view.experiment is None:
        raise NoDefaultHere
    is_off = "off" in request.POST
    set_default_view(view.experiment, slug="" if is_off else view.slug)
    words = "no longer opens with" if is_off else "opens with"
    messages.success(request, f"{view.experiment.name} {words} {view.name}")
    return redirect(_index(request))


@require_POST
def delete(request: HttpRequest, workspace: str, slug: str) -> HttpResponse:
    """Forget a view, and offer to bring it back."""
    delete_with_undo(request, _get_view(request, slug), back=_index(request))
    return redirect(_index(request))


def _get_view(request: HttpRequest, slug: str) -> SavedView:
    view = listed_views(get_workspace(request)).filter(slug=slug).first()
    if view is None:
        raise NoSuchView
    return view


def _index(request: HttpRequest) -> str:
    """The list, as it was when a button of it was pressed."""
    address = reverse("runs:views", args=[get_workspace(request).slug])
    return f"{address}?{request.GET.urlencode()}" if request.GET else address


urlpatterns = [
    path("views/", views, name="views"),
    path("views/<slug:slug>/duplicate/", duplicate, name="views_duplicate"),
    path("views/<slug:slug>/default/", make_default, name="views_default"),
    path("views/<slug:slug>/delete/", delete, name="views_delete"),
]
