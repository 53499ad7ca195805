"""Where the files of a model version are kept, and how they are shown.

They lie where a run or a logged model put them: nothing is copied when a version is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from artifacts.paths import ArtifactPath, UnsafePath
from artifacts.store import ArtifactStore, Entry
from registry.models import ModelVersion
from runs.detail import read_files
from runs.files import artifact_store, root_of, run_store
from runs.outputs import Place, RunFiles

# How many files and folders the page of a version lists, and how deep it goes; an archive of
# all of them has the rest.
MAX_LISTED = 300
MAX_DEPTH = 12

_ROOT = ArtifactPath()


@dataclass(frozen=True)
class Node:
    """One line of the list of files. ``run_path`` is where the run's own page shows it.

    ``children`` is None for a file, and for a folder that lies too deep to be opened here.
    """

    entry: Entry
    run_path: ArtifactPath | None
    children: Sequence["Node"] | None = None


@dataclass(frozen=True)
class FileTree:
    """A version's files; ``is_complete`` unless there are more than a page lists."""

    nodes: Sequence[Node]
    count: int
    size: int
    is_complete: bool


def version_store(version: ModelVersion) -> tuple[ArtifactStore, ArtifactPath | None]:
    """The store, and in it the folder of the version's files; None if they are elsewhere."""
    location = version.storage_location or version.source
    if not location.startswith("runs:/"):
        return artifact_store(), root_of(location)
    if version.run is None:
        return artifact_store(), None
    store, root = run_store(version.run)
    _, _, below = location.removeprefix("runs:/").partition("/")
    try:
        path = ArtifactPath.parse(below.strip("/"), allow_root=True)
        return store, None if root is None else root / path
    except UnsafePath:
        return store, None


def version_files(version: ModelVersion) -> RunFiles | None:
    """The files of a version; None if they are not on this server."""
    store, root = version_store(version)
    return None if root is None else RunFiles(Place(store, root), {})


def file_tree(version: ModelVersion, files: RunFiles) -> FileTree:
    """The files of a version, folders first, up to ``MAX_LISTED`` and ``MAX_DEPTH``."""
    listing = _Listing(files)
    nodes = listing.nodes(_ROOT, path_in_run(version), depth=1)
    return FileTree(nodes, listing.count, listing.size, listing.is_complete)


def path_in_run(version: ModelVersion) -> ArtifactPath | None:
    """Where the files show among the output files of the version's run, if they do."""
    _, root = version_store(version)
    if root is None or version.run is None:
        return None
    files = read_files(version.run)
    if files.own is not None and root.parts[: len(files.own.root.parts)] == files.own.root.parts:
        return root.relative_to(files.own.root)
    for name, place in files.models.items():
        if root.parts[: len(place.root.parts)] == place.root.parts:
            folder = ArtifactPath((name,))
            if files.own is not None and files.own.store.stat(files.own.root / folder):
                # The run has files of its own under that name, and they show instead.
                return None
            return folder / root.relative_to(place.root)
    return None


class _Listing:
    """Counts files while it lists them, and stops at the limits."""

    def __init__(self, files: RunFiles) -> None:
        self.files = files
        self.lines = 0
        self.count = 0
        self.size = 0
        self.is_complete = True

    def nodes(self, folder: ArtifactPath, in_run: ArtifactPath | None, *, depth: int) -> list[Node]:
        found = []
        for entry in self.files.list(folder):
            if self.lines == MAX_LISTED:
                self.is_complete = False
                break
            self.lines += 1
            shown = None if in_run is None else in_run / ArtifactPath((entry.name,))
            if not entry.is_folder:
                self.count += 1
                self.size += entry.size
                found.append(Node(entry, shown))
            elif depth == MAX_DEPTH:
                self.is_complete = False
                found.append(Node(entry, shown))
            else:
                children = self.nodes(entry.path, shown, depth=depth + 1)
                found.append(Node(entry, shown, children))
        return found
