"""What MLflow's answers over HTTP mean, as the rows that they become."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.models import LifecycleStage
from registry.actions.importing import ImportedRegisteredModel, ImportedVersion
from registry.models import Stage
from runs.actions.datasets import UsedDataset
from runs.actions.importing import (
    ImportedExperiment,
    ImportedLoggedModel,
    ImportedModelPoint,
    ImportedRun,
)
from runs.models import LoggedModelStatus
from runs.stats import Point
from tracker.importing.source import SourceExperiment


def id_order(item: Mapping) -> tuple[int, str]:
    """Experiments in the order in which they were made."""
    text = item["experiment_id"]
    return (int(text) if text.isdecimal() else 0, text)


def _pairs(items: Sequence[Mapping] | None) -> dict[str, str]:
    return {item["key"]: item.get("value", "") for item in items or ()}


def _ms(value: Any) -> int:
    """A time or step, which a server may write as a number or as a text; absent is 0."""
    return int(value or 0)


def read_point(item: Mapping) -> Point:
    value = float(item.get("value", 0.0))
    is_nan = math.isnan(value)
    return (
        _ms(item.get("step")),
        _ms(item.get("timestamp")),
        0.0 if is_nan else value,
        is_nan,
    )


def stage_of(text: str | None) -> LifecycleStage:
    """A stage as MLflow writes it; what does not say that it is deleted is not."""
    return LifecycleStage.DELETED if text == "deleted" else LifecycleStage.ACTIVE


def read_experiment(item: Mapping) -> SourceExperiment:
    return SourceExperiment(
        id=item["experiment_id"],
        experiment=ImportedExperiment(
            name=item["name"],
            lifecycle_stage=stage_of(item.get("lifecycle_stage")),
            creation_time=_ms(item.get("creation_time")),
            last_update_time=_ms(item.get("last_update_time")),
            artifact_location=item.get("artifact_location", ""),
            tags=_pairs(item.get("tags")),
        ),
    )


def read_run(item: Mapping) -> ImportedRun:
    info, data = item["info"], item.get("data", {})
    inputs, outputs = item.get("inputs", {}), item.get("outputs", {})
    return ImportedRun(
        run_id=info["run_id"],
        name=info.get("run_name", ""),
        user_id=info.get("user_id", ""),
        status=info.get("status", "RUNNING"),
        lifecycle_stage=stage_of(info.get("lifecycle_stage")),
        start_time=_ms(info.get("start_time")),
        end_time=None if info.get("end_time") in (None, 0) else _ms(info["end_time"]),
        # The time of a deletion is not told.
        deleted_time=None,
        artifact_uri=info.get("artifact_uri", ""),
        params=_pairs(data.get("params")),
        tags=_pairs(data.get("tags")),
        metrics={metric["key"]: () for metric in data.get("metrics", [])},
        datasets=[_dataset(used) for used in inputs.get("dataset_inputs", [])],
        input_models=[model["model_id"] for model in inputs.get("model_inputs", [])],
        output_models=[
            (model["model_id"], _ms(model.get("step")))
            for model in outputs.get("model_outputs", [])
        ],
    )


def _dataset(item: Mapping) -> UsedDataset:
    dataset = item["dataset"]
    return UsedDataset(
        name=dataset["name"],
        digest=dataset["digest"],
        source_type=dataset.get("source_type", ""),
        source=dataset.get("source", ""),
        schema=dataset.get("schema", ""),
        profile=dataset.get("profile", ""),
        tags=_pairs(item.get("tags")),
    )


def read_logged_model(item: Mapping) -> ImportedLoggedModel:
    info, data = item["info"], item.get("data", {})
    return ImportedLoggedModel(
        model_id=info["model_id"],
        name=info.get("name", ""),
        model_type=info.get("model_type", ""),
        source_run_id=info.get("source_run_id", ""),
        status=info.get("status", LoggedModelStatus.PENDING),
        status_message=info.get("status_message", ""),
        artifact_uri=info.get("artifact_uri", ""),
        creation_time=_ms(info.get("creation_timestamp_ms")),
        last_update_time=_ms(info.get("last_updated_timestamp_ms")),
        deleted_time=None,
        params=_pairs(data.get("params")),
        tags=_pairs(info.get("tags")),
        points=[
            ImportedModelPoint(
                run_id=metric.get("run_id", ""),
                key=metric["key"],
                point=read_point(metric),
                dataset_name=metric.get("dataset_name", ""),
                dataset_digest=metric.get("dataset_digest", ""),
            )
            for metric in data.get("metrics", [])
        ],
    )


def logged_model_in(source: str) -> str:
    """The id of the logged model that a version's source names; empty if it names none."""
    return source.removeprefix("models:/") if source.startswith("models:/m-") else ""


def read_version(item: Mapping, *, storage_location: str) -> ImportedVersion:
    source = item.get("source", "")
    return ImportedVersion(
        version=int(item["version"]),
        description=item.get("description", ""),
        user_id=item.get("user_id", ""),
        source=source,
        storage_location=storage_location,
        source_run_id=item.get("run_id", ""),
        source_model_id=item.get("model_id", ""),
        logged_model_id=item.get("model_id", "") or logged_model_in(source),
        run_link=item.get("run_link", ""),
        status=item.get("status", "READY"),
        status_message=item.get("status_message", ""),
        stage=Stage(item.get("current_stage") or Stage.NONE),
        creation_time=_ms(item.get("creation_timestamp")),
        last_update_time=_ms(item.get("last_updated_timestamp")),
        tags=_pairs(item.get("tags")),
    )


def read_registered_model(
    item: Mapping, versions: Sequence[ImportedVersion]
) -> ImportedRegisteredModel:
    return ImportedRegisteredModel(
        name=item["name"],
        description=item.get("description", ""),
        creation_time=_ms(item.get("creation_timestamp")),
        last_update_time=_ms(item.get("last_updated_timestamp")),
        last_version=max((version.version for version in versions), default=0),
        tags=_pairs(item.get("tags")),
        aliases={alias["alias"]: int(alias["version"]) for alias in item.get("aliases", [])},
        versions=versions,
    )
