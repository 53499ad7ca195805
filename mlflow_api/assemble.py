"""From rows to the messages that clients get: a fixed number of queries, whatever the number."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from experiments import models as experiment_models
from mlflow_api.schemas import experiments as experiment_messages
from mlflow_api.schemas import runs as messages
from mlflow_api.schemas.common import Pair, wire_float
from runs import models
from runs.keys import metric_key_names

# SQLite takes a limited number of values in one IN list.
_CHUNK = 500

_RUN_FIELDS = (
    "pk",
    "run_id",
    "name",
    "experiment_id",
    "user_id",
    "status",
    "start_time",
    "end_time",
    "artifact_uri",
    "lifecycle_stage",
)


def experiment_messages_of(
    experiments: Sequence[experiment_models.Experiment],
) -> list[experiment_messages.Experiment]:
    """The experiments with their tags; ``workspace`` must be loaded with them."""
    tags: dict[int, list[Pair]] = defaultdict(list)
    for some in chunks(experiments):
        rows = experiment_models.ExperimentTag.objects.filter(experiment__in=some).order_by("key")
        for experiment_id, key, value in rows.values_list("experiment_id", "key", "value"):
            tags[experiment_id].append(Pair(key, value))
    return [
        experiment_messages.Experiment(
            experiment_id=str(experiment.pk),
            name=experiment.name,
            artifact_location=experiment.artifact_location,
            lifecycle_stage=experiment.lifecycle_stage,
            last_update_time=experiment.last_update_time,
            creation_time=experiment.creation_time,
            workspace=experiment.workspace.slug,
            tags=tags[experiment.pk],
        )
        for experiment in experiments
    ]


def run_info(run: models.Run) -> messages.RunInfo:
    """The run's own fields."""
    return _info(*(getattr(run, name) for name in _RUN_FIELDS))


def run_message(run: models.Run) -> messages.Run:
    """The run with its data, all its inputs and its outputs."""
    row = tuple(getattr(run, name) for name in _RUN_FIELDS)
    return run_messages([row], with_model_inputs=True)[0]


def new_run_message(run: models.Run) -> messages.Run:
    """A run that was just created, which has nothing but its fields and its tags."""
    tags = _pairs(models.RunTag, [run.pk])[run.pk]
    return messages.Run(run_info(run), messages.RunData(tags=tags), messages.RunInputs())


def run_rows(runs: QuerySet[models.Run]) -> QuerySet:
    """What ``run_messages`` needs of ``runs``, in their order."""
    return runs.values_list(*_RUN_FIELDS)


def newest_first_keys(row: tuple) -> tuple[int, str]:
    """What one of ``run_rows`` has in the columns of ``runs.search.NEWEST_FIRST``."""
    return row[_RUN_FIELDS.index("start_time")], row[_RUN_FIELDS.index("run_id")]


def run_messages(rows: Sequence[tuple], *, with_model_inputs: bool = False) -> list[messages.Run]:
    """Messages of ``run_rows``, each with its data, inputs and outputs.

    ``with_model_inputs``: also the logged models they read, which MLflow leaves out of searches.
    """
    return [message for some in chunks(rows) for message in _complete_runs(some, with_model_inputs)]


def metric_messages(
    key: str, points: Iterable[tuple[int, int, float, bool]], *, run_id: str = ""
) -> list[messages.Metric]:
    """Messages of (step, timestamp, value, is_nan) rows."""
    return [
        messages.Metric(key, "NaN" if is_nan else wire_float(value), timestamp, step, run_id)
        for step, timestamp, value, is_nan in points
    ]


