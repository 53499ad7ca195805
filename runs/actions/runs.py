"""What can be done to a run as a whole, and to its tags."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from core.db import action
from core.ids import new_name, new_run_id
from core.names import MAX_KEY_LENGTH, MAX_RUN_TAG_LENGTH, check_key, check_length
from core.time import now_ms
from experiments.actions import hold_active
from experiments.locations import below
from experiments.models import Experiment, LifecycleStage
from runs.actions.errors import NoSuchTag, RunNameConflict, RunNotActive
from runs.actions.ingest import NAME_TAG, PARENT_TAG, checked_tags, open_for_writing, write_tags
from runs.models import OPEN_STATUSES, Run, RunStatus, RunTag

# The JSON list of models that 2.x clients logged.
MODEL_HISTORY_TAG = "mlflow.log-model.history"


@dataclass(frozen=True)
class _Tag:
    key: str
    value: str


@action
def create_run(
    *,
    experiment: Experiment,
    name: str = "",
    user_id: str = "",
    start_time: int | None = None,
    tags: Mapping[str, str] | None = None,
) -> Run:
    """A new run that is running. ``start_time`` None means 0, which is what MLflow's API does.

    Its name is ``name``, else the tag mlflow.runName, else one made up; the tag always says the
    same. Raises ``ExperimentNotActive``, ``GoneMeanwhile``, ``RunNameConflict``, ``BadName`` or
    ``TooLong``.
    """
    hold_active(experiment)
    values = checked_tags(_Tag(key, value) for key, value in (tags or {}).items())
    tag_name = values.get(NAME_TAG, "")
    if name and tag_name and name != tag_name:
        raise RunNameConflict(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different "
            f"values (run_name='{name}', mlflow.runName='{tag_name}')."
        )
    name = name or tag_name or new_name()

    run_id = new_run_id()
    run = Run(
        run_id=run_id,
        experiment=experiment,
        name=name,
        user_id=user_id,
        start_time=start_time or 0,
        artifact_uri=below(experiment.artifact_location, run_id, "artifacts"),
        parent_run_id=values.get(PARENT_TAG, "")[:32],
    )
    run.save(force_insert=True)
    write_tags(run, values | {NAME_TAG: name})
    return run


@action
def update_run(
    run: Run, *, status: str | None = None, end_time: int | None = None, name: str | None = None
) -> None:
    """Change what is given; any status may follow any other. Raises ``RunNotActive``."""
    if not run.is_active:
        raise RunNotActive(run)
    if status is not None:
        run.status = RunStatus(status)
    if end_time is not None:
        run.end_time = end_time
    # What is not given may have been changed by someone else meanwhile.
    given = {"status": status, "end_time": end_time}
    run.save(update_fields=[field for field, value in given.items() if value is not None])
    if name:
        write_tags(run, {NAME_TAG: name})


@action
def give_up_run(run: Run) -> bool:
    """Mark a run as failed whose code has gone without a word; False if it has ended after all.

    Raises ``RunNotActive``.
    """
    if not run.is_active:
        raise RunNotActive(run)
    given_up = Run.objects.filter(pk=run.pk, status__in=OPEN_STATUSES).update(
        status=RunStatus.FAILED, end_time=now_ms()
    )
    return bool(given_up)


@action
def delete_run(run: Run) -> None:
    """Move a run to the trash; one that is there stays there."""
    if run.is_active:
        run.lifecycle_stage = LifecycleStage.DELETED
        run.deleted_time = now_ms()
        run.save(update_fields=["lifecycle_stage", "deleted_time"])


@action
def restore_run(run: Run) -> None:
    """Take a run out of the trash; one that is not there stays as it is."""
    if not run.is_active:
        run.lifecycle_stage = LifecycleStage.ACTIVE
        run.deleted_time = None
        run.save(update_fields=["lifecycle_stage", "deleted_time"])


@action
def set_tag(run: Run, *, key: str, value: str) -> None:
    """Write one tag; mlflow.runName renames the run. Raises as ``log_batch`` does."""
    if not run.is_active:
        raise RunNotActive(run)
    check_key(key, path="key")
    check_length(key, MAX_KEY_LENGTH, what="key")
    write_tags(run, {key: value[:MAX_RUN_TAG_LENGTH]})


@action
def delete_tag(run: Run, *, key: str) -> None:
    """Raises ``RunNotActive`` or ``NoSuchTag``."""
    if not run.is_active:
        raise RunNotActive(run)
    deleted, _ = RunTag.objects.filter(run=run, key=key).delete()
    if not deleted:
        raise NoSuchTag(f"No tag with name: {key} in run with id {run.run_id}")


@action
def add_to_model_history(run: Run, description: Mapping) -> None:
    """Append a 2.x client's model to the tag that lists the run's models."""
    open_for_writing(run)
    tag = run.tags.filter(key=MODEL_HISTORY_TAG).first()
    history = _read_history(tag.value) if tag else []
    write_tags(run, {MODEL_HISTORY_TAG: json.dumps([*history, description])})


def _read_history(text: str) -> list:
    """What the tag says; a client may have written anything there."""
    try:
        history = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return history if isinstance(history, list) else []
