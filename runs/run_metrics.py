"""The metrics of a run as its page shows them: in sections, with charts, the telling ones first."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from experiments.models import Experiment
from runs.charts.cards import ChartCard, chart_card
from runs.charts.page import card_id
from runs.charts.plots import charted_runs, one_metric
from runs.charts.spec import ChartSpec
from runs.directions import Better, which_is_better
from runs.models import MetricStat, Run
from runs.sparklines import Sparkline, sparklines

# What the table holds before it has to be searched.
MAX_METRICS = 200
MAX_CHARTS = 6
MAX_HEADLINES = 3

SYSTEM_PREFIX = "system/"

# Names that say how good a run is rather than how its training went.
_TELLING = re.compile(r"val|test|eval|holdout|valid", re.IGNORECASE)


@dataclass(frozen=True)
class MetricRow:
    """One metric: what is known of it, and the drawing of its course if it has one."""

    stat: MetricStat
    sparkline: Sparkline | None = None
    is_primary: bool = False
    # Which of its values are better; None where nobody can tell.
    better: Better | None = None
    # Where on the page its course is drawn; empty if it has none.
    chart_url: str = ""

    @property
    def name(self) -> str:
        return self.stat.key.name

    @property
    def is_series(self) -> bool:
        return self.stat.count > 1

    @property
    def last(self) -> float:
        return number_of(self.stat.last)

    @property
    def minimum(self) -> float:
        return number_of(self.stat.minimum)

    @property
    def maximum(self) -> float:
        return number_of(self.stat.maximum)

    @property
    def is_minimum_best(self) -> bool:
        return self.better is not None and not self.better.is_higher

    @property
    def is_maximum_best(self) -> bool:
        return self.better is not None and self.better.is_higher


@dataclass(frozen=True)
class MetricSection:
    """Metrics under one heading; the first has none."""

    anchor: str
    title: str
    rows: Sequence[MetricRow]


@dataclass(frozen=True)
class Metrics:
    """The metrics that the page shows: those that match ``search``, up to a limit."""

    sections: Sequence[MetricSection]
    charts: Sequence[ChartCard]
    # How many of them have more than one point, and so a chart.
    chartable: int
    headlines: Sequence[MetricRow]
    total: int
    matching: int
    shown: int
    search: str

    @property
    def has_series(self) -> bool:
        """Whether any metric that shows has more than one point."""
        return any(row.is_series for section in self.sections for row in section.rows)


def read_metrics(run: Run, search: str, charted: str) -> Metrics:
    experiment = run.experiment
    primary = experiment.primary_metric
    stats = sorted(run.stats.select_related("key"), key=lambda stat: _metric_order(stat, primary))
    matching = [stat for stat in stats if search.lower() in stat.key.name.lower()]
    shown = matching[:MAX_METRICS]
    drawings = sparklines(run, shown)
    series = [stat for stat in stats if stat.count > 1]
    charts = _charts(run, sorted(series, key=lambda stat: stat.key.name != charted)[:MAX_CHARTS])
    links = {stat.key.name: f"?{urlencode({'show': stat.key.name})}#charts" for stat in series}
    links |= {card.spec.metric: f"#{card.id}" for card in charts}
    rows = [
        replace(
            metric_row(stat, experiment, sparkline=drawings.get(stat.key_id)),
            chart_url=links.get(stat.key.name, ""),
        )
        for stat in shown
    ]
    system = [row for row in rows if row.name.startswith(SYSTEM_PREFIX)]
    own = [row for row in rows if not row.name.startswith(SYSTEM_PREFIX)]
    sections = [
        MetricSection("metric-rows", "", own),
        MetricSection("system-metric-rows", "System metrics", system),
    ]
    return Metrics(
        sections=[section for section in sections if section.rows],
        charts=charts,
        chartable=len(series),
        headlines=[metric_row(stat, experiment) for stat in _headlines(stats, primary)],
        total=len(stats),
        matching=len(matching),
        shown=len(shown),
        search=search,
    )


def metric_row(
    stat: MetricStat, experiment: Experiment, *, sparkline: Sparkline | None = None
) -> MetricRow:
    """One metric of a run; its key comes with it."""
    return MetricRow(
        stat=stat,
        sparkline=sparkline,
        is_primary=stat.key.name == experiment.primary_metric,
        better=which_is_better(stat.key.name, experiments=[experiment]),
    )


def number_of(stored: float | None) -> float:
    return float("nan") if stored is None else stored


def _charts(run: Run, stats: Sequence[MetricStat]) -> list[ChartCard]:
    runs = charted_runs([run])
    return [
        chart_card(
            one_metric(ChartSpec(stat.key.name), runs, {run.pk: stat}),
            id=card_id(stat.key.name),
            workspace=run.experiment.workspace.slug,
            better=which_is_better(stat.key.name, experiments=[run.experiment]),
        )
        for stat in stats
    ]


def _metric_order(stat: MetricStat, primary: str) -> tuple:
    name = stat.key.name
    return (name != primary, name.startswith(SYSTEM_PREFIX), name.lower(), name)


def _headlines(stats: Sequence[MetricStat], primary: str) -> Sequence[MetricStat]:
    """The few metrics that say most of the run: the primary one, then those of validation."""
    own = [stat for stat in stats if not stat.key.name.startswith(SYSTEM_PREFIX)]
    telling = sorted(
        own, key=lambda stat: (stat.key.name != primary, not _TELLING.search(stat.key.name))
    )
    return telling[:MAX_HEADLINES]
