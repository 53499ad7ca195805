"""What can be done to experiments. Each verb is a transaction of its own."""

from collections.abc import Collection, Mapping, Sequence

from django.db import IntegrityError

from core.db import GoneMeanwhile, action, hold, lock_row, lock_with_contents
from core.errors import Invalid, Missing, Taken
from core.formatting import middle_text, parse_style
from core.names import (
    MAX_EXPERIMENT_NAME_LENGTH,
    MAX_EXPERIMENT_TAG_LENGTH,
    MAX_KEY_LENGTH,
    check_key,
    check_length,
)
from core.time import now_ms
from experiments.locations import absolute_location, default_artifact_location
from experiments.models import (
    DEFAULT_EXPERIMENT_ID,
    Direction,
    Experiment,
    ExperimentTag,
    LifecycleStage,
)
from workspaces.locations import check_artifact_location
from workspaces.models import Workspace

# MLflow's own tags for the metric that matters, which clients may set and read.
PRIMARY_METRIC_TAG = "mlflow.experiment.primaryMetric.name"
HIGHER_IS_BETTER_TAG = "mlflow.experiment.primaryMetric.greaterIsBetter"

# Beside the directions: nobody wants the greatest or the least.
NEITHER = "neither"
MAX_METRIC_SETTINGS = 300

# What is to be said of a metric: which values are better, and how its numbers are written.
MetricSetting = tuple[str, str]
# More hyperparameters than these tell no repetitions apart.
MAX_REPLICATE_KEYS = 50
DEFAULT_REPLICATE_KEYS = ("seed",)
# A week without a word is silence in any experiment.
MAX_STALLED_AFTER_MINUTES = 7 * 24 * 60


class InvalidExperimentName(Invalid):
    """An experiment's name is 1 to 500 characters and not just blanks."""


class ExperimentNameTaken(Taken):
    """Another experiment of the workspace, perhaps a deleted one, has that name."""

    def __init__(self, experiment: Experiment) -> None:
        where = (
            " in deleted state. You can restore the experiment, or permanently delete the "
            "experiment to create a new one."
            if not experiment.is_active
            else ""
        )
        super().__init__(f"Experiment(name={experiment.name}) already exists{where or '.'}")
        self.experiment = experiment


class ExperimentNotActive(Invalid):
    """A deleted experiment takes no changes until it is restored."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(
            f"The experiment {experiment.pk} must be in the 'active' state. "
            f"Current state is {experiment.lifecycle_stage}."
        )


class ExperimentNotInTrash(Invalid):
    """Only what is in the trash is removed for good."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(f"The experiment {experiment.pk} is not in the Trash.")


class DefaultExperiment(Invalid):
    """Clients that name no experiment mean the default one, so it cannot be removed for good."""

    def __init__(self) -> None:
        super().__init__("The experiment Default is what clients use that name none: it stays.")


class BadMetricSetting(Invalid):
    """It names no metric, no direction or no number format."""


class TooManyMetricSettings(Invalid):
    """An experiment keeps what is said of a few hundred metrics, which every page of it reads."""

    def __init__(self) -> None:
        super().__init__(
            f"An experiment keeps the formats and directions of at most {MAX_METRIC_SETTINGS} "
            "metrics. Set one back to automatic first."
        )


class BadStalledAfter(Invalid):
    """A run counts as stalled after one minute to one week."""

    def __init__(self) -> None:
        super().__init__(f"From 1 to {MAX_STALLED_AFTER_MINUTES:,} minutes.")


class BadReplicateKeys(Invalid):
    """Replicate keys are a few names that hyperparameters can have."""


class NoSuchExperimentTag(Missing):
    """The experiment has no tag of that name."""


@action
def create_experiment(
    *,
    workspace: Workspace,
    name: str,
    artifact_location: str = "",
    tags: Mapping[str, str] | None = None,
    replicate_keys: Sequence[str] = DEFAULT_REPLICATE_KEYS,
) -> Experiment:
    """A new, empty experiment.

    Its artifacts go through this server unless ``artifact_location`` says otherwise. Raises
    ``InvalidExperimentName``, ``ExperimentNameTaken``, ``BadArtifactLocation``, ``BadName``,
    ``TooLong`` or ``BadReplicateKeys``.
    """
    _check_name(name)
    check_replicate_keys(replicate_keys)
    if artifact_location:
        check_artifact_location(artifact_location, workspace_slug=workspace.slug)
        artifact_location = absolute_location(artifact_location)
    for key, value in (tags or {}).items():
        _check_tag(key, value)
    _refuse_taken(workspace, name)

    try:
        experiment = Experiment.objects.create(
            workspace=workspace,
            name=name,
            artifact_location=artifact_location,
            replicate_keys="\n".join(replicate_keys),
        )
    except IntegrityError:
        # Someone else was quicker on PostgreSQL; on SQLite nobody can be.
        raise Taken(f"Experiment(name={name}) already exists.") from None
    if not artifact_location:
        experiment.artifact_location = default_artifact_location(workspace, experiment.pk)
        experiment.save(update_fields=["artifact_location"])
    _write_tags(experiment, tags or {})
    return experiment


