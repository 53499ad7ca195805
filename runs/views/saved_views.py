"""Saved views of a run list: keeping what its address says, renaming, deleting."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refused
from core.middleware.refusals import form_status
from runs.actions.views import (
    NoSuchView,
    ViewNameTaken,
    change_view,
    delete_view,
    overwrite_view,
    save_view,
)
from runs.forms import ViewForm
from runs.models import SavedView
from runs.saved_views import NO_VIEW, VIEW_KEY, kept_query, view_address
from runs.scope import Scope, get_scope
from runs.undo import message_with_undo, offer_undo_of_view


@require_http_methods(["GET", "HEAD", "POST"])
def new_view(
    request: HttpRequest, workspace: str, experiment_id: int | None = None
) -> HttpResponse:
    """Keep what the address says of the list under a name."""
    scope = get_scope(request, experiment_id)
    form = ViewForm(request.POST or None, has_default=scope.experiment is not None)
    if request.method == "POST" and form.is_valid():
        try:
            view = save_view(
                workspace=scope.workspace,
                experiment=scope.experiment,
                query=kept_query(request.GET),
                **form.cleaned_data,
            )
        except Refused as refusal:
            return _form_page(request, scope, form, refusal=refusal)
        messages.success(request, f"Saved the view {view.name}")
        return redirect(view_address(scope, view))
    return _form_page(request, scope, form)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_view(
    request: HttpRequest, workspace: str, slug: str, experiment_id: int | None = None
) -> HttpResponse:
    """Rename a view, or let its experiment open with it."""
    scope = get_scope(request, experiment_id)
    view = _get_view(scope, slug)
    form = ViewForm(
        request.POST or None,
        initial={"name": view.name, "is_default": view.is_default},
        has_default=scope.experiment is not None,
    )
    if request.method == "POST" and form.is_valid():
        try:
            change_view(view, **form.cleaned_data)
        except Refused as refusal:
            return _form_page(request, scope, form, view=view, refusal=refusal)
        messages.success(request, f"Saved the view {view.name}")
        return redirect(view_address(scope, view))
    return _form_page(request, scope, form, view=view)


@require_POST
def overwrite(
    request: HttpRequest, workspace: str, slug: str, experiment_id: int | None = None
) -> HttpResponse:
    """Let a view be what the address says from now on."""
    scope = get_scope(request, experiment_id)
    view = _get_view(scope, slug)
    overwrite_view(view, query=kept_query(request.GET))
    messages.success(request, f"Saved the view {view.name}")
    return redirect(view_address(scope, view))


@require_POST
def delete(
    request: HttpRequest, workspace: str, slug: str, experiment_id: int | None = None
) -> HttpResponse:
    """Forget a view, and offer to bring it back."""
    scope = get_scope(request, experiment_id)
    view = _get_view(scope, slug)
    delete_with_undo(request, view, back=f"{scope.address()}?{VIEW_KEY}={slug}")
    return redirect(f"{scope.address()}?{VIEW_KEY}={NO_VIEW}")


def delete_with_undo(request: HttpRequest, view: SavedView, *, back: str) -> None:
    """Forget a view, and say so with a button that brings it back and leads to ``back``."""
    deleted = delete_view(view)
    offer = offer_undo_of_view(request, deleted, workspace=view.workspace, back=back)
    text = f"Deleted the view {deleted.name}. Its runs are all there"
    messages.success(request, message_with_undo(request, text, offer))


def _get_view(scope: Scope, slug: str) -> SavedView:
    for view in scope.views:
        if view.slug == slug:
            return view
    raise NoSuchView


def _form_page(
    request: HttpRequest,
    scope: Scope,
    form: ViewForm,
    *,
    view: SavedView | None = None,
    refusal: Refused | None = None,
) -> HttpResponse:
    if refusal:
        form.add_error("name" if isinstance(refusal, ViewNameTaken) else None, refusal.message)
    status = form_status(refusal) if refusal else 422 if form.errors else 200
    asked = request.GET.urlencode() or f"{VIEW_KEY}={NO_VIEW}"
    context = {
        "workspace": scope.workspace,
        "experiment": scope.experiment,
        "view": view,
        "form": form,
        "list_url": view_address(scope, view) if view else f"{scope.address()}?{asked}",
        "delete_url": scope.address("view_delete", view.slug) if view else "",
    }
    return render(request, "runs/saved_view.html", context, status=status)


urlpatterns = [
    path(f"{place}views/{tail}", view, name=f"{name}_{suffix}")
    for place, name in (("experiments/<int:experiment_id>/", "list"), ("runs/", "all"))
    for tail, view, suffix in (
        ("new/", new_view, "view_new"),
        ("<slug:slug>/", edit_view, "view"),
        ("<slug:slug>/save/", overwrite, "view_save"),
        ("<slug:slug>/delete/", delete, "view_delete"),
    )
]
