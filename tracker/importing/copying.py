"""Copying an MLflow store into a workspace: what comes in which order, and what is left out.

Bytes come first and rows after them, a batch a transaction, so whatever interrupts a copy leaves
nothing half-written, and the same copy started again goes on where it stopped.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import urlsplit

from django.db import DatabaseError

from core.errors import Missing, Refused, Unavailable
from core.names import TooLong
from core.time import now_ms
from experiments.locations import below, default_artifact_location
from experiments.models import Experiment, LifecycleStage
from registry.actions.importing import (
    ImportedRegisteredModel,
    ImportedVersion,
    import_registered_model,
)
from registry.querysets import PROMPT_TAG
from runs.actions.importing import (
    IdTaken,
    ImportedExperiment,
    ImportedLoggedModel,
    ImportedRun,
    grow_run,
    import_experiment,
    import_logged_models,
    import_runs,
    move_files,
)
from runs.files import SCHEME, artifact_store, root_of
from runs.models import LoggedModel, Run, RunStatus
from tracker.importing.files import FilesJob, copy_files
from tracker.importing.progress import Progress
from tracker.importing.source import Source, SourceExperiment, SourceRefused
from workspaces.locations import BadArtifactLocation, check_artifact_location
from workspaces.models import Workspace

_THREADS = 4
_RUNS_A_TRANSACTION = 500
_POINTS_A_TRANSACTION = 100_000

Item = TypeVar("Item", ImportedRun, ImportedLoggedModel)

# What one run, model or version can be refused for while the others are copied.
_REFUSALS = (Refused, DatabaseError, ValueError, OverflowError)


class NoSuchExperimentThere(Missing):
    """The source has no experiment of a name that was asked for."""


@dataclass(frozen=True)
class Outcome:
    """What is new here, what was left out and how often, and what went wrong, a line each."""

    new: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def choose(source: Source, names: Sequence[str]) -> list[SourceExperiment]:
    """The experiments of those names, or all of them. Raises ``NoSuchExperimentThere``."""
    found = source.experiments()
    if not names:
        return found
    unknown = set(names) - {item.experiment.name for item in found}
    if unknown:
        raise NoSuchExperimentThere(
            f"The source has no experiment {', '.join(map(repr, sorted(unknown)))}."
        )
    return [item for item in found if item.experiment.name in names]


class Copy:
    """One copy of experiments, and of the models that belong to them, into a workspace.

    ``is_whole`` says that they are all of the source's, so its whole registry is copied too.
    """

    def __init__(
        self,
        source: Source,
        workspace: Workspace,
        *,
        experiments: Sequence[SourceExperiment],
        is_whole: bool,
        with_artifacts: bool,
        progress: Progress,
    ) -> None:
        self.outcome = Outcome()
        self._source = source
        self._workspace = workspace
        self._chosen = experiments
        self._is_whole = is_whole
        self._with_artifacts = with_artifacts
        self._progress = progress
        self._store = artifact_store()
        # Where the files of each run and logged model are here, by where they were.
        self._moved: dict[str, str] = {}
        self._owners: set[str] = set()

    def run(self) -> Outcome:
        """Copy. Raises ``core.errors.Unavailable`` when source, disk or database is gone."""
        targets = [
            (item.id, experiment)
            for item in self._chosen
            if (experiment := self._experiment(item.experiment)) is not None
        ]
        with ThreadPoolExecutor(_THREADS) as threads:
            self._threads = threads
            try:
                # Models first: runs say what they read and made of them.
                for source_id, experiment in targets:
                    self._copy_logged_models(source_id, experiment)
                for source_id, experiment in targets:
                    self._copy_runs(source_id, experiment)
            except BaseException:
                threads.shutdown(wait=True, cancel_futures=True)
                raise
        self._copy_registry()
        return self.outcome

    # -------------------------------------------------------------- Experiments

    def _experiment(self, imported: ImportedExperiment) -> Experiment | None:
        imported = replace(imported, artifact_location=self._kept_location(imported))
        is_new = not self._workspace.experiments.filter(name=imported.name).exists()
        try:
            experiment = import_experiment(workspace=self._workspace, imported=imported)
        except Unavailable:
            raise
        except _REFUSALS as refusal:
            self._fail(f"experiment '{imported.name}'", refusal)
            return None
        self.outcome.new["experiment"] += is_new
        return experiment

    def _kept_location(self, imported: ImportedExperiment) -> str:
        """The source's location if it is a store that clients reach themselves; else ours."""
        location = imported.artifact_location
        if urlsplit(location).scheme in {"", "file", SCHEME}:
            return ""
        try:
            check_artifact_location(location, workspace_slug=self._workspace.slug)
        except (BadArtifactLocation, TooLong):
            return ""
        return location

    # -------------------------------------------------------------- Logged models and runs

    def _copy_logged_models(self, source_id: str, experiment: Experiment) -> None:
        for batch in self._source.logged_model_batches(source_id):
            there = {
                model.model_id: model
                for model in LoggedModel.objects.filter(
                    model_id__in=[model.model_id for model in batch]
                ).select_related("experiment__workspace")
            }
            new = self._with_files(batch, there, experiment)
            for model in self._written(new, import_logged_models, experiment):
                self.outcome.new["logged model"] += 1
                self._owners.add(model)

    def _copy_runs(self, source_id: str, experiment: Experiment) -> None:
        for batch in self._source.run_batches(source_id):
            there = {
                run.run_id: run
                for run in Run.objects.filter(
                    run_id__in=[run.run_id for run in batch]
                ).select_related("experiment__workspace")
            }
            new = self._with_files(batch, there, experiment)
            self._grow([run for run in batch if self._is_unfinished(there.get(run.run_id))], there)
            self._progress.add(runs=len(batch) - len(new))
            for group in _groups(self._complete(new)):
                points = {run.run_id: _count_points(run) for run in group}
                for run_id in self._written(group, import_runs, experiment):
                    self._owners.add(run_id)
                    self.outcome.new["run"] += 1
                    self.outcome.new["point"] += points[run_id]
                self._progress.add(runs=len(group), points=sum(points.values()))

    def _is_unfinished(self, row: Run | None) -> bool:
        """Whether a run is here that was still running when it was copied."""
        return (
            row is not None
            and row.experiment.workspace_id == self._workspace.pk
            and row.is_active
            and row.status in {RunStatus.RUNNING, RunStatus.SCHEDULED}
        )

    def _grow(self, runs: Sequence[ImportedRun], there: dict[str, Run]) -> None:
        for run in self._complete(runs):
            try:
                has_grown = grow_run(there[run.run_id], imported=run)
            except Unavailable:
                raise
            except _REFUSALS as refusal:
                self._fail(f"run {run.run_id}", refusal)
            else:
                self.outcome.new["continued run"] += has_grown

    def _with_files(
        self, batch: Sequence[Item], there: dict[str, Run | LoggedModel], experiment: Experiment
    ) -> list[Item]:
        """Copy the files of a batch; those that have no row yet, with the URI they will have."""
        new, jobs, moves = [], [], []
        for item in batch:
            row = there.get(_id(item))
            if row is not None and row.experiment.workspace_id != self._workspace.pk:
                refusal = IdTaken(_what(item), _id(item), row.experiment.workspace)
                self.outcome.errors.append(refusal.message)
                continue
            self._owners.add(_id(item))
            files = None
            if self._with_artifacts:
                files = self._source.files_of(item.artifact_uri, owner_id=_id(item))
                if files is None:
                    self.outcome.left_out[f"{_what(item)} without its files"] += 1
            uri = self._uri(item, row, experiment, can_copy=files is not None)
            self._moved[item.artifact_uri] = uri
            root = root_of(uri)
            if files is not None and root is not None:
                name = f"{_what(item)} {_id(item)}"
                jobs.append(FilesJob(name, files, root, is_kept=row is not None))
            if row is None:
                new.append(_adjusted(item, uri))
            elif row.artifact_uri != uri:
                moves.append((row, uri))
        self._copy_files(jobs)
        for row, uri in moves:
            move_files(row, artifact_uri=uri)
        return new

    def _uri(
        self, item: Item, row: Run | LoggedModel | None, experiment: Experiment, *, can_copy: bool
    ) -> str:
        """Where the files of a run or logged model are from now on."""
        here = row.artifact_uri if row is not None else ""
        if root_of(here) is not None:
            return here
        parts = urlsplit(item.artifact_uri)
        # What stood in the other server's own store means nothing in this one's.
        if can_copy or (parts.scheme == SCHEME and not parts.netloc):
            folders = (
                ["models", _id(item)] if isinstance(item, ImportedLoggedModel) else [_id(item)]
            )
            return below(_own_location(experiment), *folders, "artifacts")
        return here or item.artifact_uri

    def _copy_files(self, jobs: Sequence[FilesJob]) -> None:
        """Several at a time: over a network, and on a disk that is asked to be sure, each waits."""
        futures = [
            self._threads.submit(
                copy_files, job, self._store, tell=lambda size: self._progress.add(size=size)
            )
            for job in jobs
        ]
        for future in futures:
            done = future.result()
            self.outcome.new["file"] += done.count
            self.outcome.errors.extend(done.errors)

    def _complete(self, runs: Sequence[ImportedRun]) -> Iterator[ImportedRun]:
        """The runs with their points; one that cannot be read is an error of its own."""
        given = 0
        try:
            for run in self._source.with_points(runs):
                given += 1
                yield run
        except SourceRefused as refusal:
            if len(runs) == 1:
                self._fail(f"run {runs[0].run_id}", refusal)
                self._progress.add(runs=1)
                return
            for run in runs[given:]:
                yield from self._complete([run])

    def _written(
        self, items: Sequence[Item], write: Callable[..., list[str]], experiment: Experiment
    ) -> list[str]:
        """Write all at once, or, if one of them cannot be written, all but that one."""
        if not items:
            return []
        try:
            if isinstance(items[0], ImportedRun):
                return write(experiment, runs=items)
            return write(experiment, models=items)
        except Unavailable:
            raise
        except _REFUSALS as refusal:
            if len(items) == 1:
                self._fail(f"{_what(items[0])} {_id(items[0])}", refusal)
                return []
        return [done for item in items for done in self._written([item], write, experiment)]

    # -------------------------------------------------------------- Registry

    def _copy_registry(self) -> None:
        for model in self._source.registered_models():
            versions = [self._version(version) for version in model.versions]
            if not self._is_whole:
                versions = [version for version in versions if self._is_ours(version)]
                if not versions:
                    continue
            self._write_model(replace(model, versions=self._usable(model, versions)))

    def _write_model(self, model: ImportedRegisteredModel) -> None:
        is_new = not self._workspace.registered_models.filter(name=model.name).exists()
        try:
            count = import_registered_model(workspace=self._workspace, imported=model)
        except Unavailable:
            raise
        except _REFUSALS as refusal:
            self._fail(f"registered model '{model.name}'", refusal)
            return
        self.outcome.new["registered model"] += is_new
        self.outcome.new["model version"] += count

    def _version(self, version: ImportedVersion) -> ImportedVersion:
        return replace(
            version,
            source=self._new_uri(version.source),
            storage_location=self._new_uri(version.storage_location),
        )

    def _is_ours(self, version: ImportedVersion) -> bool:
        return bool({version.source_run_id, version.logged_model_id} & self._owners)

    def _usable(
        self, model: ImportedRegisteredModel, versions: Sequence[ImportedVersion]
    ) -> list[ImportedVersion]:
        """Those whose files did not stay behind in the source's own store.

        Such a location would name some other run's files here.
        """
        if model.tags.get(PROMPT_TAG, "").lower() == "true":
            return list(versions)
        usable = []
        for version in versions:
            places = {version.source, version.storage_location}
            if any(_is_foreign(uri) for uri in places - set(self._moved_below(places))):
                self.outcome.left_out["model version whose run was not copied"] += 1
            else:
                usable.append(version)
        return usable

    def _moved_below(self, uris: Iterable[str]) -> list[str]:
        """Those of the URIs that lie below what is here now."""
        here = set(self._moved.values())
        return [uri for uri in uris if any(place in here for place in _ancestors(uri))]

    def _new_uri(self, uri: str) -> str:
        """Where the files at a URI of the source are now; the same URI if they did not move."""
        parts = urlsplit(uri)
        # A client may have put the server's address into it.
        plain = f"{SCHEME}:{parts.path}" if parts.scheme == SCHEME else uri
        for place in _ancestors(plain):
            if place in self._moved:
                return self._moved[place] + plain[len(place) :]
        return uri

    def _fail(self, what: str, refusal: Exception) -> None:
        message = refusal.message if isinstance(refusal, Refused) else str(refusal)
        self.outcome.errors.append(f"{what}: {message}")


