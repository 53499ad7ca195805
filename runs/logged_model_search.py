"""MLflow's filters and orders of logged models, as conditions of the ORM."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from core.conditions import column_condition
from core.paging import Keyset
from runs.models import LoggedModel, LoggedModelMetric, LoggedModelParam, LoggedModelTag
from search import logged_models as grammar
from search.tree import Comparison

_COLUMNS = {
    "name": "name",
    "model_id": "model_id",
    "model_type": "model_type",
    "status": "status",
    "source_run_id": "source_run_id",
    "creation_timestamp": "creation_time",
    "last_updated_timestamp": "last_update_time",
}


# The order of logged models for which nobody asks.
NEWEST_FIRST = Keyset(("-creation_time", "model_id"), (int, str))


@dataclass(frozen=True)
class MeasuredOn:
    """A data set that metrics are restricted to; an empty digest is any version of it."""

    name: str
    digest: str = ""


@dataclass(frozen=True)
class ModelOrder:
    """One thing to sort logged models by; a metric's may be only of one data set."""

    field: str
    ascending: bool = True
    dataset: MeasuredOn | None = None


def search_logged_models(
    models: QuerySet[LoggedModel],
    *,
    filter_text: str,
    datasets: Sequence[MeasuredOn] = (),
    order_by: Sequence[ModelOrder] = (),
) -> QuerySet[LoggedModel]:
    """Those that the filter matches, in the order asked for, then the newest first.

    A metric matches if any of its points on one of ``datasets`` does; models are ordered by the
    latest one (step, timestamp, value). Without a metric in the filter, ``datasets`` ask for any
    metric on them. Raises ``FilterError``.
    """
    comparisons = grammar.parse_filter(filter_text)
    for comparison in comparisons:
        models = _narrowed(models, comparison, datasets)
    if datasets and not any(each.entity == "metric" for each in comparisons):
        points = LoggedModelMetric.objects.filter(_on(datasets), model=OuterRef("pk"))
        models = models.filter(Exists(points))

    keys = []
    orderings = grammar.parse_order((each.field, each.ascending) for each in order_by)
    for index, (ordering, asked) in enumerate(zip(orderings, order_by, strict=True)):
        if ordering.entity == "metric":
            column = f"order_{index}"
            on = [asked.dataset] if asked.dataset else []
            models = models.annotate(**{column: _latest(ordering.key, on)})
        else:
            column = _COLUMNS[ordering.key]
        key = F(column)
        keys.append(key.asc(nulls_last=True) if ordering.ascending else key.desc(nulls_last=True))
    return models.order_by(*keys, *NEWEST_FIRST.columns)


def _narrowed(
    models: QuerySet[LoggedModel], comparison: Comparison, datasets: Iterable[MeasuredOn]
) -> QuerySet[LoggedModel]:
    operator, value = comparison.operator, comparison.value
    match comparison.entity:
        case "attribute":
            if comparison.key == "status":
                value = _stored_status(value)
            return models.filter(column_condition(_COLUMNS[comparison.key], operator, value))
        case "metric":
            points = LoggedModelMetric.objects.filter(
                _on(datasets), model=OuterRef("pk"), key=comparison.key
            )
            condition = column_condition("value", operator, value)
            if operator == "!=":
                condition |= Q(is_nan=True)
            else:
                condition &= Q(is_nan=False)
            return models.filter(Exists(points.filter(condition)))
        case entity:
            table = LoggedModelParam if entity == "param" else LoggedModelTag
            rows = table.objects.filter(model=OuterRef("pk"), key=comparison.key)
            if operator == "IS NULL":
                return models.filter(~Exists(rows))
            if operator == "IS NOT NULL":
                return models.filter(Exists(rows))
            return models.filter(Exists(rows.filter(column_condition("value", operator, value))))


def _latest(key: str, datasets: Iterable[MeasuredOn]) -> Subquery:
    points = LoggedModelMetric.objects.filter(_on(datasets), model=OuterRef("pk"), key=key)
    return Subquery(points.order_by("-step", "-timestamp", "-value").values("value")[:1])


def _on(datasets: Iterable[MeasuredOn]) -> Q:
    condition = Q()
    for dataset in datasets:
        one = Q(dataset_name=dataset.name)
        if dataset.digest:
            one &= Q(dataset_digest=dataset.digest)
        condition |= one
    return condition


def _stored_status(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(_stored_status(each) for each in value)
    return value if value.startswith("LOGGED_MODEL_") else f"LOGGED_MODEL_{value}"
