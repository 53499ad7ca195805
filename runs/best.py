"""The best value of each metric column among all the runs of a list, not only of the page shown."""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from experiments.models import Experiment
from runs.columns import Column, Statistic
from runs.directions import which_is_better
from runs.expressions import statistic_expression
from runs.keys import metric_key_ids
from runs.matching import MANY_RUNS, Matching
from runs.models import KeyKind, MetricKey, MetricStat, Run, RunKey

# Neither NaN nor an infinity is the best of anything.
_FINITE = (-sys.float_info.max, sys.float_info.max)
# In a list of many runs so many of a metric's best values are looked at for one of a run that is
# in the list: a filter may hide the best ones.
LOOKED_AT = 2_000
# Of so many metrics of experiments, those of all columns together.
MAX_ENDS = 1_000
_WITHOUT_BEST = {Statistic.BEST_STEP, Statistic.CURVE}


def best_of(
    found: Matching,
    columns: Sequence[Column],
    keys: QuerySet[RunKey],
    experiments: Sequence[Experiment],
) -> Mapping[Column, float]:
    """The best finite values among the runs of a list; ``keys`` are the names that they may have.

    ``experiments`` say which values are better, where the names of metrics do not. Of few runs
    every statistic is read. Of many the last values only, from the index that orders those of each
    experiment, beginning at the better end; where the best ones are all hidden, all values are
    read if a filter leaves few enough runs, and else nothing is known.
    """
    known = list(_known_better(columns, experiments))
    if found.count < MANY_RUNS:
        return _among(found.runs, known)
    known = [each for each in known if each[0].statistic == Statistic.LAST]
    best = _at_the_ends(found.runs, known, keys)
    if not found.is_more:
        best |= _among(found.runs, [each for each in known if each[0] not in best])
    return best


def _among(runs: QuerySet[Run], known: Sequence[tuple[Column, int, bool]]) -> dict[Column, float]:
    """The best of every column among all values of the runs. One query."""
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


def _at_the_ends(
    runs: QuerySet[Run], known: Sequence[tuple[Column, int, bool]], keys: QuerySet[RunKey]
) -> dict[Column, float]:
    """The best last value of every column that stands near the better end of its values.

    A query for each direction, whatever the number of columns, and one to count them.
    """
    columns = _few_enough({column.key: column for column, _, _ in known}, keys)
    best: dict[Column, float] = {}
    for is_wanted, order, better in ((True, "-last", max), (False, "last", min)):
        names = {
            column.key
            for column, _, is_higher in known
            if is_higher == is_wanted and column.key in columns
        }
        if names:
            for name, value in _ends(runs, names, keys, order):
                column = columns[name]
                best[column] = better(best.get(column, value), value)
    return best


def _ends(
    runs: QuerySet[Run], names: Collection[str], keys: QuerySet[RunKey], order: str
) -> Iterator[tuple[str, float]]:
    """For each experiment that has a metric of ``names`` the first value in that order."""

    def values(of: OuterRef, name: OuterRef) -> QuerySet[MetricStat]:
        key = MetricKey.objects.filter(name=name).values("pk")
        stats = MetricStat.objects.filter(experiment=of, key=Subquery(key), last__range=_FINITE)
        return stats.order_by(order)

    # A subquery of a subquery refers to what is around both.
    outer = values(OuterRef(OuterRef("experiment")), OuterRef(OuterRef(OuterRef("name"))))
    farthest = outer.values("last")[LOOKED_AT : LOOKED_AT + 1]
    is_near = (
        Q(last__gte=Coalesce(Subquery(farthest), Value(_FINITE[0])))
        if order == "-last"
        else Q(last__lte=Coalesce(Subquery(farthest), Value(_FINITE[1])))
    )
    near = values(OuterRef("experiment"), OuterRef(OuterRef("name"))).filter(
        is_near, Exists(runs.order_by().filter(pk=OuterRef("run")))
    )
    rows = keys.filter(kind=KeyKind.METRIC, name__in=names)
    found = rows.annotate(end=Subquery(near.values("last")[:1])).filter(end__isnull=False)
    yield from found.values_list("name", "end")


def _few_enough(columns: Mapping[str, Column], keys: QuerySet[RunKey]) -> Mapping[str, Column]:
    """The first of the columns whose metrics are not in too many experiments together."""
    rows = keys.filter(kind=KeyKind.METRIC, name__in=columns.keys()).values("name").order_by()
    counts = dict(rows.annotate(count=Count("experiment")).values_list("name", "count"))
    room, kept = MAX_ENDS, {}
    for name, column in columns.items():
        room -= counts.get(name, 0)
        if room < 0:
            break
        kept[name] = column
    return kept


def _known_better(
    columns: Sequence[Column], experiments: Sequence[Experiment]
) -> Iterator[tuple[Column, int, bool]]:
    """The metric columns of which a direction is known, each with its key and direction."""
    metrics = [
        column for column in columns if column.is_metric and column.statistic not in _WITHOUT_BEST
    ]
    ids = metric_key_ids({column.key for column in metrics})
    for column in metrics:
        better = which_is_better(column.key, experiments=experiments)
        if better is not None and column.key in ids:
            yield column, ids[column.key], better.is_higher
