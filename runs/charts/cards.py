"""What a page needs to show a chart: addresses, words and values. The browser draws it later."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from runs.charts.captions import caption
from runs.charts.plotly_parts import MAX_NAMED_PLACES
from runs.charts.plots import (
    MAX_LABEL_LENGTH,
    ChartData,
    ChartedRun,
    chosen_type,
    chosen_x,
    measure_owners,
)
from runs.charts.spec import DISTRIBUTIONS, RELATIONS, ChartSpec, Type, X
from runs.directions import Better
from runs.models import MetricStat
from runs.series import Statistic, value_of

# Charts that say themselves what is what, and those whose points are runs.
_UNNAMED = frozenset(
    {Type.BOX, Type.VIOLIN, Type.PARALLEL, Type.HEATMAP, Type.IMPORTANCE, Type.TABLE}
)
# Where groups stand below their bars or points.
_NAMED_GROUPS = frozenset({Type.BAR, Type.SCATTER})
# What is laid out by two things of a run.
_OF_TWO = frozenset({Type.HEATMAP, Type.GROUPED})
_OF_RUNS = frozenset({Type.PARETO, Type.HISTORY})


@dataclass(frozen=True)
class ValueRow:
    """What is known of one run's values; ``measure`` names them where there are several."""

    run: ChartedRun
    measure: str
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
    duplicate_url: str = ""
    left_url: str = ""
    right_url: str = ""
    # The page of the comparison, with this chart first.
    link_url: str = ""


def chart_card(
    data: ChartData, *, id: str, workspace: str, better: Better | None = None, **more: str
) -> ChartCard:
    """The card of a chart whose data are at hand."""
    spec, stats = data.spec, data.stats
    query = f"runs={','.join(run.run_id for run in data.runs)}&{spec.query}"
    last = {run: value_of(stats[run.key], Statistic.LAST) for run in data.runs if run.key in stats}
    best = better.best(last.values()) if better and len(last) > 1 else None
    return ChartCard(
        id=id,
        title=spec.title or _title(data),
        spec=spec,
        caption=caption(data, better=better),
        direction=better.words if better else "",
        legend=_legend(data),
        values=[
            ValueRow(
                run,
                measure.name if len(spec.measures) > 1 else "",
                data.measured[measure][run.key],
                is_best=measure == spec.measures[0] and last.get(run) == best,
            )
            for measure in spec.measures
            for run in data.runs
            if run.key in data.measured[measure]
        ],
        figure_url=f"{reverse('runs:figure', args=[workspace])}?{query}",
        drawing_url=f"{reverse('runs:drawing', args=[workspace])}?{query}",
        csv_url=f"{reverse('runs:points', args=[workspace])}?{query}",
        **more,
    )


def _legend(data: ChartData) -> Sequence[ChartedRun]:
    """What the buttons below a chart show and hide; nothing where that would say nothing."""
    if data.spec.type in _UNNAMED:
        return []
    if data.spec.type in _OF_RUNS:
        return data.logged if len(data.logged) > 1 else []
    groups = data.groups
    if groups:
        named = len(groups) <= MAX_NAMED_PLACES and data.spec.type in _NAMED_GROUPS
        return [] if named else list(groups)
    if data.spec.type == Type.GROUPED:
        return measure_owners(data) if len(data.spec.measures) > 1 else []
    if data.spec.type in DISTRIBUTIONS:
        return []
    logged = data.logged
    return logged if len(logged) > 1 and not _names_runs(data) else []


def _names_runs(data: ChartData) -> bool:
    """Whether the chart itself says below each value whose it is."""
    return len(data.logged) <= MAX_NAMED_PLACES and chosen_x(data.spec, data.stats) == X.RUN


def _title(data: ChartData) -> str:
    """The measures, and what is unusual about how they are drawn."""
    spec = data.spec
    title = ", ".join(measure.name for measure in spec.measures)
    if spec.type in DISTRIBUTIONS | RELATIONS:
        label = Type(spec.type).label
        title += f": {label if spec.type == Type.PARETO else label.lower()}"
    if spec.statistic != Statistic.LAST and chosen_type(spec, data.stats) != Type.LINE:
        title += f" ({Statistic(spec.statistic).label.lower()})"
    fields = [spec.x_field, spec.group_field] if spec.type in _OF_TWO else []
    fields = fields or [spec.group_field or spec.x_field]
    names = [by.label[:MAX_LABEL_LENGTH] for by in fields if by is not None and by.kind != "run"]
    return f"{title} by {' and '.join(names)}" if names else title
