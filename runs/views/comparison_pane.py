"""Metric comparison: the pane below a run list that charts the runs ticked there."""

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from runs.charts.cards import ChartCard
from runs.charts.page import comparison_cards, count_cards
from runs.compare import charted
from runs.comparing.address import Tab
from runs.comparing.frame import read_frame

# More belong on the page of the comparison, which has the whole window.
FIRST_CARDS = 6


@dataclass(frozen=True)
class Pane:
    """The first charts of some runs, and the page that has them all."""

    count: int
    cards: list[ChartCard]
    total: int
    page_url: str


@require_safe
@vary_on_headers("HX-Request")
def comparison_pane(request: HttpRequest, workspace: str) -> HttpResponse:
    """The charts of the runs that the address names, as a part of the run list.

    Opened by itself, it is the page of the comparison.
    """
    frame = read_frame(request, workspace, Tab.CHARTS)
    if not request.htmx:
        return redirect(f"{frame.address.path_to(Tab.CHARTS)}{frame.address}")
    pane = None
    if frame.subject is not None:
        address = replace(frame.address, cards=FIRST_CARDS)
        places = address.board.places(frame.subject.ranked_metrics)[:FIRST_CARDS]
        comparison = charted(frame.subject, {place.spec.metric for place in places})
        # The pane stands on another page, so that its links say where they lead.
        path = address.path_to(Tab.CHARTS)
        cards = comparison_cards(comparison, address, workspace=workspace, path=path)
        pane = Pane(
            count=len(frame.subject.charted),
            cards=cards,
            total=count_cards(comparison, address),
            page_url=frame.address.at(Tab.CHARTS),
        )
    context = {"pane": pane, "notices": frame.notices}
    return render(request, "runs/_comparison_pane.html", context)


urlpatterns = [path("compare/pane/", comparison_pane, name="comparison_pane")]
