"""The page that finds things across all rooms."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from tracker.finding import find
from workspaces.access import get_workspace


@require_safe
@vary_on_headers("HX-Request")
def search_page(request: HttpRequest, workspace: str) -> HttpResponse:
    """What ``q`` finds in the workspace; to htmx only the results."""
    place = get_workspace(request)
    text = request.GET.get("q", "")
    context = {"workspace": place, "text": text, "groups": find(place, text)}
    template = "search/_results.html" if request.htmx else "search/search.html"
    return render(request, template, context)
