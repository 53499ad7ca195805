"""metrics/*: the histories of metrics."""

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest

from core.errors import Invalid
from core.names import SEE_DOCS, missing_value
from core.paging import page_offset, page_token
from mlflow_api.assemble import metric_messages
from mlflow_api.endpoint import call, endpoint
from mlflow_api.limits import BadLimit, check_max_results
from mlflow_api.schemas.runs import (
    GetMetricHistory,
    GetMetricHistoryBulk,
    GetMetricHistoryBulkInterval,
    GetMetricHistoryBulkResponse,
    GetMetricHistoryResponse,
    Metric,
)
from runs.access import get_runs
from runs.keys import metric_key_ids
from runs.models import Metric as Point
from runs.models import Run

MAX_RUNS = 100
MAX_BULK_POINTS = 25_000
MAX_INTERVAL_POINTS = 2500
MAX_PAGE = 2**31 - 1

_COLUMNS = ("step", "timestamp", "value", "is_nan")
_BY_TIME = ("timestamp", "step", "value", "is_nan")


class BadRuns(Invalid):
    """Too many runs are asked about at once, or none."""


class NoMetric(Invalid):
    """Which metric's points are asked for is not said."""


class BadInterval(Invalid):
    """Half an interval of steps, or one that ends before it starts."""


@endpoint
def get_history(request: HttpRequest, body: GetMetricHistory) -> GetMetricHistoryResponse:
    points = _points(get_runs(request, [body.run_id]), body.metric_key).order_by(*_BY_TIME)
    rows = points.values_list(*_COLUMNS)
    token, offset = "", page_offset(body.page_token)
    if body.max_results is None:
        rows = rows[offset:]
    else:
        if body.max_results < 1:
            # The full stop is this call's own.
            raise BadLimit(
                f"Invalid value {body.max_results} for parameter 'max_results' supplied. "
                "It must be a positive integer."
            )
        check_max_results(body.max_results, MAX_PAGE)
        rows = list(rows[offset : offset + body.max_results + 1])
        if len(rows) > body.max_results:
            token = page_token(offset + body.max_results)
        rows = rows[: body.max_results]
    return GetMetricHistoryResponse(metric_messages(body.metric_key, rows), token)


@endpoint
def get_history_bulk(
    request: HttpRequest, body: GetMetricHistoryBulk
) -> GetMetricHistoryBulkResponse:
    """The points of many runs, at most 25,000 in all, one run after the other."""
    if not body.run_id:
        raise BadRuns("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(body.run_id) > MAX_RUNS:
        raise BadRuns(
            f"GetMetricHistoryBulk request cannot specify more than {MAX_RUNS} run_ids. "
            f"Received {len(body.run_id)} run_ids."
        )
    if not body.metric_key:
        raise NoMetric("GetMetricHistoryBulk request must specify a metric_key.")
    runs = sorted(get_runs(request, body.run_id), key=lambda run: run.run_id)
    left = max(0, min(body.max_results, MAX_BULK_POINTS))
    found: list[Metric] = []
    for run in runs:
        rows = _points([run], body.metric_key).order_by(*_BY_TIME).values_list(*_COLUMNS)[:left]
        some = metric_messages(body.metric_key, rows, run_id=run.run_id)
        found += some
        left -= len(some)
        if not left:
            break
    return GetMetricHistoryBulkResponse(found)


@endpoint
def get_history_bulk_interval(
    request: HttpRequest, body: GetMetricHistoryBulkInterval
) -> GetMetricHistoryResponse:
    """At most ``max_results`` points a run, evenly chosen, the last one always among them.

    A run that does not exist has no points.
    """
    if not body.run_ids:
        raise BadRuns(missing_value("run_ids"))
    if len(body.run_ids) > MAX_RUNS:
        raise BadRuns(
            f"GetMetricHistoryBulkInterval request must specify at most {MAX_RUNS} run_ids. "
            f"Received {len(body.run_ids)} run_ids. {SEE_DOCS}"
        )
    if not 1 <= body.max_results <= MAX_INTERVAL_POINTS:
        raise BadInterval(f"max_results must be between 1 and {MAX_INTERVAL_POINTS}. {SEE_DOCS}")
    if (body.start_step is None) != (body.end_step is None):
        raise BadInterval("If either start step or end step are specified, both must be specified.")
    if body.start_step is not None and body.start_step > body.end_step:
        raise BadInterval(
            "end_step must be greater than start_step. "
            f"Found start_step={body.start_step} and end_step={body.end_step}."
        )
    runs = get_runs(request, body.run_ids)
    found: list[Metric] = []
    for run in runs:
        points = _points([run], body.metric_key)
        if body.start_step is not None:
            points = points.filter(step__range=(body.start_step, body.end_step))
        rows = _sampled(points, body.max_results)
        found += metric_messages(body.metric_key, rows, run_id=run.run_id)
    return GetMetricHistoryResponse(found)


def _points(runs: list[Run], key: str) -> QuerySet[Point]:
    # A name that nobody ever logged has no points, as a run that does not exist has none.
    key_id = metric_key_ids([key]).get(key, -1)
    return Point.objects.filter(run__in=[run.pk for run in runs], key=key_id)


def _sampled(points: QuerySet[Point], size: int) -> list[tuple]:
    """The first point of each of ``size`` equal buckets, and the last point of all.

    Buckets as SQL's NTILE makes them: the first ones hold one more where it does not divide.
    """
    ordered = points.order_by(*_COLUMNS)
    count = points.count()
    if count <= size:
        return list(ordered.values_list(*_COLUMNS))
    each, longer = divmod(count, size)
    places = [1 + bucket * each + min(bucket, longer) for bucket in range(size)]
    # The last sample makes room for the last point, unless it is that already.
    places[-1] = count
    numbered = ordered.annotate(
        place=Window(RowNumber(), order_by=[F(column).asc() for column in _COLUMNS])
    )
    return list(numbered.filter(place__in=places).values_list(*_COLUMNS))


urlpatterns = [
    call("metrics/get-history", GET=get_history),
    call("metrics/get-history-bulk", GET=get_history_bulk),
    call("metrics/get-history-bulk-interval", GET=get_history_bulk_interval),
]
