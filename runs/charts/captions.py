"""What a chart shows, in words: for those who do not see it, and for those who glance."""

from collections.abc import Iterable, Mapping, Sequence

from core.formatting import is_finite, number_text
from runs.charts.plots import ChartData, ChartedRun, chosen_type
from runs.charts.spec import DISTRIBUTIONS, RELATIONS, Band, Center, ChartSpec, Type
from runs.directions import Better
from runs.models import MetricStat
from runs.series import Statistic, value_of

_BANDS = {
    Band.RANGE: "all values",
    Band.DEVIATION: "one standard deviation",
    Band.CONFIDENCE: "its 95 % confidence interval",
}
_WORDS = "No One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()


def caption(data: ChartData, *, better: Better | None) -> str:
    """One to three sentences: which run stands out, and what is NaN or infinite."""
    spec, stats, runs = data.spec, data.stats, data.runs
    logged = [run for run in runs if run.key in stats]
    if not logged:
        return "None of the runs logged it."
    sentences = [
        _one(stats[logged[0].key]) if len(logged) == 1 else _many(spec, logged, stats, better)
    ]
    if data.groups:
        sentences.insert(0, _groups(data))
    missing = len(runs) - len(logged)
    if missing:
        sentences.append(f"{_count(missing, 'run')} did not log it.")
    sentences += _oddities(logged, stats)
    return " ".join(sentences)


def _groups(data: ChartData) -> str:
    count = len(data.groups)
    if data.spec.type in DISTRIBUTIONS | RELATIONS:
        return f"{_count(count, 'group')} of runs."
    center = Center(data.spec.center).label.lower()
    band = f", with {_BANDS[data.spec.band]} around it" if data.spec.band else ""
    return f"The {center} of {count} groups of runs{band}."


def _one(stat: MetricStat) -> str:
    if stat.count == 1:
        return f"One value, {number_text(value_of(stat, Statistic.LAST))}."
    ends = f"Ends at {number_text(value_of(stat, Statistic.LAST))} after {stat.count:,} points"
    if stat.minimum is None:
        return f"{ends}, none of them a number."
    lowest = f"lowest {number_text(stat.minimum)} at step {stat.minimum_step:,}"
    highest = f"highest {number_text(stat.maximum)} at step {stat.maximum_step:,}"
    return f"{ends}; {lowest}, {highest}."


def _many(
    spec: ChartSpec,
    runs: Sequence[ChartedRun],
    stats: Mapping[int, MetricStat],
    better: Better | None,
) -> str:
    values = [(run, value_of(stats[run.key], spec.statistic)) for run in runs]
    values = [(run, value) for run, value in values if is_finite(value)]
    count = _count(len(runs), "run")
    if not values:
        return f"{count}; none of them has a number to compare."
    verb = "ends" if chosen_type(spec, stats) == Type.LINE and spec.statistic == "last" else "is"
    low = min(values, key=lambda pair: pair[1])
    high = max(values, key=lambda pair: pair[1])
    if low[1] == high[1]:
        return f"{count}, all at {number_text(low[1])}."
    highest = f"{high[0].label} {verb} highest, at {number_text(high[1])}"
    lowest = f"{low[0].label} {verb} lowest, at {number_text(low[1])}"
    if better is None:
        return f"{count}; {highest}, and {lowest.replace(f' {verb}', '')}."
    return f"{count}; {highest if better.is_higher else lowest}, which is best."


def _oddities(runs: Sequence[ChartedRun], stats: Mapping[int, MetricStat]) -> Iterable[str]:
    nan = [run for run in runs if stats[run.key].nan_count]
    infinite = [
        run
        for run in runs
        if any(
            value is not None and not is_finite(value)
            for value in (stats[run.key].minimum, stats[run.key].maximum)
        )
    ]
    if len(nan) == 1:
        stat = stats[nan[0].key]
        yield f"NaN at {stat.nan_count:,} of {stat.count:,} points{_whose(nan, runs)}."
    elif nan:
        yield f"{_count(len(nan), 'run')} logged NaN."
    if len(infinite) == 1:
        yield f"Infinite values{_whose(infinite, runs)}."
    elif infinite:
        yield f"{_count(len(infinite), 'run')} logged infinite values."


def _whose(some: Sequence[ChartedRun], runs: Sequence[ChartedRun]) -> str:
    return f" of {some[0].label}" if len(runs) > 1 else ""


def _count(number: int, noun: str) -> str:
    """At the beginning of a sentence: "Five runs"."""
    word = _WORDS[number] if number < len(_WORDS) else f"{number:,}"
    return f"{word} {noun}" if number == 1 else f"{word} {noun}s"
