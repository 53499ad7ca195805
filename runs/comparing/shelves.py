"""The output files of several runs, by path: who has which, and what is in them.

What is read is bounded: so many runs, so many files of each, so many bytes of a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import Q

from artifacts.paths import ArtifactPath
from artifacts.store import Entry
from core.errors import Missing
from runs.comparing.subject import Subject
from runs.models import LoggedModel, Run, RunOutput
from runs.outputs import RunFiles, run_files

MAX_RUNS = 40
MAX_FILES = 400
MAX_TEXT_BYTES = 256_000

_ROOT = ArtifactPath()


@dataclass(frozen=True)
class Shelf:
    """The files of one run; ``is_cut`` if there are more than were looked at."""

    run: Run
    files: RunFiles
    entries: dict[str, Entry]
    is_cut: bool

    def text(self, path: str, limit: int = MAX_TEXT_BYTES) -> str | None:
        """The file as text; None if the run has no such file, or it is none or too long."""
        entry = self.entries.get(path)
        if entry is None or entry.size > limit:
            return None
        try:
            raw = self.files.read(entry.path, limit)
        except Missing:
            # Removed since it was listed.
            return None
        if b"\0" in raw:
            return None
        return raw.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")


def read_shelves(runs: Sequence[Run]) -> list[Shelf]:
    """The files of each run, in two queries."""
    runs = runs[:MAX_RUNS]
    models = _models(runs)
    shelves = []
    for run in runs:
        files = run_files(run, models.get(run.pk, []))
        found = list(islice(files.walk(_ROOT), MAX_FILES + 1))
        entries = {str(entry.path): entry for entry in found[:MAX_FILES]}
        shelves.append(Shelf(run, files, entries, is_cut=len(found) > MAX_FILES))
    return shelves


def shared_paths(shelves: Sequence[Shelf]) -> dict[str, int]:
    """The paths that two runs or more have, and how many do."""
    counts: dict[str, int] = {}
    for shelf in shelves:
        for path in shelf.entries:
            counts[path] = counts.get(path, 0) + 1
    return {path: counts[path] for path in sorted(counts) if counts[path] > 1}


def shelf_notices(subject: Subject, shelves: Sequence[Shelf]) -> list[str]:
    """What was not looked at, in sentences."""
    notices = []
    if len(subject.runs) > len(shelves):
        notices.append(f"Files are those of the first {len(shelves)} of {len(subject.runs)} runs.")
    cut = sum(shelf.is_cut for shelf in shelves)
    if cut:
        runs = "1 run" if cut == 1 else f"{cut} runs"
        notices.append(f"Of {runs} only the first {MAX_FILES} files are looked at.")
    return notices


def _models(runs: Sequence[Run]) -> dict[int, list[LoggedModel]]:
    """The models that each run made, by the run's key."""
    made = list(
        RunOutput.objects.filter(run__in=[run.pk for run in runs]).values_list("run_id", "model_id")
    )
    models = LoggedModel.objects.filter(
        Q(source_run_id__in=[run.run_id for run in runs]) | Q(pk__in={model for _, model in made}),
        deleted_time=None,
    )
    keys = {run.run_id: run.pk for run in runs}
    workspaces = {run.experiment.workspace_id for run in runs}
    found: dict[int, list[LoggedModel]] = {}
    for model in models.select_related("experiment"):
        owners = {run for run, pk in made if pk == model.pk} | {keys.get(model.source_run_id)}
        for owner in owners - {None}:
            if model.experiment.workspace_id in workspaces:
                found.setdefault(owner, []).append(model)
    return found
