"""What can be done to registered models, their tags and their aliases."""

from collections.abc import Mapping

from django.db import IntegrityError

from core.db import action, write
from core.names import check_length
from core.time import now_ms
from registry.access import NoSuchModel, NoSuchVersion
from registry.actions.errors import ModelNameTaken
from registry.models import ModelAlias, ModelVersion, RegisteredModel, RegisteredModelTag
from registry.names import (
    MAX_DESCRIPTION_LENGTH,
    check_alias,
    check_alias_form,
    check_model_name,
    check_tag,
)
from registry.querysets import PROMPT_TAG
from workspaces.models import Workspace


@action
def create_model(
    *,
    workspace: Workspace,
    name: str,
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> RegisteredModel:
    """A registered model without versions; with MLflow's tag for prompts it is a prompt.

    Raises ``BadModelName``, ``ModelNameTaken``, ``BadName`` or ``TooLong``.
    """
    tags = tags or {}
    check_model_name(name)
    check_length(description, MAX_DESCRIPTION_LENGTH, what="description")
    for key, value in tags.items():
        check_tag(key, value)

    now = now_ms()
    model = RegisteredModel(
        workspace=workspace,
        name=name,
        description=description,
        creation_time=now,
        last_update_time=now,
    )
    _save_name(model, as_prompt=tags.get(PROMPT_TAG) == "true")
    RegisteredModelTag.objects.bulk_create(
        RegisteredModelTag(model=model, key=key, value=value) for key, value in tags.items()
    )
    return model


@action
def rename_model(model: RegisteredModel, *, name: str) -> None:
    """Give a model and all its versions another name. Raises as ``create_model`` does."""
    check_model_name(name, path="new_name")
    lock_model(model)
    model.name = name
    model.last_update_time = now_ms()
    _save_name(model, as_prompt=model.is_prompt)
    model.versions.live().update(last_update_time=model.last_update_time)


@action
def describe_model(model: RegisteredModel, *, description: str) -> None:
    """Raises ``TooLong``."""
    check_length(description, MAX_DESCRIPTION_LENGTH, what="description")
    model.description = description
    model.last_update_time = now_ms()
    model.save(update_fields=["description", "last_update_time"])


@action
def delete_model(model: RegisteredModel) -> None:
    """Remove a model with its versions, tags and aliases, for good; the files stay.

    Raises ``NoSuchModel`` if somebody else was quicker.
    """
    # Else PostgreSQL would refuse when a version, tag or alias is added at the same moment.
    lock_model(model)
    model.delete()


@action
def set_model_tag(model: RegisteredModel, *, key: str, value: str) -> None:
    """Raises ``BadName`` or ``TooLong``."""
    check_tag(key, value)
    RegisteredModelTag.objects.bulk_create(
        [RegisteredModelTag(model=model, key=key, value=value)],
        update_conflicts=True,
        unique_fields=["model_id", "key"],
        update_fields=["value"],
    )


@action
def delete_model_tag(model: RegisteredModel, *, key: str) -> None:
    """Remove a tag; that there is none is fine."""
    model.tags.filter(key=key).delete()


@action
def set_alias(version: ModelVersion, *, alias: str) -> int | None:
    """Make ``alias`` point at ``version``, and at no other version of its model any more.

    Returns the number of the version it pointed at before, None if it was not there. Raises
    ``BadAlias``, ``TooLong`` or ``NoSuchVersion``.
    """
    check_alias(alias)
    lock_model(version.model)
    if not ModelVersion.objects.live().filter(pk=version.pk).exists():
        raise NoSuchVersion(version.model.name, version.version)
    aliases = version.model.aliases.filter(alias=alias)
    before = aliases.values_list("model_version__version", flat=True).first()
    ModelAlias.objects.bulk_create(
        [ModelAlias(model=version.model, alias=alias, model_version=version)],
        update_conflicts=True,
        unique_fields=["model_id", "alias"],
        update_fields=["model_version"],
    )
    return before


@action
def delete_alias(model: RegisteredModel, *, alias: str) -> None:
    """Remove an alias; that there is none is fine. Raises ``BadAlias`` or ``TooLong``."""
    check_alias_form(alias)
    model.aliases.filter(alias=alias).delete()


def lock_model(model: RegisteredModel) -> None:
    """Let nobody else change the model, its versions or aliases until this action is over.

    What is read of ``model`` afterwards is what is written in the database now. Raises
    ``NoSuchModel`` if it has been deleted meanwhile.
    """
    try:
        row = RegisteredModel.objects.select_for_update().get(pk=model.pk)
    except RegisteredModel.DoesNotExist:
        raise NoSuchModel(model.name) from None
    model.name, model.last_version = row.name, row.last_version


def _save_name(model: RegisteredModel, *, as_prompt: bool) -> None:
    """Write the model; its name is its own in the workspace, or this raises ``ModelNameTaken``."""
    others = RegisteredModel.objects.filter(workspace=model.workspace, name=model.name)
    other = others.exclude(pk=model.pk).first()
    if other is None:
        try:
            # Inside its own transaction, so that the one around it can go on and look.
            with write():
                model.save()
        except IntegrityError:
            other = others.exclude(pk=model.pk).first()
            if other is None:
                raise
    if other is not None:
        raise ModelNameTaken(other, as_prompt=as_prompt)
