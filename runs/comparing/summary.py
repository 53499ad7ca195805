"""The first page of a comparison: who wins on what, and what differs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.formatting import is_finite
from runs.charts.cards import ChartCard, chart_card
from runs.charts.plots import charted_runs, one_metric
from runs.charts.spec import ChartSpec
from runs.comparing.address import Delta, PageAddress, Tab
from runs.comparing.environment import differing_facts
from runs.comparing.metrics import metric_row, read_values
from runs.comparing.notes import Note, notes_on
from runs.comparing.params import differing_texts
from runs.comparing.subject import RESERVED_PREFIX, SYSTEM_PREFIX, Subject, values_of
from runs.comparing.tables import Cell, Row, how_many_differ, text_row
from runs.keys import metric_key_ids
from runs.models import MetricStat, Param, Run

MORE_METRICS = 5
MOST_PARAMS = 12
# As many runs stand in the table of a summary; the others are on the tabs.
MOST_RUNS = 12


@dataclass(frozen=True)
class Cost:
    """How long a run took, and its share of the longest."""

    run: Run
    duration: int
    share: float
    # The place of its color, and the one that people chose.
    color: tuple[int, str]


@dataclass(frozen=True)
class Summary:
    """What the page says before any tab is opened."""

    metric: str
    runs: Sequence[Run]
    metrics: Sequence[Row]
    duration: Row
    # How the runs of the table were chosen, where they are not all.
    chosen: str
    is_transposed: bool
    differences: Sequence[tuple[str, str]]
    params: Sequence[Row]
    params_more: int
    chart: ChartCard | None
    costs: Sequence[Cost]
    notes: Sequence[Note]
    metrics_more: bool
    metrics_url: str
    params_url: str

    @property
    def rows(self) -> list[Row]:
        """The table with the runs as columns."""
        return [*self.metrics, self.duration]

    @property
    def lines(self) -> list[tuple[Run, list[Cell]]]:
        """The table with the runs as rows."""
        return [(run, [row.cells[at] for row in self.rows]) for at, run in enumerate(self.runs)]


def summarize(subject: Subject, address: PageAddress) -> Summary:
    """Reads the values of six metrics and of the hyperparameters that differ."""
    metric = subject.main_metric
    names = [name for name in [metric, *_most_varying(subject, metric)] if name]
    values = read_values(subject, address.value, names)
    differing = [name for name, key in subject.params.items() if key.differs]
    texts = values_of(Param, subject.keys, differing)
    stats = _stats(subject, metric)
    runs = _shown(subject, values.get(metric, {}), metric)
    order = _important_first(subject, differing, texts, values.get(metric, {}))
    return Summary(
        metric=metric,
        runs=runs,
        metrics=[
            _of(runs, subject, metric_row(subject, name, values.get(name, {}), Delta.RELATIVE))
            for name in names
        ],
        duration=_of(runs, subject, _durations(subject)),
        chosen=_chosen(runs, subject, metric),
        is_transposed=len(runs) > 6,
        differences=_differences(subject, address),
        params=[
            _of(runs, subject, text_row(subject, name, texts[name], "param"))
            for name in order[:MOST_PARAMS]
        ],
        params_more=max(0, len(order) - MOST_PARAMS),
        chart=_chart(subject, address, metric, stats),
        costs=_costs(runs, subject),
        notes=notes_on(subject, address, metric=metric, stats=stats, params=texts),
        metrics_more=len(subject.metrics) > len(names),
        metrics_url=address.at(Tab.METRICS),
        params_url=f"{address.at(Tab.PARAMS)}#params",
    )


def _most_varying(subject: Subject, but: str) -> list[str]:
    """The metrics whose values lie furthest apart, which is why people compare."""
    varying = [
        key
        for key in subject.metrics.values()
        if key.name != but and key.differs and not key.name.startswith(SYSTEM_PREFIX)
    ]
    # What nobody can call better or worse has no winner; it comes after what has one.
    varying.sort(
        key=lambda key: (
            subject.better(key.name) is None,
            -(key.count == len(subject.runs)),
            -key.spread,
            key.name,
        )
    )
    return [key.name for key in varying[:MORE_METRICS]]


def _stats(subject: Subject, metric: str) -> dict[int, MetricStat]:
    ids = metric_key_ids([metric]) if metric else {}
    found = MetricStat.objects.filter(run__in=subject.keys, key__in=ids.values())
    return {stat.run_id: stat for stat in found}


def _shown(subject: Subject, values: Mapping[int, float], metric: str) -> list[Run]:
    """The runs of the table: all of a few, of many the baseline and the best."""
    if len(subject.runs) <= MOST_RUNS:
        return list(subject.runs)
    better = subject.better(metric)
    ranked = [run for run in subject.runs if is_finite(values.get(run.pk))]
    if better:
        ranked.sort(key=lambda run: values[run.pk], reverse=better.is_higher)
    best = [run for run in ranked if run != subject.baseline][: MOST_RUNS - 1]
    return [subject.baseline, *best]


def _chosen(runs: Sequence[Run], subject: Subject, metric: str) -> str:
    if len(runs) == len(subject.runs):
        return ""
    if subject.better(metric):
        return f"The baseline and the {len(runs) - 1} best of {len(subject.runs)} runs on {metric}."
    return f"The baseline and {len(runs) - 1} more of {len(subject.runs)} runs."


def _of(runs: Sequence[Run], subject: Subject, row: Row) -> Row:
    return Row(row.key, [row.cells[subject.slot(run)] for run in runs], row.better)


def _durations(subject: Subject) -> Row:
    base = subject.baseline.duration_ms
    cells = []
    for run in subject.runs:
        mine, text = run.duration_ms, ""
        if run != subject.baseline and base and mine is not None:
            text = f"{mine / base:.3g}×" if mine < base * 100 else f"{mine // base:,}×"
        cells.append(Cell(mine, "duration", differs=mine != base, delta=text))
    return Row("Duration", cells)


def _costs(runs: Sequence[Run], subject: Subject) -> list[Cost]:
    known = [run for run in runs if run.duration_ms]
    longest = max((run.duration_ms for run in known), default=0)
    if len(known) < 2:
        return []
    return [
        Cost(
            run,
            run.duration_ms,
            max(run.duration_ms, 0) / longest if longest > 0 else 0.0,
            (subject.color_slot(run), subject.colors.get(run.pk, "")),
        )
        for run in known
    ]


def _differences(subject: Subject, address: PageAddress) -> list[tuple[str, str]]:
    """What differs in how many respects, each with the page that shows it."""
    params = sum(key.differs for key in subject.params.values())
    tags = [key for name, key in subject.tags.items() if not name.startswith(RESERVED_PREFIX)]
    found = [
        (
            how_many_differ(params, len(subject.params), "hyperparameter"),
            f"{address.at(Tab.PARAMS)}#params",
        ),
    ]
    metrics = sum(key.differs for key in subject.metrics.values())
    if subject.metrics:
        found.append(
            (how_many_differ(metrics, len(subject.metrics), "metric"), address.at(Tab.METRICS))
        )
    if any(key.differs for key in tags):
        differing = sum(key.differs for key in tags)
        found.append(
            (how_many_differ(differing, len(tags), "tag"), f"{address.at(Tab.PARAMS)}#tags")
        )
    if differing_facts(subject.tags):
        commit = subject.tags.get("mlflow.source.git.commit")
        words = "The commits differ" if commit and commit.differs else "The code differs"
        found.append((words, address.at(Tab.CODE)))
    if len({tuple(subject.datasets.get(key, ())) for key in subject.keys}) > 1:
        found.append(("The datasets differ", f"{address.at(Tab.PARAMS)}#properties"))
    return found


def _important_first(
    subject: Subject,
    names: Sequence[str],
    texts: Mapping[str, Mapping[int, str]],
    values: Mapping[int, float],
) -> list[str]:
    """Hyperparameters by how much of the metric's spread lies between their values.

    That share is the correlation ratio (Fisher, Statistical Methods for Research Workers, 1925,
    section 45): the sum of squares between groups over the whole. A value that only one run has
    explains that run by itself, so what splits the runs into fewer groups comes first among
    equals, and what not every run has comes last.
    """

    def share(name: str) -> float:
        groups: dict[str, list[float]] = {}
        for run, text in texts.get(name, {}).items():
            if is_finite(values.get(run)):
                groups.setdefault(text, []).append(values[run])
        numbers = [number for group in groups.values() for number in group]
        if len(numbers) <= len(groups) or not numbers:
            return 0.0
        mean = sum(numbers) / len(numbers)
        total = sum(_square(number - mean) for number in numbers)
        means = [(len(group), sum(group) / len(group)) for group in groups.values()]
        between = sum(count * _square(each - mean) for count, each in means)
        return between / total if total and math.isfinite(total) else 0.0

    def place(name: str) -> tuple:
        kinds = len(set(texts.get(name, {}).values()))
        is_partial = subject.params[name].count < len(subject.runs)
        return (is_partial, -round(share(name), 6), kinds, name.lower(), name)

    return sorted(names, key=place)


def _square(number: float) -> float:
    # The square of the largest numbers is infinite; ** would refuse them.
    return number * number


def _chart(
    subject: Subject, address: PageAddress, metric: str, stats: Mapping[int, MetricStat]
) -> ChartCard | None:
    if not metric:
        return None
    return chart_card(
        one_metric(
            ChartSpec(metric),
            charted_runs(subject.charted, colors=subject.colors),
            {run.pk: stats[run.pk] for run in subject.charted if run.pk in stats},
        ),
        id="primary-chart",
        workspace=address.workspace,
        better=subject.better(metric),
    )


def count_differences(subject: Subject, tab: Tab) -> int | None:
    """The number on a tab: how much differs there; None where that is not counted."""
    if len(subject.runs) < 2:
        return None
    if tab == Tab.METRICS:
        return sum(key.differs for key in subject.metrics.values())
    if tab == Tab.PARAMS:
        return differing_texts(subject)
    if tab == Tab.CODE:
        return differing_facts(subject.tags)
    return None