@action
def rename_experiment(experiment: Experiment, *, name: str) -> None:
    """Raises ``ExperimentNotActive``, ``InvalidExperimentName`` or ``ExperimentNameTaken``."""
    if not experiment.is_active:
        raise ExperimentNotActive(experiment)
    _check_name(name)
    if name != experiment.name:
        _refuse_taken(experiment.workspace, name)
    experiment.name = name
    experiment.last_update_time = now_ms()
    try:
        experiment.save(update_fields=["name", "last_update_time"])
    except IntegrityError:
        raise Taken(f"Experiment(name={name}) already exists.") from None


@action
def delete_experiment(experiment: Experiment) -> None:
    """Move an active experiment and all its runs to the trash."""
    now = now_ms()
    experiment.lifecycle_stage = LifecycleStage.DELETED
    experiment.last_update_time = now
    experiment.save(update_fields=["lifecycle_stage", "last_update_time"])
    experiment.runs.active().update(lifecycle_stage=LifecycleStage.DELETED, deleted_time=now)


@action
def restore_experiment(experiment: Experiment) -> None:
    """Take an experiment out of the trash, with every run of it, as MLflow does.

    Of one that is not there, the runs in the trash stay there.
    """
    if lock_row(experiment).is_active:
        return
    experiment.lifecycle_stage = LifecycleStage.ACTIVE
    experiment.last_update_time = now_ms()
    experiment.save(update_fields=["lifecycle_stage", "last_update_time"])
    experiment.runs.deleted().update(lifecycle_stage=LifecycleStage.ACTIVE, deleted_time=None)


@action
def purge_experiment(experiment: Experiment) -> None:
    """Remove an experiment in the trash and every row in it, for good; files stay.

    Raises ``DefaultExperiment``, ``ExperimentNotInTrash`` or ``GoneMeanwhile``.
    """
    if experiment.pk == DEFAULT_EXPERIMENT_ID:
        raise DefaultExperiment
    rows = Experiment.objects.filter(pk=experiment.pk)
    lock_with_contents(rows)
    found = rows.first()
    if found is None:
        raise GoneMeanwhile
    if found.is_active:
        raise ExperimentNotInTrash(experiment)
    found.delete()


def hold_active(experiment: Experiment) -> None:
    """From here on nobody moves the experiment to the trash or removes it.

    Belongs inside an action. Raises ``ExperimentNotActive`` or ``GoneMeanwhile``.
    """
    stages = hold(Experiment.objects.filter(pk=experiment.pk), "lifecycle_stage")
    if not stages:
        raise GoneMeanwhile
    experiment.lifecycle_stage = stages[0]
    if not experiment.is_active:
        raise ExperimentNotActive(experiment)


@action
def set_tag(experiment: Experiment, *, key: str, value: str) -> None:
    """Raises ``ExperimentNotActive``, ``BadName`` or ``TooLong``; never cuts a value short."""
    if not experiment.is_active:
        raise ExperimentNotActive(experiment)
    _check_tag(key, value)
    _write_tags(experiment, {key: value})


@action
def delete_tag(experiment: Experiment, *, key: str) -> None:
    """Raises ``ExperimentNotActive`` or ``NoSuchExperimentTag``."""
    if not experiment.is_active:
        raise ExperimentNotActive(experiment)
    if not _drop_tags(experiment, [key]):
        raise NoSuchExperimentTag(f"No tag with name: {key} in experiment with id {experiment.pk}")


@action
def change_experiment(
    experiment: Experiment,
    *,
    name: str,
    tags: Mapping[str, str],
    removed: Collection[str] = (),
    replicate_keys: Sequence[str] | None = None,
    stalled_after_minutes: int | None = None,
    metrics: Mapping[str, MetricSetting] | None = None,
) -> None:
    """Rename it if the name is another one, write ``tags``, and drop the tags ``removed``.

    So with ``replicate_keys``, ``stalled_after_minutes``, and with what is said of ``metrics``, if
    they are given; nothing else is said of other metrics than before. All of it or nothing. Raises
    as ``rename_experiment``, ``set_tag`` and ``describe_metric`` do, and ``BadReplicateKeys`` and
    ``BadStalledAfter``.
    """
    if not experiment.is_active:
        raise ExperimentNotActive(experiment)
    if name != experiment.name:
        rename_experiment(experiment, name=name)
    for key, value in tags.items():
        _check_tag(key, value)
    _write_tags(experiment, tags)
    _drop_tags(experiment, removed)
    if replicate_keys is not None:
        check_replicate_keys(replicate_keys)
        experiment.replicate_keys = "\n".join(replicate_keys)
        experiment.save(update_fields=["replicate_keys"])
    if stalled_after_minutes is not None:
        if not 1 <= stalled_after_minutes <= MAX_STALLED_AFTER_MINUTES:
            raise BadStalledAfter
        experiment.stalled_after_minutes = stalled_after_minutes
        experiment.save(update_fields=["stalled_after_minutes"])
    if metrics:
        _describe_metrics(experiment, metrics)


