"""MLflow's filters and orders of runs, as conditions of the ORM.

Conditions can only narrow the runs a caller already has: whatever is typed, nothing beyond them
can come into view.
"""

from collections.abc import Iterable, Sequence

from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from core.conditions import column_condition
from core.paging import Keyset
from experiments.models import Experiment
from runs.expressions import (
    DURATION,
    NUMBER_IN_VALUE,
    STATISTICS,
    comparisons_of,
    node_condition,
    number_condition,
    text_condition,
)
from runs.keys import metric_key_ids
from runs.models import MetricStat, Param, Run, RunInput, RunTag
from search import runs as grammar
from search.run_fields import TIMES
from search.tree import Comparison, Node, Ordering
from search.values import EXISTENCE_OPERATORS

_COLUMNS = {
    "run_id": "run_id",
    "run_name": "name",
    "user_id": "user_id",
    "status": "status",
    "artifact_uri": "artifact_uri",
    "start_time": "start_time",
    "end_time": "end_time",
}
_DATASET_COLUMNS = {"name": "dataset__name", "digest": "dataset__digest", "context": "context"}

# The order of runs for which nobody asks.
NEWEST_FIRST = Keyset(("-start_time", "run_id"), (int, str))

_NOTHING = Q(pk__in=[])

# Comparisons of a metric's last value that the index of an experiment's values answers.
_INDEXED = {"=", ">", ">=", "<", "<=", "BETWEEN", "IN"}


def run_conditions(text: str | None) -> list[Q | Exists]:
    """What ``text`` asks of a run, for ``.filter(*conditions)``. Raises ``FilterError``."""
    comparisons = grammar.parse_filter(text)
    keys = metric_key_ids({each.key for each in comparisons if each.entity == "metric"})
    return [_condition(each, keys) for each in comparisons]


def run_condition(node: Node, *, experiment: Experiment | None = None) -> Q:
    """What an expression asks of a run, for ``.filter(condition)``.

    ``experiment`` is given if all runs are of it: then an index finds what is asked of a metric.
    """
    named = {each.key for each in comparisons_of(node) if each.entity == "metric"}
    keys = metric_key_ids(named)
    return node_condition(node, lambda comparison: _expressed(comparison, keys, experiment))


def order_runs(runs: QuerySet[Run], clauses: Iterable[str]) -> QuerySet[Run]:
    """``runs`` in MLflow's order; missing values last in both directions.

    Ties, and what no clause orders, are newest first and then by run id. Raises ``FilterError``.
    """
    orderings = grammar.parse_order(clauses)
    keys = []
    for index, ordering in enumerate(orderings):
        runs, new = _order_keys(runs, ordering, alias=f"order_{index}")
        keys += new
    if ("attribute", "start_time") not in {(each.entity, each.key) for each in orderings}:
        keys.append(F("start_time").desc())
    return runs.order_by(*keys, "run_id")


def _condition(comparison: Comparison, keys: dict[str, int]) -> Q | Exists:
    match comparison.entity:
        case "attribute":
            return column_condition(_COLUMNS[comparison.key], comparison.operator, comparison.value)
        case "metric":
            if comparison.key not in keys:
                return _NOTHING
            stats = MetricStat.objects.filter(run=OuterRef("pk"), key=keys[comparison.key])
            return Exists(stats.filter(_metric_condition(comparison)))
        case "param":
            return _text_condition(Param.objects.filter(run=OuterRef("pk")), comparison)
        case "tag":
            return _text_condition(RunTag.objects.filter(run=OuterRef("pk")), comparison)
        case _:
            inputs = RunInput.objects.filter(run=OuterRef("pk"), dataset__isnull=False)
            column = _DATASET_COLUMNS[comparison.key]
            return Exists(
                inputs.filter(column_condition(column, comparison.operator, comparison.value))
            )


