"""The figures, drawings and points of the charts of compared runs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from artifacts.media import disposition
from core.errors import Missing, Refused
from core.middleware.refusals import status_of
from core.spreadsheet import csv_lines
from runs.access import get_runs
from runs.charts import figures
from runs.charts.address import ComparisonAddress
from runs.charts.drawings import drawing
from runs.charts.plots import ChartData, charted_runs, read_chart
from runs.charts.reading import read_plot
from runs.charts.spec import BadChart, ChartSpec, View
from runs.charts.themes import TOKENS
from runs.compare import MAX_RUNS
from runs.series import all_points
from workspaces.access import get_workspace

# No address holds more ids than this.
_MAX_ASKED = 1_000

# A run that ended hardly ever gets another point; one that goes on does all the time.
_CACHE_ENDED = "private, max-age=60"
_CACHE_OPEN = "private, no-cache"


class NothingToDraw(Missing):
    """None of the runs logged the metric, or none of them exists."""


def _refusals_as_json(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A script asks for these: it reads the reason out of JSON, and shows it."""

    @wraps(view)
    def answer(*args, **kwargs) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except Refused as refusal:
            return JsonResponse({"message": refusal.message}, status=status_of(refusal))

    return answer


@require_safe
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


@require_safe
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


@require_safe
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
    # As the address lists them: a page lists them in its own order, which gives them colors.
    runs = get_runs(request, asked.run_ids[:_MAX_ASKED])[:MAX_RUNS]
    data = replace(read_chart(spec, charted_runs(runs)), view=View.read(request.GET))
    if not data.logged:
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


def _csv_lines(data: ChartData) -> Iterator[str]:
    return csv_lines(["run_id", "run", "metric", "step", "timestamp", "value"], _csv_rows(data))


def _csv_rows(data: ChartData) -> Iterator[list[object]]:
    for measure in data.spec.measures:
        for run in data.runs:
            stat = data.measured[measure].get(run.key)
            if stat is None:
                continue
            labels = [run.run_id, run.label, measure.name]
            if measure.kind == "param":
                yield [*labels, None, None, stat.last]
                continue
            for point in all_points(stat):
                yield [*labels, point.step, point.timestamp, point.value]