def _own_location(experiment: Experiment) -> str:
    """The experiment's folder in this site's store, whatever its location for new runs is."""
    if root_of(experiment.artifact_location) is not None:
        return experiment.artifact_location
    return default_artifact_location(Workspace(slug=experiment.workspace.slug), experiment.pk)


def _adjusted(item: Item, uri: str) -> Item:
    """As it will be written: with its new place, and with a time of deletion if it is deleted."""
    item = replace(item, artifact_uri=uri)
    if isinstance(item, ImportedRun) and item.lifecycle_stage == LifecycleStage.DELETED:
        return replace(item, deleted_time=item.deleted_time or now_ms())
    return item


def _groups(runs: Iterable[ImportedRun]) -> Iterator[list[ImportedRun]]:
    """As many as a transaction takes; a run with more points than that is alone."""
    group, points = [], 0
    for run in runs:
        size = _count_points(run)
        if group and (points + size > _POINTS_A_TRANSACTION or len(group) == _RUNS_A_TRANSACTION):
            yield group
            group, points = [], 0
        group.append(run)
        points += size
    if group:
        yield group


def _count_points(run: ImportedRun) -> int:
    return sum(map(len, run.metrics.values()))


def _ancestors(uri: str) -> Iterator[str]:
    """The URI and every folder above it."""
    while uri:
        yield uri
        uri = uri.rpartition("/")[0]


def _is_foreign(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == SCHEME and not parts.netloc


def _id(item: ImportedRun | ImportedLoggedModel) -> str:
    return item.run_id if isinstance(item, ImportedRun) else item.model_id


def _what(item: ImportedRun | ImportedLoggedModel) -> str:
    return "run" if isinstance(item, ImportedRun) else "logged model"