def _expressed(
    comparison: Comparison, keys: dict[str, int], experiment: Experiment | None
) -> Q | Exists:
    """A comparison of an expression, which can ask more than one of MLflow's grammar."""
    key, operator, value = comparison.key, comparison.operator, comparison.value
    match comparison.entity:
        case "metric":
            rows = MetricStat.objects.filter(run=OuterRef("pk"), key=keys.get(key, -1))
            if operator in EXISTENCE_OPERATORS:
                return Exists(rows) if operator == "IS NOT NULL" else ~Exists(rows)
            statistic = STATISTICS[comparison.statistic]
            condition = number_condition(statistic, operator, value)
            if experiment and comparison.statistic == "last" and operator in _INDEXED:
                # As a set, because run by run the values would be looked up one at a time.
                stats = MetricStat.objects.filter(condition, experiment=experiment)
                return Q(pk__in=stats.filter(key=keys.get(key, -1)).values("run"))
            if operator in {"!=", "NOT IN", "NOT BETWEEN"}:
                # NaN is kept as NULL, and differs from every number.
                condition |= number_condition(statistic, "IS NULL", None)
            return Exists(rows.filter(condition))
        case "param" | "tag":
            model = Param if comparison.entity == "param" else RunTag
            rows = model.objects.filter(run=OuterRef("pk"), key=key)
            if operator in EXISTENCE_OPERATORS:
                return Exists(rows) if operator == "IS NOT NULL" else ~Exists(rows)
            some = value[0] if isinstance(value, tuple) else value
            if isinstance(some, str):
                return Exists(rows.filter(text_condition("value", operator, value)))
            return Exists(rows.filter(number_condition(NUMBER_IN_VALUE, operator, value)))
        case "dataset":
            rows = RunInput.objects.filter(run=OuterRef("pk"), dataset__isnull=False)
            column = _DATASET_COLUMNS[key]
            if operator == "IS NULL":
                return ~Exists(rows.filter(text_condition(column, "IS NOT NULL", None)))
            return Exists(rows.filter(text_condition(column, operator, value)))
        case _:
            if key == "duration":
                return number_condition(DURATION, operator, value)
            if key in TIMES:
                return number_condition(F(key), operator, value)
            return text_condition(_COLUMNS[key], operator, value)


def _metric_condition(comparison: Comparison) -> Q:
    condition = column_condition("last", comparison.operator, comparison.value)
    if comparison.operator == "!=":
        # A latest value of NaN is kept as NULL, and differs from every number.
        return condition | Q(last__isnull=True)
    return condition


def _text_condition(rows: QuerySet, comparison: Comparison) -> Q | Exists:
    rows = rows.filter(key=comparison.key)
    if comparison.operator == "IS NULL":
        return ~Exists(rows)
    if comparison.operator == "IS NOT NULL":
        return Exists(rows)
    return Exists(rows.filter(column_condition("value", comparison.operator, comparison.value)))


def _order_keys(
    runs: QuerySet[Run], ordering: Ordering, *, alias: str
) -> tuple[QuerySet[Run], Sequence]:
    """The runs joined with what they are ordered by, and the keys to order them by."""
    match ordering.entity:
        case "attribute":
            return runs, [_directed(_COLUMNS[ordering.key], ordering)]
        case "metric":
            key = metric_key_ids([ordering.key]).get(ordering.key, -1)
            runs = runs.annotate(**{alias: FilteredRelation("stats", condition=Q(stats__key=key))})
            # Numbers, then NaN (kept as NULL), then runs without the metric.
            rank = Case(
                When(Q((f"{alias}__run__isnull", True)), then=Value(2)),
                When(Q((f"{alias}__last__isnull", True)), then=Value(1)),
                default=Value(0),
                output_field=IntegerField(),
            )
            return runs, [rank.asc(), _directed(f"{alias}__last", ordering)]
        case entity:
            relation = "params" if entity == "param" else "tags"
            runs = runs.annotate(
                **{
                    alias: FilteredRelation(
                        relation, condition=Q((f"{relation}__key", ordering.key))
                    )
                }
            )
            return runs, [_directed(f"{alias}__value", ordering)]


def _directed(column: str, ordering: Ordering):
    if ordering.ascending:
        return F(column).asc(nulls_last=True)
    return F(column).desc(nulls_last=True)
