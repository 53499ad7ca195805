"""Run lists as files to download."""

import re
from collections.abc import Callable

from django.http import FileResponse, Http404, HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from artifacts.media import disposition
from runs.exporting import RunTable, csv_of, json_of, parquet_of, run_table
from runs.scope import Scope, get_scope, sort_of
from runs.selecting import selected_runs, selection_of

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
_USES = {
    "CSV": "for spreadsheets and scripts",
    "JSON": "an object for each run",
    "Parquet": "typed columns, for data frames",
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
    if ending not in _TYPES:
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
    if ending == "parquet":
        response = FileResponse(parquet_of(table), content_type=_TYPES[ending])
    else:
        response = StreamingHttpResponse(_STREAMS[ending](table), content_type=_TYPES[ending])
    response.headers["Content-Disposition"] = disposition(f"{_file_name(scope)}.{ending}")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def export_links(scope: Scope, query: QueryDict) -> list[tuple[str, str, str]]:
    """What the list can be saved as: each name, what it is good for, and its address."""
    question = query.copy()
    question.pop("page", None)
    tail = f"?{question.urlencode()}" if question else ""
    return [
        (name, use, scope.address("export", name.lower()) + tail) for name, use in _USES.items()
    ]


def _file_name(scope: Scope) -> str:
    name = scope.experiment.name if scope.experiment else f"{scope.workspace.slug} all"
    short = _NOT_IN_NAMES.sub("-", name).strip("-.")[:80]
    return f"{short or 'experiment'}-runs"
