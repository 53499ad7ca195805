"""Files of an MLflow store in folders of this machine."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from artifacts.local import READ_BYTES
from artifacts.paths import ArtifactPath, UnsafePath
from tracker.importing.source import SourceFile, SourceRefused

_TAIL = "artifacts"


@dataclass(frozen=True)
class FolderFiles:
    """The regular files below a folder. Links are not followed: they may lead anywhere."""

    folder: Path

    def files(self) -> Iterator[SourceFile]:
        for place, folders, names in os.walk(self.folder):
            folders.sort()
            for name in sorted(names):
                file = Path(place, name)
                if not file.is_symlink() and file.is_file():
                    yield SourceFile(file.relative_to(self.folder).as_posix(), file.stat().st_size)

    def open(self, path: str) -> Iterator[bytes]:
        try:
            with (self.folder / path).open("rb") as file:
                while chunk := file.read(READ_BYTES):
                    yield chunk
        except OSError as error:
            raise SourceRefused(f"Cannot read '{path}': {error.strerror}.") from error


def local_files(artifact_uri: str, *, owner_id: str) -> FolderFiles | None:
    """The files at a ``file:`` URI or a plain path; None if that is not here.

    Such a URI comes from whoever made the experiment, and must not make this machine copy its own
    files: it counts only where MLflow itself would have made it, in ``<id>/artifacts``.
    """
    parts = urlsplit(artifact_uri)
    if parts.scheme not in {"", "file"} or parts.netloc not in {"", "localhost"}:
        return None
    folder = Path(unquote(parts.path))
    if not folder.is_absolute() or folder.parts[-2:] != (owner_id, _TAIL):
        return None
    return _existing(folder)


def served_files(root: Path, path: str, *, owner_id: str) -> FolderFiles | None:
    """The files that a server with the folder ``root`` offers as ``mlflow-artifacts:/<path>``."""
    try:
        parts = ArtifactPath.parse(path.strip("/")).parts
    except UnsafePath:
        return None
    if parts[-2:] != (owner_id, _TAIL):
        return None
    return _existing(root.joinpath(*parts))


def moved_files(root: Path, artifact_uri: str, *, owner_id: str) -> FolderFiles | None:
    """The files of a local URI whose folders were moved below ``root``, with the same endings."""
    folder = Path(unquote(urlsplit(artifact_uri).path))
    if folder.parts[-2:] != (owner_id, _TAIL) or ".." in folder.parts:
        return None
    # From the longest ending, which is the surest, to the shortest one that names the owner.
    for start in range(1, len(folder.parts) - 1):
        if found := _folder(root.joinpath(*folder.parts[start:])):
            return found
    return None


def _existing(folder: Path) -> FolderFiles | None:
    """The folder, if it is there, or may be missing because nothing was ever put into it."""
    if found := _folder(folder):
        return found
    experiment = folder.parent.parent
    return FolderFiles(folder) if experiment.is_dir() else None


def _folder(folder: Path) -> FolderFiles | None:
    return FolderFiles(folder) if folder.is_dir() else None
