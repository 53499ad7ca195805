"""From rows of the registry to the messages that clients get, some hundred rows at a time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from mlflow_api.assemble import chunks
from mlflow_api.schemas.common import Pair
from mlflow_api.schemas.registry import ModelVersion, RegisteredModel, RegisteredModelAlias
from registry import models


def model_messages(found: Iterable[models.RegisteredModel]) -> list[RegisteredModel]:
    """The models with their tags, their aliases and the latest version of each stage."""
    return [message for some in chunks(found) for message in _models(some)]


def version_messages(
    found: Iterable[models.ModelVersion], *, with_aliases: bool = False
) -> list[ModelVersion]:
    """The versions with their tags; ``model`` must be loaded with them.

    Their aliases are told where a call is about one version, or the latest ones. In other lists
    MLflow leaves them to the models.
    """
    return [
        message for some in chunks(found) for message in _versions(some, with_aliases=with_aliases)
    ]


def _models(found: Sequence[models.RegisteredModel]) -> Iterator[RegisteredModel]:
    keys = [model.pk for model in found]
    tags: dict[int, list[Pair]] = defaultdict(list)
    rows = models.RegisteredModelTag.objects.filter(model__in=keys).order_by("key")
    for model, key, value in rows.values_list("model_id", "key", "value"):
        tags[model].append(Pair(key, value))

    aliases: dict[int, list[RegisteredModelAlias]] = defaultdict(list)
    rows = models.ModelAlias.objects.filter(model__in=keys).order_by("alias")
    for model, alias, version in rows.values_list("model_id", "alias", "model_version__version"):
        aliases[model].append(RegisteredModelAlias(alias, str(version)))

    latest: dict[int, list[ModelVersion]] = defaultdict(list)
    rows = models.ModelVersion.objects.live().filter(model__in=keys).latest_of_each_stage()
    versions = list(rows.select_related("model").order_by("version"))
    for version, message in zip(versions, version_messages(versions), strict=True):
        latest[version.model_id].append(message)

    for model in found:
        yield RegisteredModel(
            name=model.name,
            creation_timestamp=model.creation_time,
            last_updated_timestamp=model.last_update_time,
            description=model.description,
            latest_versions=latest[model.pk],
            tags=tags[model.pk],
            aliases=aliases[model.pk],
        )


def _versions(
    found: Sequence[models.ModelVersion], *, with_aliases: bool
) -> Iterator[ModelVersion]:
    keys = [version.pk for version in found]
    tags: dict[int, list[Pair]] = defaultdict(list)
    rows = models.ModelVersionTag.objects.filter(model_version__in=keys).order_by("key")
    for version, key, value in rows.values_list("model_version_id", "key", "value"):
        tags[version].append(Pair(key, value))

    aliases: dict[int, list[str]] = defaultdict(list)
    if with_aliases:
        rows = models.ModelAlias.objects.filter(model_version__in=keys).order_by("alias")
        for version, alias in rows.values_list("model_version_id", "alias"):
            aliases[version].append(alias)

    for version in found:
        yield ModelVersion(
            name=version.model.name,
            version=str(version.version),
            creation_timestamp=version.creation_time,
            last_updated_timestamp=version.last_update_time,
            current_stage=version.stage,
            description=version.description,
            source=version.source,
            run_id=version.source_run_id,
            status=version.status,
            run_link=version.run_link,
            user_id=version.user_id,
            status_message=version.status_message,
            model_id=version.source_model_id,
            tags=tags[version.pk],
            aliases=aliases[version.pk],
        )
