"""The best value of each metric column among all the runs of a list, not only of the page shown."""

import sys
from collections.abc import Mapping, Sequence

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet, Subquery

from experiments.models import Experiment
from runs.columns import Column, Statistic
from runs.directions import which_is_better
from runs.expressions import statistic_expression
from runs.keys import metric_key_ids
from runs.models import MetricStat, Run

# Neither NaN nor an infinity is the best of anything.
_FINITE = (-sys.float_info.max, sys.float_info.max)
# Of many runs so many columns are looked at: a filter that hides the best makes each a long search.
MAX_OF_MANY = 8
_WITHOUT_BEST = {Statistic.BEST_STEP, Statistic.CURVE}


def best_of_few(
    runs: QuerySet[Run], columns: Sequence[Column], experiment: Experiment
) -> Mapping[Column, float]:
    """The best finite values among a few runs, of every statistic. One query."""
    known = _known_better(columns, experiment)
    if not known:
        return {}
    names = sorted({column.statistic for column, _, _ in known})
    aggregates = {}
    for name in names:
        finite = Q((f"a_{name}__range", _FINITE))
        aggregates[f"least_{name}"] = Min(f"a_{name}", filter=finite)
        aggregates[f"most_{name}"] = Max(f"a_{name}", filter=finite)
    rows = (
        MetricStat.objects.filter(
            run__in=runs.order_by().values("pk"), key__in={key for _, key, _ in known}
        )
        .annotate(**{f"a_{name}": statistic_expression(name) for name in names})
        .values("key")
        .annotate(**aggregates)
        .order_by()
    )
    found = {row["key"]: row for row in rows}
    best = {
        column: found[key][f"{'most' if is_higher else 'least'}_{column.statistic}"]
        for column, key, is_higher in known
        if key in found
    }
    return {column: value for column, value in best.items() if value is not None}


def best_of_many(
    runs: QuerySet[Run], columns: Sequence[Column], experiment: Experiment
) -> Mapping[Column, float]:
    """The best finite last values among many runs of the experiment, of some columns. One query.

    Each is read from the index that orders the experiment's values, beginning at its better end.
    Other statistics have no such index: their best is not looked for.
    """
    last = [column for column in columns if column.statistic == Statistic.LAST]
    known = _known_better(last, experiment)[:MAX_OF_MANY]
    if not known:
        return {}
    among = Exists(runs.order_by().filter(pk=OuterRef("run")))
    ends = [
        MetricStat.objects.filter(among, experiment=experiment, key=key, last__range=_FINITE)
        .order_by("-last" if is_higher else "last")
        .values("last")[:1]
        for _, key, is_higher in known
    ]
    row = Experiment.objects.filter(pk=experiment.pk).values_list(*map(Subquery, ends)).get()
    return {
        column: value for (column, _, _), value in zip(known, row, strict=True) if value is not None
    }


def _known_better(
    columns: Sequence[Column], experiment: Experiment
) -> list[tuple[Column, int, bool]]:
    """The metric columns of which a direction is known, each with its key and direction."""
    metrics = [
        column for column in columns if column.is_metric and column.statistic not in _WITHOUT_BEST
    ]
    ids = metric_key_ids({column.key for column in metrics})
    known = []
    for column in metrics:
        better = which_is_better(column.key, experiments=[experiment])
        if better is not None and column.key in ids:
            known.append((column, ids[column.key], better.is_higher))
    return known
