"""Rows that open below another of a run list: the children of a run, the runs of a group."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.freshness import unless_known, weak_tag
from runs.baseline import address_behind, baseline_url, read_baseline, with_deltas
from runs.chips import changed
from runs.columns import Columns
from runs.freshness import facts_of_rows
from runs.models import Run
from runs.ordering import page_of_runs
from runs.quick_look import look_url
from runs.scope import Scope, sort_of
from runs.table import table_rows

ROWS_AT_ONCE = 50


def rows_below(
    request: HttpRequest, scope: Scope, runs: QuerySet[Run], columns: Columns, **context: object
) -> HttpResponse:
    """The first of the runs, or those after ``page``; ``context`` is all else that rows take."""
    query = request.GET
    page = page_of_runs(
        runs.select_related("experiment__workspace"),
        sort=sort_of(query),
        cursor=query.get("page", ""),
        size=ROWS_AT_ONCE,
        experiments=scope.experiments,
    )
    baseline = read_baseline(query, scope, columns)
    rows = with_deltas(table_rows(page.runs, columns, experiments=scope.experiments), baseline)
    address = address_behind(request)
    context |= {
        "workspace": scope.workspace,
        "rows": rows,
        "baseline": baseline,
        "baseline_url": baseline_url(address),
        "look_url": look_url(address),
        "more_url": f"{request.path}{changed(query, {'page': page.next})}" if page.next else "",
    }
    return unless_known(
        request,
        weak_tag(facts_of_rows(rows, baseline), page.next),
        lambda: render(request, "runs/_child_rows.html", context),
    )