@action
def describe_metric(
    experiment: Experiment, *, metric: str, better: str, number_format: str
) -> None:
    """Say which values of a metric are better, and how its numbers are written, for everyone.

    ``better`` is a ``Direction``, "neither", or "" for what the name suggests; the primary metric
    always has a direction, which MLflow's tag says too. ``number_format`` is "" for the usual one.
    Raises ``ExperimentNotActive``, ``BadMetricSetting`` or ``TooManyMetricSettings``.
    """
    if not experiment.is_active:
        raise ExperimentNotActive(experiment)
    _describe_metrics(experiment, {metric: (better, number_format)})


def check_replicate_keys(keys: Sequence[str]) -> None:
    """Raises ``BadReplicateKeys`` unless each could name a hyperparameter, and they are few."""
    if len(keys) > MAX_REPLICATE_KEYS:
        raise BadReplicateKeys(f"At most {MAX_REPLICATE_KEYS} names; these are {len(keys)}.")
    for key in keys:
        try:
            check_key(key, path="replicate key")
            check_length(key, MAX_KEY_LENGTH, what="replicate key")
        except Invalid:
            raise BadReplicateKeys(
                f"{middle_text(key, 40)!r} can be no hyperparameter's name: letters, digits, "
                f"spaces and _ - . : / only, at most {MAX_KEY_LENGTH} characters."
            ) from None


def _describe_metrics(experiment: Experiment, metrics: Mapping[str, MetricSetting]) -> None:
    for metric, (better, number_format) in metrics.items():
        _check_metric_setting(metric, better, number_format)
    # What others said meanwhile of other metrics is kept.
    current = lock_row(experiment)
    settings = dict(current.metric_settings)
    for metric, (better, number_format) in metrics.items():
        direction = better
        if metric == current.primary_metric:
            if better in Direction.values:
                _write_tags(experiment, {HIGHER_IS_BETTER_TAG: str(better == Direction.HIGHER)})
            direction = ""
        said = {"better": direction, "format": number_format}
        settings[metric] = {name: value for name, value in said.items() if value}
        if not settings[metric]:
            del settings[metric]
    if len(settings) > MAX_METRIC_SETTINGS:
        raise TooManyMetricSettings
    experiment.metric_settings = settings
    experiment.save(update_fields=["metric_settings"])


def _check_metric_setting(metric: str, better: str, number_format: str) -> None:
    if not metric or len(metric) > MAX_KEY_LENGTH or "\x00" in metric:
        raise BadMetricSetting("That is no metric's name.")
    if better not in {"", NEITHER, *Direction.values}:
        raise BadMetricSetting(f"Better is higher, lower or neither, not {better!r}.")
    try:
        if number_format:
            parse_style(number_format)
    except ValueError as error:
        raise BadMetricSetting(str(error)) from None


def _write_tags(experiment: Experiment, tags: Mapping[str, str]) -> None:
    """Write tags over what is there, and the fields of the experiment that they mirror."""
    ExperimentTag.objects.bulk_create(
        [ExperimentTag(experiment=experiment, key=key, value=value) for key, value in tags.items()],
        update_conflicts=True,
        unique_fields=["experiment_id", "key"],
        update_fields=["value"],
    )
    mirrored = []
    if PRIMARY_METRIC_TAG in tags:
        experiment.primary_metric = tags[PRIMARY_METRIC_TAG][:MAX_KEY_LENGTH]
        mirrored.append("primary_metric")
    if HIGHER_IS_BETTER_TAG in tags:
        lower = tags[HIGHER_IS_BETTER_TAG].strip().lower() == "false"
        experiment.primary_direction = Direction.LOWER if lower else Direction.HIGHER
        mirrored.append("primary_direction")
    if mirrored:
        experiment.save(update_fields=mirrored)


def _drop_tags(experiment: Experiment, keys: Collection[str]) -> int:
    """Drop tags, with what their mirrors say, and answer how many there were."""
    deleted, _ = experiment.tags.filter(key__in=keys).delete()
    mirrored = []
    if PRIMARY_METRIC_TAG in keys:
        experiment.primary_metric = ""
        mirrored.append("primary_metric")
    if HIGHER_IS_BETTER_TAG in keys:
        experiment.primary_direction = Direction.HIGHER
        mirrored.append("primary_direction")
    if mirrored:
        experiment.save(update_fields=mirrored)
    return deleted


def _check_name(name: str) -> None:
    if not name.strip():
        raise InvalidExperimentName(f"Invalid experiment name: '{name}'")
    check_length(name, MAX_EXPERIMENT_NAME_LENGTH, what="name")


def _check_tag(key: str, value: str) -> None:
    check_key(key, path="key")
    check_length(key, MAX_KEY_LENGTH, what="key")
    check_length(value, MAX_EXPERIMENT_TAG_LENGTH, what="value")


def _refuse_taken(workspace: Workspace, name: str) -> None:
    other = Experiment.objects.filter(workspace=workspace, name=name).first()
    if other is not None:
        raise ExperimentNameTaken(other)
