"""The page that compares runs, and the figures, drawings and points of its charts."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag
from django.views.decorators.http import require_GET

from artifacts.media import disposition
from core.context import site_url
from core.errors import Missing, Refused
from core.formatting import exact_text
from core.middleware.refusals import status_of
from runs.access import get_runs
from runs.charts import figures
from runs.charts.address import ComparisonAddress
from runs.charts.drawings import drawing
from runs.charts.page import (
    changed_address,
    comparison_cards,
    count_cards,
    more_cards,
    read_editor,
)
from runs.charts.plots import ChartData, charted_runs, read_chart, read_plot
from runs.charts.spec import BadChart, ChartSpec
from runs.charts.themes import TOKENS
from runs.compare import MAX_RUNS, Comparison, compare_runs, in_order, neighbors
from runs.models import Run
from runs.series import Statistic, all_points
from workspaces.access import get_workspace

# No address holds more ids than this.
_MAX_ASKED = 1_000

# A run that ended hardly ever gets another point; one that goes on does all the time.
_CACHE_ENDED = "private, max-age=60"
_CACHE_OPEN = "private, no-cache"


class NothingToDraw(Missing):
    """None of the runs logged the metric, or none of them exists."""


@dataclass(frozen=True)
class Chip:
    """One run of the comparison: its color, and the comparison without it or against it."""

    run: Run
    slot: int
    is_baseline: bool
    without_url: str
    baseline_url: str


@require_GET
def compare(request: HttpRequest, workspace: str) -> HttpResponse:
    """Runs side by side: a chart a metric, then all that they have. All of it is in the URL."""
    place = get_workspace(request)
    asked, notices = ComparisonAddress.read(request.GET)
    found = get_runs(request, asked.run_ids[:_MAX_ASKED])
    notices = [*_left_out(asked, found), *notices]
    runs = in_order(found[:MAX_RUNS])
    if not runs:
        return render(request, "runs/compare_none.html", {"workspace": place, "notices": notices})

    address = replace(asked, run_ids=[run.run_id for run in runs])
    baseline = next((run for run in runs if run.run_id == address.baseline), runs[0])
    comparison = compare_runs(
        runs,
        baseline=baseline,
        statistic=address.statistic,
        only_differing=not address.shows_all and len(runs) > 1,
    )
    error = ""
    if request.GET.get("put"):
        changed, error = changed_address(request.GET, address)
        if changed:
            return redirect(f"{request.path}{changed}")
    editor = read_editor(request.GET, comparison, address, error=error)
    if error and not editor:
        notices.append(error)
    context = {
        "workspace": place,
        "address": address,
        "comparison": comparison,
        "editor": editor,
        "notices": notices,
    }
    if request.htmx and editor:
        return _vary(render(request, "runs/_compare_editor.html", context))
    context |= _page(comparison, address, workspace=workspace)
    context["link"] = f"{site_url(request)}{request.path}{address}"
    return _vary(render(request, "runs/compare.html", context))


def _left_out(asked: ComparisonAddress, found: Sequence[Run]) -> list[str]:
    notices = []
    unknown = len(asked.run_ids[:_MAX_ASKED]) - len(found)
    if unknown == 1:
        notices.append("1 run does not exist or is not visible to you.")
    elif unknown:
        notices.append(f"{unknown} runs do not exist or are not visible to you.")
    if len(found) > MAX_RUNS:
        total = f"{len(found)} runs" if len(asked.run_ids) <= _MAX_ASKED else "so many"
        notices.append(f"Of {total} the first {MAX_RUNS} are compared: more cannot be told apart.")
    return notices


def _page(comparison: Comparison, address: ComparisonAddress, *, workspace: str) -> dict:
    """What the whole page shows around the comparison."""
    runs, baseline = comparison.runs, comparison.baseline
    cards = comparison_cards(comparison, address, workspace=workspace)
    total = count_cards(comparison, address)
    more = more_cards(address, total)
    return {
        "chips": [
            Chip(
                run=run,
                slot=slot,
                is_baseline=run == baseline,
                without_url=address.without(run.run_id),
                baseline_url=address.but(baseline=run.run_id),
            )
            for slot, run in enumerate(runs)
        ],
        "cards": cards,
        "cards_total": total,
        "cards_more": more,
        # Back to where the reader was.
        "more_url": f"{address.but(cards=address.cards + more)}#{cards[-1].id}" if more else "",
        "differing_url": address.but(shows_all=False),
        "all_url": address.but(shows_all=True),
        "statistics": [
            {
                "label": each.label.removesuffix(" value"),
                "url": f"{address.but(statistic=each)}#metrics",
                "current": each == address.statistic,
            }
            for each in Statistic
        ],
        "neighbors": [
            {"run": run, "url": address.but(run_ids=[*address.run_ids, run.run_id])}
            for run in neighbors(runs)
        ],
    }


def _vary(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request"])
    return response


# ---------------------------------------------------------------- One chart


def _refusals_as_json(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A script asks for these: it reads the reason out of JSON, and shows it."""

    @wraps(view)
    def answer(*args, **kwargs) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except Refused as refusal:
            return JsonResponse({"message": refusal.message}, status=status_of(refusal))

    return answer


