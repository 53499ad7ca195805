"""What the columns of a run list say of runs: each kind of value read once for a whole page."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from experiments.models import Experiment
from runs.columns import Column, Columns, Statistic
from runs.directions import which_is_better
from runs.expressions import statistic_expression
from runs.keys import metric_key_ids
from runs.models import KeyKind, MetricStat, Param, RunTag
from runs.sparklines import Sparkline, curves

# A step is a whole number or none; every other statistic that is NULL stands for NaN.
_STEPS = {"min_step", "max_step"}


def statistic_of(column: Column, experiments: Sequence[Experiment]) -> str:
    """The statistic that a column shows; of the step of the best, that of the better extreme.

    Where nobody can tell which values are better, the greatest is taken for the best.
    """
    if column.statistic != Statistic.BEST_STEP:
        return column.statistic
    better = which_is_better(column.key, experiments=experiments)
    return "max_step" if better is None or better.is_higher else "min_step"


def number_formats(columns: Columns, experiments: Sequence[Experiment]) -> dict[Column, str]:
    """How the numbers of the metric columns are written, where people have said so."""
    return {
        column: said
        for column in columns.shown
        if column.is_metric and column.statistic != Statistic.BEST_STEP
        for experiment in experiments[:1]
        if (said := experiment.said_of(column.key).get("format", ""))
    }


def column_values(
    keys: Sequence[int],
    columns: Sequence[Column],
    experiments: Sequence[Experiment],
    *,
    tags: Mapping[str, Mapping[int, str]],
) -> list[Mapping[int, object]]:
    """What each of ``columns`` says of the runs ``keys``, by run; of a property nothing.

    ``tags`` are those of the columns, which a list reads together with those that it needs itself.
    """
    metrics = [column for column in columns if column.is_metric]
    numbers = {**metric_values(keys, metrics, experiments), **curve_values(keys, metrics)}
    params = [column.key for column in columns if column.kind == KeyKind.PARAM]
    texts = {KeyKind.PARAM: text_values(Param, keys, params), KeyKind.TAG: tags}
    return [
        numbers.get(column, {})
        if column.is_metric
        else texts.get(column.kind, {}).get(column.key, {})
        for column in columns
    ]


def metric_values(
    keys: Sequence[int], columns: Sequence[Column], experiments: Sequence[Experiment]
) -> Mapping[Column, Mapping[int, float | int | None]]:
    """What the metric ``columns`` say of the runs ``keys``; what was not logged is not in it."""
    shown = [column for column in columns if not column.is_curve]
    ids = metric_key_ids([column.key for column in shown])
    if not ids:
        return {}
    wanted = {column: statistic_of(column, experiments) for column in shown if column.key in ids}
    statistics = sorted(set(wanted.values()))
    found: dict[Column, dict[int, float | int | None]] = {column: {} for column in wanted}
    # For each name, which of its statistics goes where: worked out once, not for every number.
    places = defaultdict(list)
    for column, name in wanted.items():
        missing = None if name in _STEPS else math.nan
        places[ids[column.key]].append((found[column], statistics.index(name), missing))
    rows = MetricStat.objects.filter(run__in=keys, key__in=places.keys()).values_list(
        "run_id", "key_id", *(statistic_expression(name) for name in statistics)
    )
    for run, key_id, *numbers in rows:
        for of_column, place, missing in places[key_id]:
            value = numbers[place]
            of_column[run] = missing if value is None else value
    return found


def text_values(
    table: type[Param | RunTag], keys: Sequence[int], names: Sequence[str]
) -> Mapping[str, Mapping[int, str]]:
    """The hyperparameters or tags ``names`` of the runs ``keys``: for each name, by run."""
    found: dict[str, dict[int, str]] = {name: {} for name in names}
    if found:
        rows = table.objects.filter(run__in=keys, key__in=found.keys())
        for run, key, value in rows.values_list("run_id", "key", "value"):
            found[key][run] = value
    return found


def curve_values(
    keys: Sequence[int], columns: Sequence[Column]
) -> Mapping[Column, Mapping[int, Sparkline]]:
    """The drawings that the curve ``columns`` have of the runs ``keys``."""
    shown = [column for column in columns if column.is_curve]
    ids = metric_key_ids([column.key for column in shown])
    if not ids:
        return {}
    found: dict[Column, dict[int, Sparkline]] = {
        column: {} for column in shown if column.key in ids
    }
    by_id = {ids[column.key]: of_column for column, of_column in found.items()}
    stats = MetricStat.objects.filter(run__in=keys, key__in=by_id.keys(), count__gt=1)
    for (run, key_id), drawing in curves(list(stats)).items():
        by_id[key_id][run] = drawing
    return found
