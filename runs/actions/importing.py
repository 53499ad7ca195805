"""Writing what another MLflow store kept: experiments, logged models and runs, as they were there.

Ids, times and stages are taken over, which no client can ask for. What is here already stays as
it is, so the same again changes nothing.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.db import action, copied, upsert_rows
from core.errors import Invalid, Taken
from core.ids import new_name
from core.names import MAX_KEY_LENGTH
from experiments.actions import create_experiment, set_tag
from experiments.models import Experiment, LifecycleStage
from runs.actions.datasets import UsedDataset
from runs.actions.ingest import (
    MAX_METRICS,
    NAME_TAG,
    PARENT_TAG,
    STAT_COLUMNS,
    log_batch,
    note_keys,
    write_params,
    write_tags,
)
from runs.actions.runs import update_run
from runs.keys import ensure_metric_key_ids
from runs.models import (
    Dataset,
    KeyKind,
    LoggedModel,
    LoggedModelMetric,
    LoggedModelParam,
    LoggedModelTag,
    Metric,
    MetricStat,
    Param,
    Run,
    RunInput,
    RunOutput,
    RunTag,
)
from runs.models.datasets import CONTEXT_TAG
from runs.stats import Point, Stat
from workspaces.models import Workspace

# What is taken over as it is.
_RUN_FIELDS = (
    "run_id name user_id status lifecycle_stage start_time end_time deleted_time artifact_uri"
)
_MODEL_FIELDS = (
    "model_id name model_type source_run_id status status_message artifact_uri creation_time"
    " last_update_time deleted_time"
)
_DATASET_FIELDS = "name digest source_type source schema profile"

_STAT_FIELDS = list(STAT_COLUMNS)[3:]
_PAIR_TYPES = {"key": "varchar", "value": "text"}
_POINT_TYPES = {"step": "bigint", "timestamp": "bigint", "value": "float8", "is_nan": "bool"}


class IdTaken(Taken):
    """The id of a run or logged model is in use in a workspace that is not the one to copy to."""

    def __init__(self, what: str, identifier: str, workspace: Workspace) -> None:
        super().__init__(
            f"The {what} {identifier} is in the workspace '{workspace.slug}' already, and an id "
            "cannot be in two workspaces."
        )


class ExperimentInTrash(Invalid):
    """The experiment is in use at its source and in the trash here."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(
            f"The experiment '{experiment.name}' is in the trash here. Restore it and start again."
        )


@dataclass(frozen=True)
class ImportedExperiment:
    """An experiment as its source has it; ``artifact_location`` empty means this site's own."""

    name: str
    lifecycle_stage: LifecycleStage
    creation_time: int
    last_update_time: int
    artifact_location: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportedModelPoint:
    """One point about a logged model: which run logged it, and on which data set if on one."""

    run_id: str
    key: str
    point: Point
    dataset_name: str = ""
    dataset_digest: str = ""


@dataclass(frozen=True)
class ImportedLoggedModel:
    """A logged model as its source has it, but for ``artifact_uri``, which is where files are."""

    model_id: str
    name: str
    model_type: str
    source_run_id: str
    status: str
    status_message: str
    artifact_uri: str
    creation_time: int
    last_update_time: int
    deleted_time: int | None
    params: Mapping[str, str]
    tags: Mapping[str, str]
    points: Sequence[ImportedModelPoint]


@dataclass(frozen=True)
class ImportedRun:
    """A run as its source has it, but for ``artifact_uri``, which is where files are."""

    run_id: str
    name: str
    user_id: str
    status: str
    lifecycle_stage: LifecycleStage
    start_time: int
    end_time: int | None
    deleted_time: int | None
    artifact_uri: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: Mapping[str, Collection[Point]]
    datasets: Sequence[UsedDataset]
    # Logged models by id: what the run read, and what it made at which step.
    input_models: Sequence[str]
    output_models: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class _LoggedPoint:
    """A point of a run as a client would log it."""

    key: str
    value: float
    timestamp: int
    step: int
    model_id: None = None
    dataset_name: None = None
    dataset_digest: None = None


@action
def import_experiment(*, workspace: Workspace, imported: ImportedExperiment) -> Experiment:
    """The experiment of that name, made if there is none; tags that it lacks are added.

    Raises ``ExperimentInTrash`` and what making an experiment raises.
    """
    there = workspace.experiments.filter(name=imported.name).first()
    if there is None:
        experiment = create_experiment(
            workspace=workspace,
            name=imported.name,
            artifact_location=imported.artifact_location,
            tags=imported.tags,
        )
        experiment.lifecycle_stage = imported.lifecycle_stage
        experiment.creation_time = imported.creation_time
        experiment.last_update_time = imported.last_update_time
        experiment.save(
            update_fields=["lifecycle_stage", "creation_time", "last_update_time"],
        )
        return experiment
    if there.is_active:
        known = set(there.tags.values_list("key", flat=True))
        for key, value in imported.tags.items():
            if key not in known:
                set_tag(there, key=key, value=value)
    elif imported.lifecycle_stage == LifecycleStage.ACTIVE:
        raise ExperimentInTrash(there)
    return there


