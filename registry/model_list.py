"""What the list of models shows: models of a workspace, found, sorted, and with their aliases."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from registry.models import (
    ModelAlias,
    ModelVersion,
    RegisteredModel,
    RegisteredModelTag,
)
from workspaces.models import Workspace

MODELS_PER_PAGE = 50
MAX_ALIASES = 4
MAX_TAGS = 3

# Columns by which the list can be sorted, and which way the first click on one goes.
SORTS = {"name": "name", "created": "creation_time", "updated": "last_update_time"}
DEFAULT_SORT = "-updated"


@dataclass(frozen=True)
class Alias:
    """An alias, and the version that it points at."""

    name: str
    version: int


@dataclass(frozen=True)
class ModelRow:
    """One model of the list. What does not fit in is counted."""

    model: RegisteredModel
    latest: ModelVersion | None
    version_count: int
    aliases: Sequence[Alias]
    more_aliases: int
    tags: Sequence[tuple[str, str]]
    more_tags: int

    @property
    def description_line(self) -> str:
        """The first line of the description."""
        return self.model.description.strip().partition("\n")[0]


def visible_models(workspace: Workspace) -> QuerySet[RegisteredModel]:
    """The models of a workspace, without the prompts that MLflow keeps beside them."""
    return workspace.registered_models.without_prompts()


def find_models(models: QuerySet[RegisteredModel], text: str) -> QuerySet[RegisteredModel]:
    """Those with ``text`` in their name, description, an alias or a tag."""
    if not text:
        return models
    tags = RegisteredModelTag.objects.filter(
        Q(key__icontains=text) | Q(value__icontains=text), model=OuterRef("pk")
    )
    aliases = ModelAlias.objects.filter(model=OuterRef("pk"), alias__icontains=text)
    return models.filter(
        Q(name__icontains=text) | Q(description__icontains=text) | Exists(tags) | Exists(aliases)
    )


def sort_models(models: QuerySet[RegisteredModel], sort: str) -> QuerySet[RegisteredModel]:
    """``models`` by one of ``SORTS``, from the other end with a minus; names break ties."""
    column = SORTS[sort.removeprefix("-")]
    return models.order_by(f"-{column}" if sort.startswith("-") else column, "name")


def model_rows(models: Sequence[RegisteredModel]) -> list[ModelRow]:
    """The rows of one page, in four queries however many there are."""
    latest = _latest_versions(models)
    counts = _version_counts(models)
    aliases = aliases_of(models)
    tags = _tags(models)
    return [
        ModelRow(
            model=model,
            latest=latest.get(model.pk),
            version_count=counts.get(model.pk, 0),
            aliases=aliases[model.pk][:MAX_ALIASES],
            more_aliases=max(0, len(aliases[model.pk]) - MAX_ALIASES),
            tags=tags[model.pk][:MAX_TAGS],
            more_tags=max(0, len(tags[model.pk]) - MAX_TAGS),
        )
        for model in models
    ]


def aliases_of(models: Sequence[RegisteredModel]) -> Mapping[int, list[Alias]]:
    """The aliases of each model, those of the newest versions first."""
    found: dict[int, list[Alias]] = defaultdict(list)
    rows = ModelAlias.objects.filter(model__in=models).order_by("-model_version__version", "alias")
    for model, alias, version in rows.values_list("model_id", "alias", "model_version__version"):
        found[model].append(Alias(alias, version))
    return found


def _latest_versions(models: Sequence[RegisteredModel]) -> dict[int, ModelVersion]:
    versions = ModelVersion.objects.live().filter(model__in=models)
    newest = versions.latest_of_each_stage().order_by("version")
    found = {}
    for version in newest:
        found[version.model_id] = version
    by_key = {model.pk: model for model in models}
    for version in found.values():
        version.model = by_key[version.model_id]
    return found


def _version_counts(models: Sequence[RegisteredModel]) -> dict[int, int]:
    versions = ModelVersion.objects.live().filter(model__in=models)
    return dict(versions.values_list("model").annotate(count=Count("pk")))


def _tags(models: Sequence[RegisteredModel]) -> Mapping[int, list[tuple[str, str]]]:
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    rows = RegisteredModelTag.objects.filter(model__in=models).order_by("key")
    for model, key, value in rows.exclude(key__startswith="mlflow.").values_list(
        "model_id", "key", "value"
    ):
        found[model].append((key, value))
    return found
