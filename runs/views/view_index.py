"""All saved views of a workspace: opened, copied, made the default, deleted, kept in a file."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Refused
from core.middleware.refusals import form_status
from runs.actions.views import (
    NoDefaultHere,
    NoSuchView,
    duplicate_view,
    import_views,
    set_default_view,
)
from runs.forms import ViewFileForm
from runs.models import SavedView
from runs.view_files import MAX_FILE_VIEWS, read_view_file, view_file
from runs.view_index import DEFAULT_ORDER, ORDERS, found_views, listed_views, view_rows
from runs.views.saved_views import delete_with_undo
from workspaces.access import get_workspace
from workspaces.models import Workspace

_VIEWS_PER_PAGE = 50
_LONGEST_SEARCH = 200


@require_safe
def views(request: HttpRequest, workspace: str) -> HttpResponse:
    """The saved views of all lists of the workspace."""
    place = get_workspace(request)
    text = _text(request)
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


@require_safe
def export(request: HttpRequest, workspace: str) -> HttpResponse:
    """The views that the list shows, on all its pages, as a file."""
    place = get_workspace(request)
    found = found_views(place, text=_text(request), order=request.GET.get("sort", DEFAULT_ORDER))
    response = HttpResponse(view_file(found[:MAX_FILE_VIEWS]), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="views-{place.slug}.json"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: HttpRequest, workspace: str) -> HttpResponse:
    """Add the views of a file to the lists of this workspace."""
    place = get_workspace(request)
    if request.method != "POST":
        return _import_page(request, place, ViewFileForm(), 200)
    form = ViewFileForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            added = import_views(place, read_view_file(form.cleaned_data["file"].read()))
        except Refused as refusal:
            form.add_error("file", refusal.message)
            return _import_page(request, place, form, form_status(refusal))
        messages.success(request, f"Added {added} view{'' if added == 1 else 's'}")
        return redirect("runs:views", place.slug)
    return _import_page(request, place, form, 422)


def _import_page(
    request: HttpRequest, place: Workspace, form: ViewFileForm, status: int
) -> HttpResponse:
    context = {"workspace": place, "form": form}
    return render(request, "runs/views_import.html", context, status=status)


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


def _text(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:_LONGEST_SEARCH]


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
    path("views/export.json", export, name="views_export"),
    path("views/import/", import_file, name="views_import"),
    path("views/<slug:slug>/duplicate/", duplicate, name="views_duplicate"),
    path("views/<slug:slug>/default/", make_default, name="views_default"),
    path("views/<slug:slug>/delete/", delete, name="views_delete"),
]