@action
def import_logged_models(
    experiment: Experiment, *, models: Sequence[ImportedLoggedModel]
) -> list[str]:
    """Write those that are not here, all of them or none, and return their ids.

    Raises ``IdTaken``.
    """
    known = _known(experiment, LoggedModel, "model_id", [model.model_id for model in models])
    new = [model for model in models if model.model_id not in known]
    rows = LoggedModel.objects.bulk_create(
        LoggedModel(experiment=experiment, **copied(model, _MODEL_FIELDS)) for model in new
    )
    keys = {row.model_id: row.pk for row in rows}
    for table, pairs in (
        (LoggedModelParam, ((keys[model.model_id], model.params) for model in new)),
        (LoggedModelTag, ((keys[model.model_id], model.tags) for model in new)),
    ):
        _write_pairs(table, "model_id", pairs)
    _write_model_points(new, keys)
    return list(keys)


@action
def import_runs(experiment: Experiment, *, runs: Sequence[ImportedRun]) -> list[str]:
    """Write those that are not here, with all that belongs to them; return their ids.

    All of them or none. What they read or made of logged models that are not here is left out.
    Raises ``IdTaken``.
    """
    known = _known(experiment, Run, "run_id", [run.run_id for run in runs])
    new = [_named(run) for run in runs if run.run_id not in known]
    rows = Run.objects.bulk_create(
        Run(
            experiment=experiment,
            parent_run_id=run.tags.get(PARENT_TAG, "")[:32],
            **copied(run, _RUN_FIELDS),
        )
        for run in new
    )
    keys = {row.run_id: row.pk for row in rows}
    _write_pairs(Param, "run_id", ((keys[run.run_id], run.params) for run in new))
    _write_pairs(RunTag, "run_id", ((keys[run.run_id], run.tags) for run in new))
    _write_metrics(experiment, new, keys)
    _write_inputs(experiment, new, keys)
    _note_names(experiment, new)
    return list(keys)


@action
def grow_run(run: Run, *, imported: ImportedRun) -> bool:
    """Add what a run that was copied unfinished has at its source by now; whether it was anything.

    What is here stays as it is. Raises what ``log_batch`` raises.
    """
    points = [
        _LoggedPoint(name, math.nan if is_nan else value, timestamp, step)
        for name, series in imported.metrics.items()
        for step, timestamp, value, is_nan in series
    ]
    params, tags = (
        {key: value for key, value in there.items() if key not in here}
        for here, there in (
            (set(run.params.values_list("key", flat=True)), imported.params),
            (set(run.tags.values_list("key", flat=True)), imported.tags),
        )
    )
    before = run.metrics.count()
    for start in range(0, len(points), MAX_METRICS):
        log_batch(run, metrics=points[start : start + MAX_METRICS])
    write_params(run, params)
    write_tags(run, tags)
    is_other = run.status != imported.status or bool(params or tags)
    update_run(run, status=imported.status, end_time=imported.end_time)
    return is_other or run.metrics.count() > before


@action
def move_files(owner: Run | LoggedModel, *, artifact_uri: str) -> None:
    """Say that the files of a run or logged model, which were elsewhere, are here now."""
    owner.artifact_uri = artifact_uri
    owner.save(update_fields=["artifact_uri"])


def _known(
    experiment: Experiment, table: type[Run | LoggedModel], field: str, ids: Sequence[str]
) -> set[str]:
    """Those of the ids that are here, if they are in the experiment's workspace."""
    rows = table.objects.filter((f"{field}__in", ids)).values_list(field, "experiment__workspace")
    known = dict(rows)
    for identifier, workspace in known.items():
        if workspace != experiment.workspace_id:
            what = str(table._meta.verbose_name)
            raise IdTaken(what, identifier, Workspace.objects.get(pk=workspace))
    return set(known)


def _named(run: ImportedRun) -> ImportedRun:
    """The run with a name, which its tag says too: old MLflow wrote only one of the two."""
    name = run.name or run.tags.get(NAME_TAG, "") or new_name()
    return replace(run, name=name, tags={**run.tags, NAME_TAG: name})


