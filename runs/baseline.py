"""The run that a list is held against: how far each number of the others is from its own."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import HttpRequest, QueryDict

from core.formatting import exact_text, is_finite, rough_text
from runs.access import is_run_id
from runs.chips import changed
from runs.column_values import metric_values
from runs.columns import Column, Columns, Statistic
from runs.directions import which_is_better
from runs.models import Run
from runs.scope import Scope
from runs.table import Row


@dataclass(frozen=True)
class Delta:
    """How far a number is from the baseline's, roughly and exactly.

    ``judgement`` is "better", "worse" or nothing.
    """

    text: str
    exact: str = ""
    judgement: str = ""


@dataclass(frozen=True)
class Baseline:
    """The baseline of a list, with what the shown metric columns say of it.

    ``run`` is None if the address names one that is not there. It need not be among the runs that
    the list shows.
    """

    run: Run | None
    run_id: str
    values: Mapping[Column, float | int | None]
    clear_url: str
    scope: Scope
    # What it is called; "" if it is not there.
    name: str = ""

    def delta(self, column: Column, value: object) -> Delta | None:
        """How far ``value`` is from the baseline's; None where one of them is no number."""
        base = self.values.get(column)
        if not is_finite(base) or not is_finite(value):
            return None
        difference = value - base
        if difference == 0:
            return Delta("=")
        sign = "+" if difference > 0 else "−"
        exact = exact_text(difference)
        text = f"{sign}{rough_text(abs(difference))}"
        share = abs(difference) / abs(base) * 100 if base else math.inf
        if math.isfinite(share):
            text += f" ({sign}{rough_text(share)} %)"
        # A later best is neither better nor worse.
        if column.statistic == Statistic.BEST_STEP:
            return Delta(text, exact)
        better = which_is_better(column.key, experiments=self.scope.experiments)
        if better is None:
            return Delta(text, exact)
        return Delta(text, exact, "better" if better.gain(value, over=base) > 0 else "worse")


def find_baseline(query: QueryDict, scope: Scope) -> Run | None:
    """The run that ``base`` names, if it is there."""
    run_id = query.get("base", "").strip()
    if not is_run_id(run_id):
        return None
    runs = Run.objects.in_workspace(scope.workspace).active()
    return runs.select_related("experiment__workspace").filter(run_id=run_id).first()


def read_baseline(query: QueryDict, scope: Scope, columns: Columns) -> Baseline | None:
    """The baseline that ``base`` names; None where the address names none."""
    run_id = query.get("base", "").strip()
    if not run_id:
        return None
    run = find_baseline(query, scope)
    values: dict[Column, float | int | None] = {}
    if run is not None:
        shown = [column for column in columns.shown if column.is_metric]
        of_run = metric_values([run.pk], shown, scope.experiments)
        values = {column: of[run.pk] for column, of in of_run.items() if run.pk in of}
    clear_url = changed(query, {"base": None})
    return Baseline(run, run_id, values, clear_url, scope, name=run.name if run else "")


def address_behind(request: HttpRequest) -> str:
    """The address of the page that htmx puts a part into; "" where it names none of ours."""
    try:
        return request.htmx.current_url_abs_path or ""
    except ValueError:
        # No address at all, which no browser sends.
        return ""


def baseline_url(address: str) -> str:
    """The list at ``address``, up to the id of the run that becomes its baseline."""
    path, _, query = address.partition("?")
    return f"{path}{changed(QueryDict(query), {'base': None})}&base=" if path else ""


def with_deltas(rows: Sequence[Row], baseline: Baseline | None) -> Sequence[Row]:
    """The rows, their numbers held against the baseline; its own are not."""
    if baseline is None or baseline.run is None:
        return rows
    return [
        row
        if row.run == baseline.run
        else replace(
            row,
            cells=[
                replace(cell, delta=baseline.delta(cell.column, cell.value))
                if cell.column.is_metric and not cell.column.is_curve
                else cell
                for cell in row.cells
            ],
        )
        for row in rows
    ]
