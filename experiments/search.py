"""MLflow's filters and orders of experiments, as conditions of the ORM."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.conditions import column_condition
from core.paging import Keyset
from experiments.models import Experiment, ExperimentTag
from search import experiments as grammar
from search.tree import Comparison

_COLUMNS = {
    "name": "name",
    "experiment_id": "pk",
    "creation_time": "creation_time",
    "last_update_time": "last_update_time",
}


# The order of experiments for which nobody asks.
NEWEST_FIRST = Keyset(("-creation_time", "pk"), (int, int))


def search_experiments(
    experiments: QuerySet[Experiment], *, filter_text: str, order_by: Iterable[str]
) -> QuerySet[Experiment]:
    """Those that the filter matches, in the order asked for. Raises ``FilterError``."""
    conditions = [_condition(each) for each in grammar.parse_filter(filter_text)]
    orderings = grammar.parse_order(order_by)
    keys = [("" if each.ascending else "-") + _COLUMNS[each.key] for each in orderings]
    if not keys:
        keys = NEWEST_FIRST.columns
    elif "experiment_id" not in {each.key for each in orderings}:
        keys.append("-pk")
    return experiments.filter(*conditions).order_by(*keys)


def _condition(comparison: Comparison) -> Q | Exists:
    if comparison.entity == "attribute":
        value = comparison.value
        if comparison.key == "experiment_id":
            value = _keys(value)
        return column_condition(_COLUMNS[comparison.key], comparison.operator, value)
    tags = ExperimentTag.objects.filter(experiment=OuterRef("pk"), key=comparison.key)
    if comparison.operator == "IS NULL":
        return ~Exists(tags)
    if comparison.operator == "IS NOT NULL":
        return Exists(tags)
    return Exists(tags.filter(column_condition("value", comparison.operator, comparison.value)))


def _keys(value: str | tuple[str, ...]) -> int | list[int]:
    """Experiment ids as keys; what is no number names no experiment."""
    if isinstance(value, tuple):
        return [_key(each) for each in value]
    return _key(value)


def _key(text: str | int) -> int:
    try:
        key = int(text)
    except ValueError:
        return -1
    return key if 0 <= key < 2**63 else -1
