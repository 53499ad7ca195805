"""An MLflow database file as the source of a copy."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from sqlite3 import Row
from urllib.parse import urlsplit

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
from tracker.importing.folders import local_files, moved_files, served_files
from tracker.importing.source import SourceExperiment, SourceFiles, SourceRefused
from tracker.importing.sqlite import Database
from tracker.importing.wire import logged_model_in, stage_of

_RUNS_A_BATCH = 500
_MODELS_A_BATCH = 500
# The runs whose points are in memory at the same time while they are read.
_RUNS_A_READ = 50
# What MLflow calls the stage of a version that is deleted.
_DELETED = "Deleted_Internal"

_STATUSES = {
    1: LoggedModelStatus.PENDING,
    2: LoggedModelStatus.READY,
    3: LoggedModelStatus.UPLOAD_FAILED,
}


@dataclass(frozen=True)
class DatabaseSource:
    """The SQLite file of an MLflow store; the server may be running meanwhile.

    ``artifacts_folder`` is where the files behind ``mlflow-artifacts:`` are, or where those of
    local URIs have been moved to.
    """

    database: Database
    workspace: str
    artifacts_folder: Path | None = None

    def experiments(self) -> list[SourceExperiment]:
        columns = [
            "experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time",
            "last_update_time",
        ]  # fmt: skip
        rows = list(self._own_rows("experiments", columns, where="1 ORDER BY experiment_id"))
        ids = [row["experiment_id"] for row in rows]
        tags = self._pairs("experiment_tags", "experiment_id", ids)
        return [
            SourceExperiment(
                id=str(row["experiment_id"]),
                experiment=ImportedExperiment(
                    name=row["name"],
                    lifecycle_stage=stage_of(row["lifecycle_stage"]),
                    creation_time=row["creation_time"] or 0,
                    last_update_time=row["last_update_time"] or 0,
                    artifact_location=row["artifact_location"] or "",
                    tags=tags[row["experiment_id"]],
                ),
            )
            for row in rows
        ]

    def count_runs(self, experiment_id: str) -> int:
        rows = self.database.rows(
            "runs", ["run_uuid"], where="experiment_id = ?", values=[int(experiment_id)]
        )
        return sum(1 for _ in rows)

    def run_batches(self, experiment_id: str) -> Iterator[list[ImportedRun]]:
        columns = [
            "run_uuid", "name", "user_id", "status", "start_time", "end_time", "lifecycle_stage",
            "artifact_uri", "deleted_time",
        ]  # fmt: skip
        last = ""
        while True:
            # By id, so that a batch begins where the one before it ended, whatever is new.
            rows = list(
                self.database.rows(
                    "runs",
                    columns,
                    where="experiment_id = ? AND run_uuid > ? ORDER BY run_uuid LIMIT ?",
                    values=[int(experiment_id), last, _RUNS_A_BATCH],
                )
            )
            if not rows:
                return
            last = rows[-1]["run_uuid"]
            yield self._runs(rows)

    def with_points(self, runs: Sequence[ImportedRun]) -> Iterator[ImportedRun]:
        columns = ["run_uuid", "key", "step", "timestamp", "value", "is_nan"]
        for start in range(0, len(runs), _RUNS_A_READ):
            group = runs[start : start + _RUNS_A_READ]
            series: dict[str, dict[str, list[Point]]] = {run.run_id: {} for run in group}
            rows = self.database.rows_of("metrics", columns, key="run_uuid", keys=list(series))
            for run_id, key, *point in rows:
                series[run_id].setdefault(key, []).append(_point(run_id, key, *point))
            for run in group:
                yield replace(run, metrics=series.pop(run.run_id))

    def logged_model_batches(self, experiment_id: str) -> Iterator[list[ImportedLoggedModel]]:
        columns = [
            "model_id", "name", "artifact_location", "creation_timestamp_ms",
            "last_updated_timestamp_ms", "status", "lifecycle_stage", "model_type",
            "source_run_id", "status_message",
        ]  # fmt: skip
        last = ""
        while True:
            rows = list(
                self.database.rows(
                    "logged_models",
                    columns,
                    where="experiment_id = ? AND model_id > ? ORDER BY model_id LIMIT ?",
                    values=[int(experiment_id), last, _MODELS_A_BATCH],
                )
            )
            if not rows:
                return
            last = rows[-1]["model_id"]
            yield self._logged_models(rows)

    def registered_models(self) -> Iterator[ImportedRegisteredModel]:
        columns = ["name", "creation_time", "last_updated_time", "description"]
        models = list(self._own_rows("registered_models", columns))
        tags = self._grouped("registered_model_tags", ["key", "value"])
        aliases = self._grouped("registered_model_aliases", ["alias", "version"])
        version_tags = defaultdict(dict)
        for row in self._own_rows("model_version_tags", ["name", "version", "key", "value"]):
            version_tags[row["name"], row["version"]][row["key"]] = row["value"] or ""
        columns = [
            "name", "version", "creation_time", "last_updated_time", "description", "user_id",
            "current_stage", "source", "run_id", "status", "status_message", "run_link",
            "storage_location",
        ]  # fmt: skip
        versions = defaultdict(list)
        for row in self._own_rows("model_versions", columns, where="1 ORDER BY name, version"):
            versions[row["name"]].append(row)
        for row in models:
            name = row["name"]
            yield ImportedRegisteredModel(
                name=name,
                description=row["description"] or "",
                creation_time=row["creation_time"] or 0,
                last_update_time=row["last_updated_time"] or 0,
                last_version=max((version["version"] for version in versions[name]), default=0),
                tags={key: value or "" for key, value in tags[name].items()},
                aliases=aliases[name],
                versions=[
                    _version(version, version_tags[name, version["version"]])
                    for version in versions[name]
                    if version["current_stage"] != _DELETED
                ],
            )

    def files_of(self, artifact_uri: str, *, owner_id: str) -> SourceFiles | None:
        parts = urlsplit(artifact_uri)
        if parts.scheme == "mlflow-artifacts":
            if self.artifacts_folder is None:
                return None
            return served_files(self.artifacts_folder, parts.path, owner_id=owner_id)
        found = local_files(artifact_uri, owner_id=owner_id)
        if found is None and self.artifacts_folder is not None and parts.scheme in {"", "file"}:
            return moved_files(self.artifacts_folder, artifact_uri, owner_id=owner_id)
        return found

    def _runs(self, rows: Sequence[Row]) -> list[ImportedRun]:
        ids = [row["run_uuid"] for row in rows]
        params = self._pairs("params", "run_uuid", ids)
        tags = self._pairs("tags", "run_uuid", ids)
        datasets = self._datasets(ids)
        inputs, outputs = self._model_links(ids)
        return [
            ImportedRun(
                run_id=row["run_uuid"],
                name=row["name"] or "",
                user_id=row["user_id"] or "",
                status=row["status"] or "RUNNING",
                lifecycle_stage=stage_of(row["lifecycle_stage"]),
                start_time=row["start_time"] or 0,
                end_time=row["end_time"],
                deleted_time=row["deleted_time"],
                artifact_uri=row["artifact_uri"] or "",
                params=params[row["run_uuid"]],
                tags=tags[row["run_uuid"]],
                metrics={},
                datasets=datasets[row["run_uuid"]],
                input_models=inputs[row["run_uuid"]],
                output_models=outputs[row["run_uuid"]],
            )
            for row in rows
        ]

    def _datasets(self, run_ids: Sequence[str]) -> Mapping[str, list[UsedDataset]]:
        """The data sets that each run read, with the tags of their use."""
        uses = list(
            self.database.rows_of(
                "inputs",
                ["input_uuid", "source_id", "destination_id"],
                key="destination_id",
                keys=run_ids,
                where="source_type = 'DATASET' AND destination_type = 'RUN'",
            )
        )
        tags: dict[str, dict[str, str]] = defaultdict(dict)
        for input_id, name, value in self.database.rows_of(
            "input_tags",
            ["input_uuid", "name", "value"],
            key="input_uuid",
            keys=[use["input_uuid"] for use in uses],
        ):
            tags[input_id][name] = value
        columns = [
            "dataset_uuid", "name", "digest", "dataset_source_type", "dataset_source",
            "dataset_schema", "dataset_profile",
        ]  # fmt: skip
        known = {
            row["dataset_uuid"]: row
            for row in self.database.rows_of(
                "datasets", columns, key="dataset_uuid", keys=[use["source_id"] for use in uses]
            )
        }
        found = defaultdict(list)
        for use in uses:
            if dataset := known.get(use["source_id"]):
                found[use["destination_id"]].append(_dataset(dataset, tags[use["input_uuid"]]))
        return found

    def _model_links(
        self, run_ids: Sequence[str]
    ) -> tuple[Mapping[str, list[str]], Mapping[str, list[tuple[str, int]]]]:
        """The logged models that each run read, and those that it made."""
        inputs, outputs = defaultdict(list), defaultdict(list)
        columns = ["source_type", "source_id", "destination_id", "step"]
        for row in self.database.rows_of(
            "inputs",
            columns,
            key="source_id",
            keys=run_ids,
            where="source_type IN ('RUN_INPUT', 'RUN_OUTPUT')",
        ):
            run_id, model_id = row["source_id"], row["destination_id"]
            if row["source_type"] == "RUN_INPUT":
                inputs[run_id].append(model_id)
            else:
                outputs[run_id].append((model_id, row["step"] or 0))
        return inputs, outputs

    def _logged_models(self, rows: Sequence[Row]) -> list[ImportedLoggedModel]:
        ids = [row["model_id"] for row in rows]
        params, tags = (
            self._pairs(f"logged_model_{kind}s", "model_id", ids, f"{kind}_key", f"{kind}_value")
            for kind in ("param", "tag")
        )
        points = defaultdict(list)
        columns = [
            "model_id", "run_id", "metric_name", "metric_step", "metric_timestamp_ms",
            "metric_value", "dataset_name", "dataset_digest",
        ]  # fmt: skip
        for row in self.database.rows_of("logged_model_metrics", columns, key="model_id", keys=ids):
            points[row["model_id"]].append(_model_point(row))
        return [
            ImportedLoggedModel(
                model_id=row["model_id"],
                name=row["name"],
                model_type=row["model_type"] or "",
                source_run_id=row["source_run_id"] or "",
                status=_STATUSES.get(row["status"], LoggedModelStatus.PENDING),
                status_message=row["status_message"] or "",
                artifact_uri=row["artifact_location"],
                creation_time=row["creation_timestamp_ms"],
                last_update_time=row["last_updated_timestamp_ms"],
                deleted_time=(
                    row["last_updated_timestamp_ms"]
                    if stage_of(row["lifecycle_stage"]) == LifecycleStage.DELETED
                    else None
                ),
                params=params[row["model_id"]],
                tags=tags[row["model_id"]],
                points=points[row["model_id"]],
            )
            for row in rows
        ]

    def _pairs(
        self, table: str, owner: str, ids: Sequence, key: str = "key", value: str = "value"
    ) -> Mapping[object, dict[str, str]]:
        """Params or tags by the ids of their owners."""
        found: dict[object, dict[str, str]] = defaultdict(dict)
        for owner_id, name, text in self.database.rows_of(
            table, [owner, key, value], key=owner, keys=ids
        ):
            found[owner_id][name] = text or ""
        return found

    def _grouped(self, table: str, columns: Sequence[str]) -> Mapping[str, dict]:
        """Two columns of a registry table, as a mapping for each registered model."""
        found: dict[str, dict] = defaultdict(dict)
        for name, key, value in self._own_rows(table, ["name", *columns]):
            found[name][key] = value
        return found

    def _own_rows(self, table: str, columns: Sequence[str], *, where: str = "1") -> Iterator[Row]:
        """The rows of the workspace; before MLflow had workspaces, there was one of them."""
        if not self.database.has_column(table, "workspace"):
            return self.database.rows(table, columns, where=where)
        return self.database.rows(
            table, columns, where=f"workspace = ? AND {where}", values=[self.workspace]
        )


def open_database(
    file: Path, *, workspace: str = "", artifacts_folder: Path | None = None
) -> DatabaseSource:
    """The store in ``file``; its files are looked for where ``mlflow server`` puts them.

    That is the folder ``mlartifacts`` beside the database, unless another one is given. Raises
    ``NotASource``.
    """
    usual = file.parent / "mlartifacts"
    if artifacts_folder is None and usual.is_dir():
        artifacts_folder = usual
    return DatabaseSource(Database(file), workspace or "default", artifacts_folder)


def _point(run_id: str, key: str, step, timestamp, value, is_nan) -> Point:
    """SQLite keeps whatever was put into a column, so it may be no number at all."""
    try:
        return int(step or 0), int(timestamp), 0.0 if is_nan else float(value), bool(is_nan)
    except (TypeError, ValueError, OverflowError):
        raise SourceRefused(f"Run {run_id}: a point of '{key}' is no number.") from None


def _dataset(row: Row, tags: Mapping[str, str]) -> UsedDataset:
    return UsedDataset(
        name=row["name"],
        digest=row["digest"],
        source_type=row["dataset_source_type"],
        source=row["dataset_source"],
        schema=row["dataset_schema"] or "",
        profile=row["dataset_profile"] or "",
        tags=tags,
    )


def _model_point(row: Row) -> ImportedModelPoint:
    value = math.nan if row["metric_value"] is None else row["metric_value"]
    is_nan = math.isnan(value)
    step, timestamp = row["metric_step"], row["metric_timestamp_ms"]
    return ImportedModelPoint(
        run_id=row["run_id"],
        key=row["metric_name"],
        point=(step, timestamp, 0.0 if is_nan else value, is_nan),
        dataset_name=row["dataset_name"] or "",
        dataset_digest=row["dataset_digest"] or "",
    )


def _version(row: Row, tags: Mapping[str, str]) -> ImportedVersion:
    source = row["source"] or ""
    return ImportedVersion(
        version=row["version"],
        description=row["description"] or "",
        user_id=row["user_id"] or "",
        source=source,
        storage_location=row["storage_location"] or source,
        source_run_id=row["run_id"] or "",
        # Not kept by MLflow: its clients read it from the source.
        source_model_id="",
        logged_model_id=logged_model_in(source),
        run_link=row["run_link"] or "",
        status=row["status"] or "READY",
        status_message=row["status_message"] or "",
        stage=Stage(row["current_stage"] or Stage.NONE),
        creation_time=row["creation_time"] or 0,
        last_update_time=row["last_updated_time"] or 0,
        tags=tags,
    )
