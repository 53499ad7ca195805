"""What the columns of a run list say of runs: each kind of value read once for a whole page."""

import math
from collections.abc import Mapping, Sequence

from experiments.models import Experiment
from runs.columns import Column, Columns, Statistic
from runs.directions import which_is_better
from runs.expressions import statistic_expression
from runs.keys import metric_key_ids
from runs.models import MetricStat, Param, RunTag
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


def metric_values(
    keys: Sequence[int], columns: Sequence[Column], experiments: Sequence[Experiment]
) -> Mapping[tuple[int, Column], float | int | None]:
    """What the metric ``columns`` say of the runs ``keys``; what was not logged is not in it."""
    shown = [column for column in columns if not column.is_curve]
    ids = metric_key_ids([column.key for column in shown])
    if not ids:
        return {}
    of_key: dict[int, list[tuple[Column, str]]] = {}
    for column in shown:
        if column.key in ids:
            of_key.setdefault(ids[column.key], []).append(
                (column, statistic_of(column, experiments))
            )
    statistics = sorted({name for pairs in of_key.values() for _, name in pairs})
    rows = MetricStat.objects.filter(run__in=keys, key__in=of_key).values_list(
        "run_id", "key_id", *(statistic_expression(name) for name in statistics)
    )
    found: dict[tuple[int, Column], float | int | None] = {}
    for run, key_id, *numbers in rows:
        of_statistic = dict(zip(statistics, numbers, strict=True))
        for column, name in of_key[key_id]:
            value = of_statistic[name]
            found[run, column] = math.nan if value is None and name not in _STEPS else value
    return found


def text_values(
    table: type[Param | RunTag], keys: Sequence[int], names: Sequence[str]
) -> dict[tuple[int, str], str]:
    """The hyperparameters or tags ``names`` of the runs ``keys``."""
    if not names:
        return {}
    rows = table.objects.filter(run__in=keys, key__in=names)
    return {(run, key): value for run, key, value in rows.values_list("run_id", "key", "value")}


def curve_values(
    keys: Sequence[int], columns: Sequence[Column]
) -> Mapping[tuple[int, Column], Sparkline]:
    """The drawings that the curve ``columns`` have of the runs ``keys``."""
    shown = [column for column in columns if column.is_curve]
    ids = metric_key_ids([column.key for column in shown])
    if not ids:
        return {}
    stats = MetricStat.objects.filter(run__in=keys, key__in=ids.values(), count__gt=1)
    by_id = {ids[column.key]: column for column in shown if column.key in ids}
    return {(run, by_id[key_id]): drawing for (run, key_id), drawing in curves(list(stats)).items()}