def _write_pairs(table, owner: str, pairs: Iterable[tuple[int, Mapping[str, str]]]) -> None:
    """Params or tags of many owners at once."""
    upsert_rows(
        table._meta.db_table,
        {owner: "bigint", **_PAIR_TYPES},
        [(pk, key, value) for pk, values in pairs for key, value in values.items()],
        on_conflict="DO NOTHING",
    )


def _write_metrics(
    experiment: Experiment, runs: Sequence[ImportedRun], keys: Mapping[str, int]
) -> None:
    """The points of all runs, and the statistics that follow from them."""
    ids = ensure_metric_key_ids({name for run in runs for name in run.metrics})
    points, stats = [], []
    for run in runs:
        for name, series in run.metrics.items():
            if not series:
                continue
            place = (keys[run.run_id], ids[name])
            distinct = set(series)
            points += [(*place, *point) for point in distinct]
            stat = Stat.of(distinct)
            stats.append((*place, experiment.pk, *(getattr(stat, name) for name in _STAT_FIELDS)))
    upsert_rows(
        Metric._meta.db_table,
        {"run_id": "bigint", "key_id": "bigint", **_POINT_TYPES},
        # In the table's own order, which is the cheapest to insert in.
        sorted(points),
        on_conflict="DO NOTHING",
    )
    upsert_rows(MetricStat._meta.db_table, STAT_COLUMNS, stats, on_conflict="DO NOTHING")


def _write_inputs(
    experiment: Experiment, runs: Sequence[ImportedRun], keys: Mapping[str, int]
) -> None:
    """The data sets and models that the runs read, and the models that they made."""
    datasets = {
        (used.name, used.digest): Dataset(experiment=experiment, **copied(used, _DATASET_FIELDS))
        for run in runs
        for used in run.datasets
    }
    Dataset.objects.bulk_create(datasets.values(), ignore_conflicts=True)
    dataset_keys = {
        (name, digest): pk
        for pk, name, digest in Dataset.objects.filter(
            experiment=experiment, digest__in={digest for _, digest in datasets}
        ).values_list("pk", "name", "digest")
    }
    wanted = {model_id for run in runs for model_id in run.input_models}
    wanted |= {model_id for run in runs for model_id, _ in run.output_models}
    models = dict(
        LoggedModel.objects.filter(
            model_id__in=wanted, experiment__workspace=experiment.workspace_id
        ).values_list("model_id", "pk")
    )
    inputs, outputs = [], []
    for run in runs:
        pk = keys[run.run_id]
        inputs += [
            RunInput(
                run_id=pk,
                dataset_id=dataset_keys[used.name, used.digest],
                context=used.tags.get(CONTEXT_TAG, ""),
                tags=dict(used.tags),
            )
            for used in run.datasets
        ]
        inputs += [
            RunInput(run_id=pk, model_id=models[model_id])
            for model_id in run.input_models
            if model_id in models
        ]
        outputs += [
            RunOutput(run_id=pk, model_id=models[model_id], step=step)
            for model_id, step in dict.fromkeys(run.output_models)
            if model_id in models
        ]
    RunInput.objects.bulk_create(inputs, ignore_conflicts=True)
    RunOutput.objects.bulk_create(outputs)


def _note_names(experiment: Experiment, runs: Sequence[ImportedRun]) -> None:
    """Remember which names the experiment has seen now, and which of them vary."""
    for kind, values in (
        (KeyKind.PARAM, [run.params for run in runs]),
        (KeyKind.TAG, [run.tags for run in runs]),
        (KeyKind.METRIC, [dict(_samples(run)) for run in runs]),
    ):
        first: dict[str, str] = {}
        other: dict[str, str] = {}
        for pairs in values:
            for name, value in pairs.items():
                sample = value[:MAX_KEY_LENGTH]
                if first.setdefault(name, sample) != sample:
                    other.setdefault(name, sample)
        # One value tells the name, a second one that it varies; no more are needed.
        note_keys(experiment.pk, kind, first)
        note_keys(experiment.pk, kind, other)


def _samples(run: ImportedRun) -> Iterator[tuple[str, str]]:
    """The last value of each metric, as a batch would note it."""
    for name, series in run.metrics.items():
        if series:
            *_, value, is_nan = max(series)
            yield name, "nan" if is_nan else repr(value)


def _write_model_points(models: Sequence[ImportedLoggedModel], keys: Mapping[str, int]) -> None:
    upsert_rows(
        LoggedModelMetric._meta.db_table,
        {
            "model_id": "bigint",
            "run_id": "varchar",
            "key": "varchar",
            **_POINT_TYPES,
            "dataset_name": "varchar",
            "dataset_digest": "varchar",
        },
        [
            (keys[model.model_id], at.run_id, at.key, *at.point, at.dataset_name, at.dataset_digest)
            for model in models
            for at in model.points
        ],
        on_conflict="DO NOTHING",
    )
