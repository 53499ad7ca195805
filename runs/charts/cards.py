"""What a page needs to show a chart: addresses, words and values. The browser draws it later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from runs.charts.captions import caption
from runs.charts.figures import MAX_NAMED_PLACES
from runs.charts.plots import MAX_LABEL_LENGTH, ChartedRun, chosen_type, chosen_x
from runs.charts.spec import ChartSpec, Type, X
from runs.directions import Better
from runs.models import MetricStat
from runs.series import Statistic, value_of


@dataclass(frozen=True)
class ValueRow:
    """What is known of one run's values."""

    run: ChartedRun
    stat: MetricStat
    is_best: bool

    @property
    def last(self) -> float:
        return value_of(self.stat, Statistic.LAST)

    @property
    def minimum(self) -> float:
        return value_of(self.stat, Statistic.MINIMUM)

    @property
    def maximum(self) -> float:
        return value_of(self.stat, Statistic.MAXIMUM)


@dataclass(frozen=True)
class ChartCard:
    """One chart, as ``templates/runs/_chart.html`` takes it."""

    id: str
    title: str
    spec: ChartSpec
    caption: str
    # Which values are better; empty if nobody can tell.
    direction: str
    legend: Sequence[ChartedRun]
    values: Sequence[ValueRow]
    figure_url: str
    drawing_url: str
    csv_url: str
    # Of a page whose charts can be changed.
    edit_url: str = ""
    undo_url: str = ""
    undo_label: str = ""


def chart_card(
    spec: ChartSpec,
    *,
    id: str,
    workspace: str,
    runs: Sequence[ChartedRun],
    stats: Mapping[int, MetricStat],
    better: Better | None = None,
    **more: str,
) -> ChartCard:
    """The card of ``spec`` for ``runs``, whose ``stats`` of that metric are at hand."""
    logged = [run for run in runs if run.key in stats]
    query = f"runs={','.join(run.run_id for run in runs)}&{spec.query}"
    last = {run: value_of(stats[run.key], Statistic.LAST) for run in logged}
    best = better.best(last.values()) if better and len(logged) > 1 else None
    return ChartCard(
        id=id,
        title=spec.title or _title(spec, stats),
        spec=spec,
        caption=caption(spec, runs=runs, stats=stats, better=better),
        direction=better.words if better else "",
        legend=logged if len(logged) > 1 and not _names_runs(spec, stats) else [],
        values=[ValueRow(run, stats[run.key], last[run] == best) for run in logged],
        figure_url=f"{reverse('runs:figure', args=[workspace])}?{query}",
        drawing_url=f"{reverse('runs:drawing', args=[workspace])}?{query}",
        csv_url=f"{reverse('runs:points', args=[workspace])}?{query}",
        **more,
    )


def _names_runs(spec: ChartSpec, stats: Mapping[int, MetricStat]) -> bool:
    """Whether the chart itself says below each value whose it is."""
    return len(stats) <= MAX_NAMED_PLACES and chosen_x(spec, stats) == X.RUN


def _title(spec: ChartSpec, stats: Mapping[int, MetricStat]) -> str:
    """The metric, and what is unusual about how it is drawn."""
    title = spec.metric
    if spec.statistic != Statistic.LAST and chosen_type(spec, stats) != Type.LINE:
        title += f" ({Statistic(spec.statistic).label.lower()})"
    if spec.param:
        title += f" by {spec.param[:MAX_LABEL_LENGTH]}"
    return title
