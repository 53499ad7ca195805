"""The pages that compare runs: one address a tab, each with the same query."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from artifacts.media import disposition
from core.context import site_url
from core.time import now_ms
from runs.access import get_comparison, get_runs
from runs.actions.selections import keep_comparison
from runs.charts.editor import changed_address, read_editor
from runs.charts.page import comparison_cards, count_cards, more_cards
from runs.charts.settings import ChartSettings
from runs.compare import charted
from runs.comparing.address import (
    Delta,
    Look,
    PageAddress,
    Rows,
    Shade,
    Size,
    Tab,
    Value,
    tab_named,
)
from runs.comparing.download import alone, icons, read_download, styles
from runs.comparing.environment import read_environment
from runs.comparing.exporting import run_table_of, table_csv
from runs.comparing.files import read_files
from runs.comparing.frame import Frame, read_frame
from runs.comparing.groups import read_statistics
from runs.comparing.metrics import has_best_step, metric_section, value_notices
from runs.comparing.params import text_sections
from runs.comparing.picking import read_picker
from runs.comparing.statistics import Method
from runs.comparing.subject import MAX_CHARTED, MAX_RUNS, Subject
from runs.comparing.summary import summarize
from runs.comparing.tables import Section, is_transposed, paged
from runs.views import compared_runs
from runs.views.export import EXPORT_TYPES, table_response
from workspaces.access import get_workspace

View = Callable[..., HttpResponseBase]


def _with_runs(tab: Tab) -> Callable[[Callable[..., HttpResponseBase]], View]:
    """A view of compared runs, with the context of its template; without runs, where to find some.

    ``tab`` is the page that it belongs to.
    """

    def make(answer: Callable[..., HttpResponseBase]) -> View:
        @require_safe
        @wraps(answer)
        def view(request: HttpRequest, workspace: str, selection: str = "") -> HttpResponseBase:
            place = get_workspace(request)
            frame = read_frame(request, workspace, tab, selection=selection)
            context = {"workspace": place, "frame": frame, "notices": frame.notices}
            if frame.subject is None:
                return _no_runs(request, frame, context)
            context |= {"address": frame.address, "subject": frame.subject}
            return answer(request, frame, context)

        return view

    return make


def _tab(tab: Tab) -> Callable[[Callable[..., dict | HttpResponse]], View]:
    """A page of the comparison: what the function answers stands in the frame of all of them."""

    def make(read: Callable[..., dict | HttpResponse]) -> View:
        @_with_runs(tab)
        @wraps(read)
        def view(request: HttpRequest, frame: Frame, context: dict) -> HttpResponse:
            found = read(request, frame)
            if isinstance(found, HttpResponse):
                return found
            return render(request, f"runs/comparing/{tab.name.lower()}.html", context | found)

        return view

    return make


@_tab(Tab.SUMMARY)
def summary(request: HttpRequest, frame: Frame) -> dict | HttpResponse:
    """Who wins on what, and what differs."""
    if {"edit", "put"} & request.GET.keys():
        # Where charts are changed.
        return redirect(f"{frame.address.path_to(Tab.CHARTS)}?{request.GET.urlencode()}")
    return {
        "summary": summarize(frame.subject, frame.address),
        "notices": [*frame.notices, *value_notices(frame.subject, frame.address)],
        "direction_url": frame.address.path_to("compare_direction"),
    }


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
        # What the bar above the charts has not itself.
        "kept": replace(address, settings=ChartSettings()).pairs,
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
        "shades": _choices(frame, "shade", Shade),
        "is_at_best": address.value == Value.AT_BEST and has_best_step(subject),
        "notices": [*frame.notices, *value_notices(subject, address)],
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
        "looks": _choices(frame, "look", Look),
        "shades": _choices(frame, "shade", Shade),
        # The page around the choice of a step, as hidden fields.
        "step_pairs": replace(frame.address, step=None).pairs,
    }


@_tab(Tab.STATISTICS)
def statistics(request: HttpRequest, frame: Frame) -> dict:
    """Groups of repetitions, and whether they differ by more than chance."""
    address = frame.address
    found = read_statistics(frame.subject, address)
    kept = replace(address, metric="", value=Value.LAST, group=None, method=Method.AUTO)
    return {
        "statistics": found,
        "notices": [
            *frame.notices,
            *value_notices(frame.subject, address),
            *found.notices,
        ],
        "values": _choices(frame, "value", Value),
        "methods": _choices(frame, "method", Method),
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
        "csv_url": f"{address.path_to(f'{frame.tab}_csv')}{address}"
        if frame.tab in {Tab.METRICS, Tab.PARAMS}
        else "",
        "differing_url": address.but(shows_all=False, key_page=1),
        "all_url": address.but(shows_all=True, key_page=1),
        "by_key_url": address.but(rows=Rows.KEYS),
        "by_run_url": address.but(rows=Rows.RUNS),
        # The page around the search, as hidden fields.
        "search_pairs": replace(address, search="", key_page=1, run_page=1).pairs,
        "unsearched_url": address.but(search=""),
    }


def _no_runs(request: HttpRequest, frame: Frame, context: dict) -> HttpResponse:
    """Runs to begin a comparison with."""
    address = replace(frame.address, run_ids=[], selection="")
    context |= {
        "picker": read_picker(context["workspace"], None, request.GET.get("find", "")),
        "pick_url": address.path_to("compare_add"),
        "select_url": address.path_to("compare_select"),
        "back_url": reverse("runs:all", args=[address.workspace]),
        "pairs": [],
    }
    is_search = request.htmx and "find" in request.GET
    template = "runs/comparing/_picker.html" if is_search else "runs/comparing/none.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@_with_runs(Tab.SUMMARY)
def download(request: HttpRequest, frame: Frame, context: dict) -> HttpResponse:
    """The comparison as one file that opens without a network."""
    context |= {
        "download": read_download(frame.subject, frame.address),
        "styles": styles(),
        "icons": icons(),
        "now": now_ms(),
    }
    page = render_to_string("runs/comparing/download.html", context)
    response = HttpResponse(alone(page, site=site_url(request)))
    response.headers["Content-Disposition"] = disposition("comparison.html")
    return response


def _csv(tab: Tab, sections: Callable[[Subject, PageAddress], Sequence[Section]]) -> View:
    """The table of a tab as CSV, in the orientation that the page has."""

    @_with_runs(tab)
    def view(request: HttpRequest, frame: Frame, context: dict) -> HttpResponseBase:
        lines = table_csv(
            frame.subject,
            sections(frame.subject, frame.address),
            is_transposed=is_transposed(frame.subject, frame.address),
        )
        response = StreamingHttpResponse(list(lines), content_type="text/csv; charset=utf-8")
        name = tab.value.removeprefix("compare_")
        response.headers["Content-Disposition"] = disposition(f"compared-{name}.csv")
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return view


def _export(ending: str) -> View:
    """All compared runs as a file, a row each."""

    @_with_runs(Tab.SUMMARY)
    def view(request: HttpRequest, frame: Frame, context: dict) -> HttpResponseBase:
        table = run_table_of(frame.subject, frame.address.value)
        return table_response(table, ending, name="compared-runs")

    return view


metrics_csv = _csv(Tab.METRICS, lambda subject, address: [metric_section(subject, address)])
params_csv = _csv(Tab.PARAMS, text_sections)


# ---------------------------------------------------------------- Which runs


@_with_runs(Tab.SUMMARY)
def pick(request: HttpRequest, frame: Frame, context: dict) -> HttpResponse:
    """Runs to add: a page with a search, or the inside of a dialog."""
    tab = tab_named(request.GET.get("tab", ""))
    context |= {
        "picker": read_picker(context["workspace"], frame.subject, request.GET.get("find", "")),
        "pick_url": frame.address.path_to("compare_add"),
        "select_url": frame.address.path_to("compare_select"),
        "back_url": frame.address.at(tab),
        "pairs": [*frame.address.pairs, ("tab", tab)],
    }
    template = "runs/comparing/_picker.html" if request.htmx else "runs/comparing/pick.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
def select(request: HttpRequest, workspace: str, selection: str = "") -> HttpResponse:
    """The address of a comparison of the runs that a form sends, kept if they are many.

    To those there are ``run`` adds; ``remove`` takes one out, and so does a box of those
    ``shown`` that is not ticked.
    """
    place = get_workspace(request)
    address, _ = PageAddress.read(request.POST)
    ticked = request.POST.getlist("run")
    # Those there were keep their order; the address would name the ticked ones first.
    ids = ",".join(request.POST.getlist("runs")).split(",")
    if selection:
        kept = get_comparison(request, selection).runs.values_list("run_id", flat=True)
        ids = [each for each in kept if each != request.POST.get("remove")]
    unticked = set(request.POST.get("shown", "").split(",")) - set(ticked)
    found = get_runs(request, [*(each for each in ids if each not in unticked), *ticked])
    if len(found) > MAX_RUNS:
        messages.warning(request, f"The first {MAX_RUNS} of {len(found)} runs are compared.")
    runs = found[:MAX_RUNS]
    address = replace(address, workspace=workspace, run_ids=[run.run_id for run in runs])
    if len(runs) > MAX_CHARTED:
        comparison = keep_comparison(workspace=place, runs=[run.pk for run in runs])
        address = replace(address, selection=comparison.slug)
    return redirect(address.at(tab_named(request.POST.get("tab", ""))))


_TABS = [
    ("", summary, Tab.SUMMARY),
    ("charts/", charts, Tab.CHARTS),
    ("metrics/", metrics, Tab.METRICS),
    ("params/", params, Tab.PARAMS),
    ("code/", code, Tab.CODE),
    ("files/", files, Tab.FILES),
    ("stats/", statistics, Tab.STATISTICS),
    ("metrics.csv", metrics_csv, "compare_metrics_csv"),
    ("params.csv", params_csv, "compare_params_csv"),
    *((f"runs.{ending}", _export(ending), f"compare_{ending}") for ending in EXPORT_TYPES),
    ("download.html", download, "compare_download"),
    ("add/", pick, "compare_add"),
    ("select/", select, "compare_select"),
    ("run/", compared_runs.change, "compare_run"),
    ("direction/", compared_runs.direct, "compare_direction"),
    ("restore/", compared_runs.restore, "compare_restore"),
]
urlpatterns = [
    *(path(f"compare/{end}", view, name=name) for end, view, name in _TABS),
    *(
        path(f"compare/s/<str:selection>/{end}", view, name=f"{name}_selection")
        for end, view, name in _TABS
    ),
]