@require_GET
@_refusals_as_json
def figure(request: HttpRequest, workspace: str) -> HttpResponse:
    """The figure of one chart, as Plotly draws it."""
    data = _chart_data(request)
    return _cached(
        request,
        data,
        lambda: figures.figure_bytes(read_plot(data), chart_id=data.spec.query),
        "application/json",
    )


@require_GET
@_refusals_as_json
def chart_drawing(request: HttpRequest, workspace: str) -> HttpResponse:
    """The same chart as an SVG image."""
    theme = request.GET.get("theme", "light")
    if theme not in TOKENS:
        raise BadChart(f"theme is one of: {', '.join(TOKENS)}.")
    data = _chart_data(request)
    return _cached(
        request, data, lambda: drawing(read_plot(data), theme=theme).encode(), "image/svg+xml"
    )


@require_GET
@_refusals_as_json
def chart_points(request: HttpRequest, workspace: str) -> HttpResponse:
    """Every point behind the chart, as CSV."""
    data = _chart_data(request)
    response = StreamingHttpResponse(_csv_lines(data), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = disposition(f"{data.spec.metric}.csv")
    return response


def _chart_data(request: HttpRequest) -> ChartData:
    """What the request's chart is made of. Raises ``BadChart`` and ``NothingToDraw``."""
    get_workspace(request)
    spec = ChartSpec.read(request.GET)
    asked, _ = ComparisonAddress.read(request.GET)
    if not asked.run_ids:
        raise BadChart("A chart needs runs: runs=<id>,<id>…")
    runs = in_order(get_runs(request, asked.run_ids[:_MAX_ASKED])[:MAX_RUNS])
    data = read_chart(spec, charted_runs(runs))
    if not data.stats:
        raise NothingToDraw(f"None of these runs logged {spec.metric}.")
    return data


def _cached(
    request: HttpRequest, data: ChartData, render: Callable[[], bytes], content_type: str
) -> HttpResponse:
    """The answer with its ETag, or only that if the browser has it: then no point is read."""
    etag = quote_etag(f"{figures.VERSION}-{data.fingerprint}")
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(render(), content_type=content_type)
    is_open = any(run.is_open for run in data.runs)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = _CACHE_OPEN if is_open else _CACHE_ENDED
    return response


class _Echo:
    """A file for the csv module that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _csv_lines(data: ChartData) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(["run_id", "run", "metric", "step", "timestamp", "value"])
    for run in data.logged:
        labels = [run.run_id, _cell(run.label), _cell(data.spec.metric)]
        for point in all_points(data.stats[run.key]):
            yield writer.writerow([*labels, point.step, point.timestamp, _value_text(point.value)])


def _cell(text: str) -> str:
    """``text`` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _value_text(value: float) -> str:
    return {"∞": "Infinity", "-∞": "-Infinity"}.get(exact_text(value), exact_text(value))
