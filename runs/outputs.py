"""The output files of a run, as one tree.

Files that code logged to the run lie below the run's own root. What MLflow 3's ``log_model``
writes lies elsewhere, below the logged model's root, and shows here as the folder of the
model's name, which is also how clients find it: ``runs:/<run id>/<name>``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from artifacts.archive import zip_of
from artifacts.paths import ArtifactPath, UnsafePath
from artifacts.store import ArtifactStore, Entry, IsAFile, NoSuchArtifact
from runs.files import run_store
from runs.mlmodel import MODEL_FILE
from runs.models import LoggedModel, Run

# A walk over a run's files stops here: a page waits for it.
MAX_COUNTED = 1000

_ROOT = ArtifactPath()


@dataclass(frozen=True)
class Place:
    """A folder of a store."""

    store: ArtifactStore
    root: ArtifactPath


@dataclass(frozen=True)
class Tally:
    """How many files there are and what they weigh; ``complete`` unless counting was stopped."""

    files: int
    size: int
    complete: bool
    model_folders: tuple[ArtifactPath, ...]


class RunFiles:
    """What can be read of a run's output files. Paths are relative to the run.

    ``own`` is None when the run's files are not on this server; then only what its logged
    models left here shows.
    """

    def __init__(self, own: Place | None, models: Mapping[str, Place]) -> None:
        self.own = own
        self.models = models
        self._listed: dict[ArtifactPath, Sequence[Entry]] = {}

    @property
    def is_elsewhere(self) -> bool:
        """Whether the run's own files are somewhere this server does not reach."""
        return self.own is None

    def stat(self, path: ArtifactPath) -> Entry | None:
        """What is stored under ``path``, or None; the root is always there."""
        if path.is_root:
            return Entry(path=path, size=0, is_folder=True, modified_ms=0)
        place, below = self._find(path)
        entry = place.store.stat(place.root / below) if place else None
        return None if entry is None else replace(entry, path=path)

    def list(self, path: ArtifactPath) -> Sequence[Entry]:
        """The direct children of a folder: folders first, then files, each by name.

        A page asks for one folder more than once; a large one is read once.
        """
        if path not in self._listed:
            self._listed[path] = self._read(path)
        return self._listed[path]

    def walk(self, path: ArtifactPath) -> Iterator[Entry]:
        """Every file below a folder, at any depth."""
        # Not kept: all folders of a run may be more than memory should hold.
        waiting = [iter(self._read(path))]
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
            elif entry.is_folder:
                waiting.append(iter(self._read(entry.path)))
            else:
                yield entry

    def open(
        self, path: ArtifactPath, *, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """The bytes of a file, in pieces. Raises ``NoSuchArtifact`` or ``IsAFolder`` at once."""
        place, below = self._find(path)
        if place is None:
            raise NoSuchArtifact(path)
        return place.store.open(place.root / below, start=start, length=length)

    def read(self, path: ArtifactPath, limit: int) -> bytes:
        """The first ``limit`` bytes of a file."""
        return b"".join(self.open(path, length=limit))

    def zip(self, path: ArtifactPath) -> Iterator[bytes]:
        """A folder as a zip archive. Raises ``NoSuchArtifact`` and ``IsAFile`` at once."""
        entry = self.stat(path)
        if entry is None:
            raise NoSuchArtifact(path)
        if not entry.is_folder:
            raise IsAFile(path)
        return zip_of(self, path)

    def tally(self) -> Tally:
        """What there is, counted up to ``MAX_COUNTED`` files."""
        files = list(islice(self.walk(_ROOT), MAX_COUNTED + 1))
        counted = files[:MAX_COUNTED]
        models = {entry.path.parent for entry in counted if entry.name == MODEL_FILE}
        if len(files) > MAX_COUNTED:
            # A model beside a thousand pictures is found all the same.
            folders = [entry.path for entry in self.list(_ROOT) if entry.is_folder]
            models.update(path for path in folders[:MAX_COUNTED] if self.stat(path / MODEL_FILE))
        return Tally(
            files=len(counted),
            size=sum(entry.size for entry in counted),
            complete=len(files) <= MAX_COUNTED,
            model_folders=tuple(sorted(models)),
        )

    def _read(self, path: ArtifactPath) -> Sequence[Entry]:
        if path.is_root:
            found = {entry.name: entry for entry in self._own_entries()}
            for name in self.models:
                found.setdefault(name, Entry(ArtifactPath((name,)), 0, True, 0))
            entries = list(found.values())
        else:
            place, below = self._find(path)
            entries = place.store.list(place.root / below) if place else []
            entries = [
                replace(entry, path=ArtifactPath((*path.parts, entry.name))) for entry in entries
            ]
        return sorted(entries, key=lambda entry: (not entry.is_folder, entry.name.lower()))

    def _own_entries(self) -> Sequence[Entry]:
        if self.own is None:
            return []
        return [
            replace(entry, path=_literal(entry.name))
            for entry in self.own.store.list(self.own.root)
        ]

    def _find(self, path: ArtifactPath) -> tuple[Place | None, ArtifactPath]:
        """Where ``path`` lies: in a model's folder only if the run has no such file itself."""
        name = path.parts[0] if path.parts else ""
        model = self.models.get(name)
        if self.own is not None:
            shadowed = self.own.store.stat(self.own.root / _literal(name)) if model else None
            if model is None or shadowed is not None:
                return self.own, path
        return model, ArtifactPath(path.parts[1:])


def run_files(run: Run, models: Sequence[LoggedModel]) -> RunFiles:
    """The output files of ``run``, which made ``models``.

    Of two models of one name, the newer one shows.
    """
    places = {}
    for model in sorted(models, key=lambda model: model.creation_time):
        store, root = run_store(model)
        if root is not None and _is_name(model.name):
            places[model.name] = Place(store, root)
    store, root = run_store(run)
    return RunFiles(None if root is None else Place(store, root), places)


def _literal(name: str) -> ArtifactPath:
    """The path of exactly this name, which came from a store and is not to be decoded."""
    return ArtifactPath((name,))


def _is_name(name: str) -> bool:
    try:
        return bool(_literal(name))
    except UnsafePath:
        return False
