"""What can be done to versions of registered models."""

from collections.abc import Mapping

from core.db import action
from core.names import TooLong, check_length
from core.time import now_ms
from registry.access import NoSuchVersion
from registry.actions.errors import CannotArchive
from registry.actions.models import lock_model
from registry.models import ModelVersion, ModelVersionTag, RegisteredModel, Stage
from registry.names import MAX_DESCRIPTION_LENGTH, MAX_TAG_LENGTH, check_tag
from registry.querysets import PROMPT_TAG
from registry.sources import find_origin, prompt_origin
from runs.actions.logged_models import record_version

PROMPT_TEXT_TAG = "mlflow.prompt.text"

_ACTIVE_STAGES = [Stage.STAGING, Stage.PRODUCTION]


@action
def create_version(
    model: RegisteredModel,
    *,
    source: str,
    run_id: str | None = None,
    model_id: str | None = None,
    run_link: str = "",
    description: str = "",
    user_id: str = "",
    tags: Mapping[str, str] | None = None,
) -> ModelVersion:
    """The next version of ``model``, with the files that ``source`` names.

    ``run_id`` and ``model_id`` say which run and which logged model it comes from; None leaves
    that to the source. The logged model's tag mlflow.modelVersions learns of it. Numbers are
    dense and unique, also when many register at once.

    Raises ``NoSuchModel``, ``BadSource``, ``NoSuchLoggedModel``, ``BadName``, ``TooLong``, and for
    a source that is another version what looking that one up raises.
    """
    tags = tags or {}
    check_length(description, MAX_DESCRIPTION_LENGTH, what="description")
    check_length(run_link, MAX_DESCRIPTION_LENGTH, what="run_link")
    for key, value in tags.items():
        _check_tag(key, value)
    if tags.get(PROMPT_TAG, "").lower() == "true":
        origin = prompt_origin(source, run_id=run_id)
    else:
        origin = find_origin(model.workspace, source, run_id=run_id, model_id=model_id)

    lock_model(model)
    now = now_ms()
    model.last_version += 1
    model.last_update_time = now
    model.save(update_fields=["last_version", "last_update_time"])
    version = ModelVersion.objects.create(
        model=model,
        version=model.last_version,
        description=description,
        user_id=user_id,
        source=origin.source,
        storage_location=origin.storage_location,
        source_run_id=origin.run_id,
        source_model_id=origin.model_id,
        run=origin.run,
        logged_model=origin.logged_model,
        run_link=run_link,
        creation_time=now,
        last_update_time=now,
    )
    ModelVersionTag.objects.bulk_create(
        ModelVersionTag(model_version=version, key=key, value=value) for key, value in tags.items()
    )
    if origin.logged_model is not None:
        record_version(origin.logged_model, name=model.name, version=version.version)
    return version


@action
def describe_version(version: ModelVersion, *, description: str) -> None:
    """Raises ``TooLong``."""
    check_length(description, MAX_DESCRIPTION_LENGTH, what="description")
    version.description = description
    version.last_update_time = now_ms()
    version.save(update_fields=["description", "last_update_time"])


@action
def move_to_stage(version: ModelVersion, *, stage: Stage, archive_existing: bool = False) -> None:
    """Put a version in a stage; with ``archive_existing`` those that are there go to Archived.

    Raises ``CannotArchive`` unless the stage is Staging or Production.
    """
    if archive_existing and stage not in _ACTIVE_STAGES:
        raise CannotArchive(
            "Model version transition cannot archive existing model versions because "
            f"'{stage.value}' is not an Active stage. Valid stages are "
            f"{[active.value for active in _ACTIVE_STAGES]}"
        )
    _lock_version(version)
    now = now_ms()
    if archive_existing:
        others = version.model.versions.live().filter(stage=stage).exclude(pk=version.pk)
        others.update(stage=Stage.ARCHIVED, last_update_time=now)
    version.stage = stage
    version.last_update_time = now
    version.save(update_fields=["stage", "last_update_time"])
    _touch_model(version.model, now)


@action
def delete_version(version: ModelVersion) -> None:
    """Hide a version and remove its aliases. Its number is not given again, its files stay."""
    _lock_version(version)
    now = now_ms()
    version.aliases.all().delete()
    version.deleted_time = version.last_update_time = now
    version.save(update_fields=["deleted_time", "last_update_time"])
    _touch_model(version.model, now)


@action
def set_version_tag(version: ModelVersion, *, key: str, value: str) -> None:
    """Raises ``BadName`` or ``TooLong``."""
    _check_tag(key, value)
    ModelVersionTag.objects.bulk_create(
        [ModelVersionTag(model_version=version, key=key, value=value)],
        update_conflicts=True,
        unique_fields=["model_version_id", "key"],
        update_fields=["value"],
    )


@action
def delete_version_tag(version: ModelVersion, *, key: str) -> None:
    """Remove a tag; that there is none is fine."""
    version.tags.filter(key=key).delete()


def _check_tag(key: str, value: str) -> None:
    if key == PROMPT_TEXT_TAG and len(value) > MAX_TAG_LENGTH:
        raise TooLong(f"Prompt text exceeds max length of {MAX_TAG_LENGTH} characters.")
    check_tag(key, value)


def _lock_version(version: ModelVersion) -> None:
    """Lock its model. Raises ``NoSuchVersion`` if the version has been deleted meanwhile."""
    lock_model(version.model)
    if not ModelVersion.objects.live().filter(pk=version.pk).exists():
        raise NoSuchVersion(version.model.name, version.version)


def _touch_model(model: RegisteredModel, now: int) -> None:
    model.last_update_time = now
    model.save(update_fields=["last_update_time"])
