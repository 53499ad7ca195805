"""An MLflow server as the source of a copy, by the calls that every client uses."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from registry.actions.importing import ImportedRegisteredModel, ImportedVersion
from runs.actions.importing import ImportedLoggedModel, ImportedRun
from runs.stats import Point
from tracker.importing.folders import local_files, served_files
from tracker.importing.http import ServedFiles, Server
from tracker.importing.source import NotASource, SourceExperiment, SourceFiles, SourceRefused
from tracker.importing.wire import (
    id_order,
    read_experiment,
    read_logged_model,
    read_point,
    read_registered_model,
    read_run,
    read_version,
)

_AJAX = "/ajax-api/2.0/mlflow"
_RUNS_A_PAGE = 200
_COUNTED_A_PAGE = 1000
_MODELS_A_PAGE = 100
# How many runs are asked about in one call for histories, and what MLflow gives at most.
_RUNS_A_BULK = 50
_POINTS_A_BULK = 25_000
_THREADS = 4
# Prompts are shown only to those who ask for them.
_IS_PROMPT = "tags.`mlflow.prompt.is_prompt` = 'true'"


@dataclass(frozen=True)
class ServerSource:
    """An MLflow server. Deleted runs are seen; deleted logged models are not, by any client.

    ``artifacts_folder`` is where the files behind ``mlflow-artifacts:`` are, if they can be read
    on this machine, which spares the way through the server.
    """

    server: Server
    artifacts_folder: Path | None = None

    def experiments(self) -> list[SourceExperiment]:
        pages = _pages(
            self.server.post, "experiments/search", "experiments", view_type="ALL", max_results=1000
        )
        found = [item for page in pages for item in page]
        return [read_experiment(item) for item in sorted(found, key=id_order)]

    def count_runs(self, experiment_id: str) -> int:
        return sum(len(page) for page in self._run_pages(experiment_id, _COUNTED_A_PAGE))

    def run_batches(self, experiment_id: str) -> Iterator[list[ImportedRun]]:
        for page in self._run_pages(experiment_id, _RUNS_A_PAGE):
            yield [read_run(item) for item in page]

    def with_points(self, runs: Sequence[ImportedRun]) -> Iterator[ImportedRun]:
        with ThreadPoolExecutor(_THREADS) as threads:
            for start in range(0, len(runs), _RUNS_A_BULK):
                group = runs[start : start + _RUNS_A_BULK]
                names = sorted({name for run in group for name in run.metrics})
                tables = threads.map(partial(self._series, runs=group), names)
                series = dict(zip(names, tables, strict=True))
                for run in group:
                    points = {name: series[name][run.run_id] for name in run.metrics}
                    yield replace(run, metrics=points)

    def logged_model_batches(self, experiment_id: str) -> Iterator[list[ImportedLoggedModel]]:
        pages = _pages(
            self.server.post,
            "logged-models/search",
            "models",
            experiment_ids=[experiment_id],
            max_results=_MODELS_A_PAGE,
        )
        for page in pages:
            yield [read_logged_model(item) for item in page]

    def registered_models(self) -> Iterator[ImportedRegisteredModel]:
        search = partial(
            _pages,
            self.server.get,
            "registered-models/search",
            "registered_models",
            max_results=100,
        )
        for page in search():
            for item in page:
                yield self._registered_model(item["name"])
        for page in search(filter=_IS_PROMPT):
            for item in page:
                yield self._registered_model(item["name"], only=_IS_PROMPT)

    def files_of(self, artifact_uri: str, *, owner_id: str) -> SourceFiles | None:
        parts = urlsplit(artifact_uri)
        if parts.scheme != "mlflow-artifacts":
            return local_files(artifact_uri, owner_id=owner_id)
        if parts.netloc and parts.netloc != self.server.host:
            return None
        if self.artifacts_folder is not None:
            return served_files(self.artifacts_folder, parts.path, owner_id=owner_id)
        return ServedFiles(self.server, parts.path.strip("/"))

    def _run_pages(self, experiment_id: str, size: int) -> Iterator[list[dict]]:
        return _pages(
            self.server.post,
            "runs/search",
            "runs",
            experiment_ids=[experiment_id],
            run_view_type="ALL",
            max_results=size,
        )

    def _series(self, name: str, *, runs: Sequence[ImportedRun]) -> dict[str, list[Point]]:
        """The history of one metric in several runs, by run."""
        asked = [run.run_id for run in runs if name in run.metrics]
        if len(asked) > 1:
            query = {"run_id": asked, "metric_key": name, "max_results": _POINTS_A_BULK}
            try:
                points = self.server.get("metrics/get-history-bulk", query, base=_AJAX)["metrics"]
            except (SourceRefused, KeyError):
                # An old server, or something else in its place.
                points = []
            # A full answer was perhaps cut.
            if 0 < len(points) < _POINTS_A_BULK:
                series: dict[str, list[Point]] = {run_id: [] for run_id in asked}
                for item in points:
                    series[item["run_id"]].append(read_point(item))
                return series
        return {run_id: self._history(run_id, name) for run_id in asked}

    def _history(self, run_id: str, name: str) -> list[Point]:
        pages = _pages(
            self.server.get,
            "metrics/get-history",
            "metrics",
            run_id=run_id,
            metric_key=name,
            max_results=_POINTS_A_BULK,
        )
        return [read_point(item) for page in pages for item in page]

    def _registered_model(self, name: str, *, only: str = "") -> ImportedRegisteredModel:
        quote = '"' if "'" in name else "'"
        wanted = f"name = {quote}{name}{quote}"
        pages = _pages(
            self.server.get,
            "model-versions/search",
            "model_versions",
            filter=f"{wanted} AND {only}" if only else wanted,
        )
        versions = [self._version(item) for page in pages for item in page]
        # The searches leave the aliases out; the model itself has them.
        model = self.server.get("registered-models/get", {"name": name})["registered_model"]
        return read_registered_model(model, versions)

    def _version(self, item: dict) -> ImportedVersion:
        version = {"name": item["name"], "version": item["version"]}
        answer = self.server.get("model-versions/get-download-uri", version)
        return read_version(item, storage_location=answer.get("artifact_uri", ""))


def open_server(
    tracking_uri: str, *, workspace: str = "", artifacts_folder: Path | None = None
) -> ServerSource:
    """The server at ``tracking_uri``. Raises ``NotASource`` or ``SourceGone``."""
    server = Server.at(tracking_uri, workspace=workspace)
    try:
        server.post("experiments/search", {"max_results": 1})
    except SourceRefused as refusal:
        raise NotASource(f"Cannot read {server.url} as MLflow's. {refusal.message}") from None
    return ServerSource(server, artifacts_folder)


def _pages(call: Callable, path: str, key: str, **asked: Any) -> Iterator[list[dict]]:
    """The pages of a search; an empty one is left out."""
    token = ""
    while True:
        answer = call(path, {**asked, "page_token": token} if token else asked)
        if found := answer.get(key):
            yield found
        token = answer.get("next_page_token", "")
        if not token:
            return
