"""The panel beside a run list that shows one run: on the list's own page, and alone to htmx."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from runs.quick_look import look_url, looked_at, read_look, without_look
from runs.scope import Scope
from runs.table import Row

# The element that the panel is; who asks for it names it.
_PANEL = "quick-look"


def is_look(request: HttpRequest) -> bool:
    """Whether the panel alone is asked for."""
    return bool(request.htmx) and request.htmx.target == _PANEL and bool(looked_at(request.GET))


def look_part(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The panel without its list; which run is above and below, the list knows."""
    context = {"workspace": scope.workspace, "experiment": scope.experiment}
    return render(request, "runs/_quick_look.html", context | look_context(request, scope, []))


def look_context(request: HttpRequest, scope: Scope, rows: Sequence[Row]) -> dict:
    """What a list's page says of the run that its address has open, and how it opens others."""
    address = request.get_full_path()
    run_id = looked_at(request.GET)
    context = {"look_url": look_url(address), "look_id": run_id}
    if not run_id:
        return context
    ids = [row.run.run_id for row in rows]
    place = ids.index(run_id) if run_id in ids else None
    rest = without_look(request.GET).urlencode()
    return context | {
        "look": read_look(run_id, scope, request.GET),
        "look_close_url": f"{request.path}?{rest}" if rest else request.path,
        "look_above": ids[place - 1] if place else "",
        "look_below": ids[place + 1] if place is not None and place + 1 < len(ids) else "",
    }
