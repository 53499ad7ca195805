"""MLflow's searches of the registry: filters and orders, as conditions of the ORM.

Conditions can only narrow what a caller already has. Names that a user typed are values here,
never names of fields.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from core.conditions import column_condition
from core.paging import Keyset
from registry.models import ModelVersion, ModelVersionTag, RegisteredModel, RegisteredModelTag
from registry.querysets import PROMPT_TAG
from search import model_versions, registered_models
from search.tree import Comparison, Ordering

# The orders for which nobody asks.
BY_NAME = Keyset(("name",), (str,))
LAST_CHANGED_FIRST = Keyset(("-last_update_time", "model__name", "-version"), (int, str, int))

_MODEL_COLUMNS = {"name": "name", "last_updated_timestamp": "last_update_time"}
_VERSION_COLUMNS = {
    "name": "model__name",
    "version_number": "version",
    "run_id": "source_run_id",
    "source_path": "source",
    "creation_timestamp": "creation_time",
    "last_updated_timestamp": "last_update_time",
}


def search_models(
    models: QuerySet[RegisteredModel], *, filter_text: str = "", order_by: Iterable[str] = ()
) -> QuerySet[RegisteredModel]:
    """Those of ``models`` that the filter matches, by name unless ordered otherwise.

    Prompts are among them only if the filter asks for them. Raises ``FilterError``.
    """
    comparisons = registered_models.parse_filter(filter_text)
    if not _asks_for_prompts(comparisons):
        comparisons = _without_prompt_tag(comparisons)
        models = models.without_prompts()
    tags = RegisteredModelTag.objects.filter(model=OuterRef("pk"))
    conditions = [_condition(each, _MODEL_COLUMNS, tags) for each in comparisons]
    keys = _order_keys(registered_models.parse_order(order_by), _MODEL_COLUMNS)
    return models.filter(*conditions).order_by(*keys, *BY_NAME.columns)


def search_versions(
    versions: QuerySet[ModelVersion], *, filter_text: str = "", order_by: Iterable[str] = ()
) -> QuerySet[ModelVersion]:
    """Those of ``versions`` that the filter matches, the last changed first unless ordered.

    Versions of prompts are among them only if the filter asks for them. Raises ``FilterError``.
    """
    comparisons = model_versions.parse_filter(filter_text)
    if not _asks_for_prompts(comparisons):
        comparisons = _without_prompt_tag(comparisons)
        versions = versions.exclude(model__in=RegisteredModel.objects.prompts())
    tags = ModelVersionTag.objects.filter(model_version=OuterRef("pk"))
    conditions = [_condition(each, _VERSION_COLUMNS, tags) for each in comparisons]
    orderings = model_versions.parse_order(order_by)
    first, *ties = LAST_CHANGED_FIRST.columns
    keys = _order_keys(orderings, _VERSION_COLUMNS) or [first]
    return versions.filter(*conditions).order_by(*keys, *ties)


def _asks_for_prompts(comparisons: Sequence[Comparison]) -> bool:
    """Whether the first word that a filter has on prompts is that it wants them."""
    first = next((each for each in comparisons if _is_about_prompts(each)), None)
    if first is None:
        return False
    return (first.operator, first.value.lower()) in {("=", "true"), ("!=", "false")}


def _without_prompt_tag(comparisons: Sequence[Comparison]) -> Sequence[Comparison]:
    # Ordinary models do not have the tag at all, so "is not a prompt" must not look for it.
    return [each for each in comparisons if not _is_about_prompts(each)]


def _is_about_prompts(comparison: Comparison) -> bool:
    return comparison.entity == "tag" and comparison.key == PROMPT_TAG


def _condition(comparison: Comparison, columns: dict[str, str], tags: QuerySet) -> Q | Exists:
    if comparison.entity == "tag":
        wanted = column_condition("value", comparison.operator, comparison.value)
        return Exists(tags.filter(wanted, key=comparison.key))
    return column_condition(columns[comparison.key], comparison.operator, comparison.value)


def _order_keys(orderings: Iterable[Ordering], columns: dict[str, str]) -> list:
    return [
        F(columns[each.key]).asc() if each.ascending else F(columns[each.key]).desc()
        for each in orderings
    ]