def _complete_runs(
    rows: Sequence[tuple[Any, ...]], with_model_inputs: bool
) -> Iterator[messages.Run]:
    keys = [row[0] for row in rows]
    metrics = _metrics(keys)
    params = _pairs(models.Param, keys)
    tags = _pairs(models.RunTag, keys)
    inputs = _inputs(keys, with_model_inputs)
    made = _model_outputs(keys)
    for row in rows:
        pk = row[0]
        yield messages.Run(
            info=_info(*row),
            data=messages.RunData(metrics.get(pk, []), params.get(pk, []), tags.get(pk, [])),
            inputs=inputs.get(pk) or messages.RunInputs(),
            outputs=messages.RunOutputs(made.get(pk, [])),
        )


def _info(
    pk: int,
    run_id: str,
    name: str,
    experiment_id: int,
    user_id: str,
    status: str,
    start_time: int,
    end_time: int | None,
    artifact_uri: str,
    lifecycle_stage: str,
) -> messages.RunInfo:
    return messages.RunInfo(
        run_id=run_id,
        run_uuid=run_id,
        run_name=name,
        experiment_id=str(experiment_id),
        user_id=user_id,
        status=status,
        start_time=start_time,
        # As in MLflow's messages, an end at 0 is none.
        end_time=end_time or None,
        artifact_uri=artifact_uri,
        lifecycle_stage=lifecycle_stage,
    )


def _metrics(keys: Sequence[int]) -> dict[int, list[messages.Metric]]:
    stats = list(
        # By the keys' numbers, so in the order in which the names were first seen.
        models.MetricStat.objects.filter(run__in=keys)
        .order_by("run_id", "key_id")
        .values_list("run_id", "key_id", "last", "last_timestamp", "last_step")
    )
    names = metric_key_names({key_id for _, key_id, *_ in stats})
    found: dict[int, list[messages.Metric]] = defaultdict(list)
    for run, key_id, last, timestamp, step in stats:
        value = "NaN" if last is None else wire_float(last)
        found[run].append(messages.Metric(names[key_id], value, timestamp, step))
    return found


def _pairs(table: type[models.Param | models.RunTag], keys: Sequence[int]) -> dict[int, list[Pair]]:
    found: dict[int, list[Pair]] = defaultdict(list)
    rows = table.objects.filter(run__in=keys).order_by("run_id", "key")
    for run, key, value in rows.values_list("run_id", "key", "value"):
        found[run].append(Pair(key, value))
    return found


def _inputs(keys: Sequence[int], with_models: bool) -> dict[int, messages.RunInputs]:
    found: dict[int, messages.RunInputs] = defaultdict(
        lambda: messages.RunInputs(dataset_inputs=[], model_inputs=[])
    )
    rows = models.RunInput.objects.filter(run__in=keys).order_by("pk")
    if not with_models:
        rows = rows.filter(dataset__isnull=False)
    for run, tags, model_id, *fields in rows.values_list(
        "run_id",
        "tags",
        "model__model_id",
        "dataset__name",
        "dataset__digest",
        "dataset__source_type",
        "dataset__source",
        "dataset__schema",
        "dataset__profile",
    ):
        if model_id is not None:
            found[run].model_inputs.append(messages.ModelInput(model_id))
        else:
            # In an order that does not depend on how a database keeps JSON.
            pairs = [Pair(key, value) for key, value in sorted(tags.items())]
            dataset = messages.LoggedDatasetInput(messages.LoggedDataset(*fields), pairs)
            found[run].dataset_inputs.append(dataset)
    return found


def _model_outputs(keys: Sequence[int]) -> dict[int, list[messages.ModelOutput]]:
    found: dict[int, list[messages.ModelOutput]] = defaultdict(list)
    rows = models.RunOutput.objects.filter(run__in=keys).order_by("pk")
    for run, model_id, step in rows.values_list("run_id", "model__model_id", "step"):
        found[run].append(messages.ModelOutput(model_id, step))
    return found


def chunks(rows: Iterable) -> Iterator[Sequence]:
    """``rows`` in lists that are short enough for one IN."""
    rest = iter(rows)
    while some := list(islice(rest, _CHUNK)):
        yield some
