"""What an MLflow store can be asked for when it is copied, whatever kind of store it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.errors import Invalid, Unavailable
from registry.actions.importing import ImportedRegisteredModel
from runs.actions.importing import ImportedExperiment, ImportedLoggedModel, ImportedRun


class NotASource(Invalid):
    """What was named is not an MLflow store that can be read."""


class SourceGone(Unavailable):
    """The source does not answer any more, so nothing else can be had from it either."""


class SourceRefused(Invalid):
    """The source does not give this one thing; others may still be had."""


@dataclass(frozen=True)
class SourceExperiment:
    """An experiment and the id that its source knows it by."""

    id: str
    experiment: ImportedExperiment


@dataclass(frozen=True)
class SourceFile:
    """A file below an artifact root; ``path`` is relative to that root."""

    path: str
    size: int


class SourceFiles(Protocol):
    """The files of one run or logged model. Its methods may be called in any thread."""

    def files(self) -> Iterator[SourceFile]:
        """All of them, at any depth."""

    def open(self, path: str) -> Iterator[bytes]:
        """The bytes of one of them, in pieces."""


class Source(Protocol):
    """An MLflow store, read only.

    Every method may raise ``SourceGone`` and ``SourceRefused``. URIs are the source's own.
    """

    def experiments(self) -> list[SourceExperiment]:
        """All of them, deleted ones too, in the order in which they were made."""

    def count_runs(self, experiment_id: str) -> int:
        """How many runs an experiment has, deleted ones too."""

    def run_batches(self, experiment_id: str) -> Iterator[list[ImportedRun]]:
        """All runs of an experiment, but without the points of their metrics."""

    def with_points(self, runs: Sequence[ImportedRun]) -> Iterator[ImportedRun]:
        """Those runs, complete: each metric with every point of its history."""

    def logged_model_batches(self, experiment_id: str) -> Iterator[list[ImportedLoggedModel]]:
        """All logged models of an experiment that the source shows."""

    def registered_models(self) -> Iterator[ImportedRegisteredModel]:
        """All registered models with all versions that are not deleted."""

    def files_of(self, artifact_uri: str, *, owner_id: str) -> SourceFiles | None:
        """The files at a URI, which belong to a run or logged model; None if out of reach."""
