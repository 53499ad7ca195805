"""Run lists as files to download."""

import re
from collections.abc import Callable

from django.http import FileResponse, Http404, HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from artifacts.media import disposition
from runs.exporting import EXPORT_USES, RunTable, csv_of, json_of, parquet_of, run_table
from runs.scope import Scope, get_scope, sort_of
from runs.selecting import selected_runs, selection_of

EXPORT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_STREAMS: dict[str, Callable[[RunTable], object]] = {"csv": csv_of, "json": json_of}


@require_safe
def run_export(
    request: HttpRequest, workspace: str, ending: str, experiment_id: int | None = None
) -> HttpResponseBase:
    """All runs that the same address shows as pages, with the columns it shows.

    ``selected`` asks for those that the browser has ticked, whatever the filter shows of them.
    """
    if ending not in EXPORT_TYPES:
        raise Http404
    scope = get_scope(request, experiment_id)
    if request.GET.get("selected"):
        runs = selected_runs(scope, selection_of(request, scope))
    else:
        runs = scope.matching(request.GET)
    table = run_table(
        runs,
        sort=sort_of(request.GET),
        columns=scope.columns(request.GET),
        experiments=scope.experiments,
    )
    return table_response(table, ending, name=_file_name(scope))


def table_response(table: RunTable, ending: str, *, name: str) -> HttpResponseBase:
    """The table as a file to download, in one of the formats of ``EXPORT_TYPES``."""
    if ending == "parquet":
        response = FileResponse(parquet_of(table), content_type=EXPORT_TYPES[ending])
    else:
        response = StreamingHttpResponse(_STREAMS[ending](table), content_type=EXPORT_TYPES[ending])
    response.headers["Content-Disposition"] = disposition(f"{name}.{ending}")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def export_links(scope: Scope, query: QueryDict) -> list[tuple[str, str, str]]:
    """What the list can be saved as: each name, what it is good for, and its address."""
    question = query.copy()
    question.pop("page", None)
    tail = f"?{question.urlencode()}" if question else ""
    return [
        (name, use, scope.address("export", name.lower()) + tail)
        for name, use in EXPORT_USES.items()
    ]


def _file_name(scope: Scope) -> str:
    name = scope.experiment.name if scope.experiment else f"{scope.workspace.slug} all"
    short = _NOT_IN_NAMES.sub("-", name).strip("-.")[:80]
    return f"{short or 'experiment'}-runs"
