"""What can be done to logged models."""

import json
from collections.abc import Iterable, Mapping

from core.db import action
from core.errors import Invalid, Missing
from core.ids import new_logged_model_id, new_name
from core.names import MAX_KEY_LENGTH, BadName, check_length, missing_value
from core.time import now_ms
from experiments.actions import ExperimentNotActive
from experiments.locations import below
from experiments.models import Experiment
from runs.models import LoggedModel, LoggedModelParam, LoggedModelStatus, LoggedModelTag

# The tag by which MLflow's clients see which registered versions a logged model has.
VERSIONS_TAG = "mlflow.modelVersions"

_FORBIDDEN = ("/", ":", ".", "%", '"', "'")


class BadModelName(Invalid):
    """A logged model's name has a character that its URIs cannot hold."""


class ModelParamChanged(Invalid):
    """A param of a logged model is written already, with another value."""


class NoSuchModelTag(Missing):
    """The logged model has no tag of that name."""


@action
def create_logged_model(
    *,
    experiment: Experiment,
    name: str = "",
    model_type: str = "",
    source_run_id: str = "",
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> LoggedModel:
    """A new logged model whose files are still to come.

    Raises ``ExperimentNotActive``, ``BadModelName``, ``BadName`` or ``TooLong``.
    """
    if not experiment.is_active:
        raise ExperimentNotActive(experiment)
    if any(character in name for character in _FORBIDDEN):
        raise BadModelName(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string and "
            f"cannot contain the following characters: {_FORBIDDEN}"
        )
    check_length(name, 500, what="name")
    check_length(model_type, 500, what="model_type")
    model_id = new_logged_model_id()
    now = now_ms()
    model = LoggedModel.objects.create(
        model_id=model_id,
        experiment=experiment,
        name=name or new_name(),
        model_type=model_type,
        source_run_id=source_run_id,
        artifact_uri=below(experiment.artifact_location, "models", model_id, "artifacts"),
        creation_time=now,
        last_update_time=now,
    )
    _write_params(model, params or {})
    _write_tags(model, tags or {})
    return model


@action
def finalize(model: LoggedModel, *, status: LoggedModelStatus) -> None:
    """Say whether the model's files all arrived."""
    model.status = status
    model.last_update_time = now_ms()
    model.save(update_fields=["status", "last_update_time"])


@action
def delete_logged_model(model: LoggedModel) -> None:
    """Hide a logged model; its row and files stay. One that is hidden stays as it is."""
    if model.deleted_time is not None:
        return
    model.deleted_time = model.last_update_time = now_ms()
    model.save(update_fields=["deleted_time", "last_update_time"])


@action
def log_params(model: LoggedModel, *, params: Mapping[str, str]) -> None:
    """Add params; the same again is harmless. Raises ``ModelParamChanged``."""
    _write_params(model, params)


@action
def set_tags(model: LoggedModel, *, tags: Mapping[str, str]) -> None:
    """Write tags over what is there. Raises ``BadName`` or ``TooLong``."""
    _write_tags(model, tags)
    model.last_update_time = now_ms()
    model.save(update_fields=["last_update_time"])


@action
def delete_tag(model: LoggedModel, *, key: str) -> None:
    """Raises ``NoSuchModelTag``."""
    deleted, _ = model.tags.filter(key=key).delete()
    if not deleted:
        raise NoSuchModelTag(f"No tag with key {key!r} found for model with ID {model.model_id!r}.")


@action
def record_version(model: LoggedModel, *, name: str, version: int) -> None:
    """Note on the logged model that ``name`` has it as ``version``, where clients look for it."""
    noted = {"name": name, "version": version}
    tag = model.tags.filter(key=VERSIONS_TAG).first()
    versions = _recorded_versions(tag.value) if tag else []
    if noted not in versions:
        _write_tags(model, {VERSIONS_TAG: json.dumps([*versions, noted])})


def _recorded_versions(text: str) -> list:
    """What the tag says; a client may have written anything there."""
    try:
        versions = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return versions if isinstance(versions, list) else []


def _check_keys(keys: Iterable[str], *, path: str) -> None:
    """Any characters may be in them, as in MLflow: they name no files, unlike those of runs."""
    for key in keys:
        if not key:
            raise BadName(missing_value(path))
        check_length(key, MAX_KEY_LENGTH, what=path)


def _write_params(model: LoggedModel, params: Mapping[str, str]) -> None:
    _check_keys(params, path="params.key")
    there = dict(model.params.filter(key__in=params).values_list("key", "value"))
    changed = [key for key, value in params.items() if there.get(key, value) != value]
    if changed:
        raise ModelParamChanged(
            f"Changing param values is not allowed. Params {changed} of model {model.model_id} "
            "were already logged with other values."
        )
    LoggedModelParam.objects.bulk_create(
        LoggedModelParam(model=model, key=key, value=value)
        for key, value in params.items()
        if key not in there
    )


def _write_tags(model: LoggedModel, tags: Mapping[str, str]) -> None:
    _check_keys(tags, path="tags.key")
    LoggedModelTag.objects.bulk_create(
        [LoggedModelTag(model=model, key=key, value=value) for key, value in tags.items()],
        update_conflicts=True,
        unique_fields=["model_id", "key"],
        update_fields=["value"],
    )
