"""The pages that compare runs: one address a tab, each with the same query."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from runs.charts.page import (
    changed_address,
    comparison_cards,
    count_cards,
    more_cards,
    read_editor,
)
from runs.compare import charted
from runs.comparing.address import Delta, Rows, Size, Tab, Value
from runs.comparing.environment import read_environment
from runs.comparing.files import read_files
from runs.comparing.frame import Frame, read_frame
from runs.comparing.groups import read_statistics
from runs.comparing.metrics import metric_section
from runs.comparing.params import text_sections
from runs.comparing.summary import summarize
from runs.comparing.tables import paged
from workspaces.access import get_workspace

View = Callable[..., HttpResponse]


def _tab(tab: Tab) -> Callable[[Callable[..., dict | HttpResponse]], View]:
    """A page of the comparison: what the function answers stands in the frame of all of them."""

    def make(read: Callable[..., dict | HttpResponse]) -> View:
        @require_GET
        @wraps(read)
        def view(request: HttpRequest, workspace: str) -> HttpResponse:
            place = get_workspace(request)
            frame = read_frame(request, workspace, tab)
            context = {"workspace": place, "frame": frame, "notices": frame.notices}
            if frame.subject is None:
                return render(request, "runs/compare_none.html", context)
            found = read(request, frame)
            if isinstance(found, HttpResponse):
                return found
            context |= {"address": frame.address, "subject": frame.subject, **found}
            return render(request, f"runs/comparing/{tab.name.lower()}.html", context)

        return view

    return make


@_tab(Tab.SUMMARY)
def summary(request: HttpRequest, frame: Frame) -> dict | HttpResponse:
    """Who wins on what, and what differs."""
    if {"edit", "put"} & request.GET.keys():
        # Where charts are changed.
        return redirect(f"{frame.address.path_of(Tab.CHARTS)}?{request.GET.urlencode()}")
    return {"summary": summarize(frame.subject, frame.address)}


@_tab(Tab.CHARTS)
def charts(request: HttpRequest, frame: Frame) -> dict | HttpResponse:
    """A chart a metric, and the form that changes one."""
    address, subject = frame.address, frame.subject
    places = address.board.places(subject.ranked_metrics)[: address.cards]
    comparison = charted(subject, {place.spec.metric for place in places})
    error = ""
    if request.GET.get("put"):
        changed, error = changed_address(request.GET, address)
        if changed:
            return redirect(f"{request.path}{changed}")
    editor = read_editor(request.GET, comparison, address, error=error)
    if request.htmx and editor:
        response = render(
            request, "runs/_compare_editor.html", {"editor": editor, "address": address}
        )
        patch_vary_headers(response, ["HX-Request"])
        return response
    cards = comparison_cards(comparison, address, workspace=address.workspace)
    total = count_cards(comparison, address)
    more = more_cards(address, total)
    return {
        "editor": editor,
        "notices": [*frame.notices, *([error] if error and not editor else [])],
        "cards": cards,
        "cards_total": total,
        "cards_more": more,
        # Back to where the reader was.
        "more_url": f"{address.but(cards=address.cards + more)}#{cards[-1].id}" if more else "",
    }


@_tab(Tab.METRICS)
def metrics(request: HttpRequest, frame: Frame) -> dict:
    """One value of each metric, and the distance to the baseline's."""
    address, subject = frame.address, frame.subject
    return {
        "table": paged(subject, [metric_section(subject, address)], address),
        "values": _choices(frame, "value", Value),
        "deltas": _choices(frame, "delta", Delta),
        **_table_links(frame),
    }


@_tab(Tab.PARAMS)
def params(request: HttpRequest, frame: Frame) -> dict:
    """Properties, hyperparameters and tags: those that differ, or all."""
    address, subject = frame.address, frame.subject
    return {
        "table": paged(subject, text_sections(subject, address), address),
        **_table_links(frame),
    }


@_tab(Tab.CODE)
def code(request: HttpRequest, frame: Frame) -> dict:
    """Commit, packages and configuration."""
    environment = read_environment(frame.subject, frame.address)
    return {
        "environment": environment,
        "notices": [*frame.notices, *environment.notices],
        "configs": [
            (config, f"{frame.address.but(path=config.path)}#configs")
            for config in environment.configs
        ],
        **_table_links(frame),
    }


@_tab(Tab.FILES)
def files(request: HttpRequest, frame: Frame) -> dict:
    """One path of all runs, side by side."""
    found = read_files(frame.subject, frame.address)
    return {
        "files": found,
        "notices": [*frame.notices, *found.notices],
        "sizes": _choices(frame, "size", Size),
    }


@_tab(Tab.STATISTICS)
def statistics(request: HttpRequest, frame: Frame) -> dict:
    """Groups of repetitions, and whether they differ by more than chance."""
    address = frame.address
    found = read_statistics(frame.subject, address)
    kept = replace(address, metric="", value=Value.LAST, group=None)
    return {
        "statistics": found,
        "notices": [*frame.notices, *found.notices],
        "values": _choices(frame, "value", Value),
        # The page around the form, as hidden fields.
        "form_pairs": kept.pairs,
    }


def _choices(frame: Frame, name: str, choices: type) -> list[dict]:
    """Links to the same page with each of the choices."""
    return [
        {
            "label": each.label,
            "value": each.value,
            "url": frame.address.but(**{name: each}),
            "current": getattr(frame.address, name) == each,
        }
        for each in choices
    ]


def _table_links(frame: Frame) -> dict:
    """The switches above a table."""
    address = frame.address
    return {
        "differing_url": address.but(shows_all=False, key_page=1),
        "all_url": address.but(shows_all=True, key_page=1),
        "keys_url": address.but(rows=Rows.KEYS),
        "runs_url": address.but(rows=Rows.RUNS),
        # The page around the search, as hidden fields.
        "search_pairs": replace(address, search="", key_page=1, run_page=1).pairs,
        "unsearched_url": address.but(search=""),
    }


urlpatterns = [
    path("compare/", summary, name=Tab.SUMMARY),
    path("compare/charts/", charts, name=Tab.CHARTS),
    path("compare/metrics/", metrics, name=Tab.METRICS),
    path("compare/params/", params, name=Tab.PARAMS),
    path("compare/code/", code, name=Tab.CODE),
    path("compare/files/", files, name=Tab.FILES),
    path("compare/stats/", statistics, name=Tab.STATISTICS),
]
