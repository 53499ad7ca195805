"""Artifacts in a folder of this machine."""

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from artifacts.archive import zip_of
from artifacts.paths import ArtifactPath, UnsafePath, locate
from artifacts.store import Entry, IsAFile, IsAFolder, NoSuchArtifact
from core.errors import Unavailable

READ_BYTES = 256 * 1024

# Beside the artifacts, since a rename is atomic only within one file system.
STAGING = ".staging"

# A folder that is deleted while a file is written into it is made again this often.
_ATTEMPTS = 20


class LocalStore:
    """An ``ArtifactStore`` in a folder, which may not exist yet.

    A file is written beside the artifacts, made durable, and renamed into place; a deletion
    renames out of place first. So neither a reader nor a kill at any moment ever meets half
    a file or half a deleted tree. What a kill leaves in the staging folder is removed by
    ``clear_staging``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._staging = self.root / STAGING

    def write(self, path: ArtifactPath, chunks: Iterable[bytes]) -> int:
        place = self._place(path)
        if path.is_root:
            raise IsAFolder(path)
        self._refuse_conflicts(path, place)
        with _disk_faults(path):
            _make_folders(self._staging)
        draft = self._new_draft()
        try:
            size = _write_durably(draft, chunks, path)
            self._publish(draft, place, path)
        finally:
            draft.unlink(missing_ok=True)
        return size

    def open(
        self, path: ArtifactPath, *, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        place = self._place(path)
        with _disk_faults(path):
            entry = _entry(path, place)
            if entry is None:
                raise NoSuchArtifact(path)
            if entry.is_folder:
                raise IsAFolder(path)
            file = place.open("rb", buffering=0)
        return _pieces(file, path, start, sys.maxsize if length is None else length)

    def stat(self, path: ArtifactPath) -> Entry | None:
        with _disk_faults(path):
            return _entry(path, self._place(path))

    def list(self, path: ArtifactPath) -> list[Entry]:
        place = self._place(path)
        with _disk_faults(path):
            try:
                names = sorted(os.listdir(place))
            except (FileNotFoundError, NotADirectoryError):
                return []
            if path.is_root and STAGING in names:
                names.remove(STAGING)
            children = (_child(path, place, name) for name in names)
            return [child for child in children if child is not None]

    def walk(self, path: ArtifactPath) -> Iterator[Entry]:
        waiting = [iter(self.list(path))]
        while waiting:
            entry = next(waiting[-1], None)
            if entry is None:
                waiting.pop()
            elif entry.is_folder:
                waiting.append(iter(self.list(entry.path)))
            else:
                yield entry

    def delete(self, path: ArtifactPath) -> None:
        place = self._place(path)
        if path.is_root:
            raise UnsafePath(str(path), "is the root, which cannot be deleted")
        with _disk_faults(path):
            if not os.path.lexists(place):
                return
            _make_folders(self._staging)
            draft = self._new_draft()
            try:
                place.rename(draft)
            except (FileNotFoundError, NotADirectoryError):
                return
            _sync_folder(place.parent)
            _remove(draft)

    def zip(self, path: ArtifactPath) -> Iterator[bytes]:
        entry = self.stat(path)
        if entry is None:
            raise NoSuchArtifact(path)
        if not entry.is_folder:
            raise IsAFile(path)
        return zip_of(self, path)

    def clear_staging(self, *, before_ms: int) -> int:
        """Remove what writes and deletions that were killed left behind, and count it.

        Only what nobody has touched since ``before_ms``: a younger draft may be an upload
        that is still coming in.
        """
        removed = 0
        with _disk_faults(ArtifactPath()):
            for draft in self._staging.iterdir() if self._staging.is_dir() else ():
                if draft.lstat().st_mtime_ns // 1_000_000 < before_ms:
                    _remove(draft)
                    removed += 1
        return removed

    def _place(self, path: ArtifactPath) -> Path:
        if path.parts[:1] == (STAGING,):
            raise UnsafePath(str(path), f"begins with {STAGING!r}, which the store needs itself")
        return locate(self.root, path)

    def _new_draft(self) -> Path:
        return self._staging / uuid4().hex

    def _refuse_conflicts(self, path: ArtifactPath, place: Path) -> None:
        with _disk_faults(path):
            if place.is_dir():
                raise IsAFolder(path)
            folder = path.parent
            while not folder.is_root:
                if self._place(folder).is_file():
                    raise IsAFile(folder)
                folder = folder.parent

    def _publish(self, draft: Path, place: Path, path: ArtifactPath) -> None:
        for _ in range(_ATTEMPTS):
            with _disk_faults(path):
                try:
                    _make_folders(place.parent)
                    draft.replace(place)
                except FileNotFoundError:
                    continue
                except (IsADirectoryError, NotADirectoryError, FileExistsError):
                    # Another write put a folder or a file in the way meanwhile; if it is gone
                    # again, so is the obstacle.
                    self._refuse_conflicts(path, place)
                    continue
                _sync_folder(place.parent)
                return
        raise Unavailable(f"'{path}' is being deleted again and again; nothing was stored.")


@contextmanager
def _disk_faults(path: ArtifactPath) -> Iterator[None]:
    """Turn what the operating system says into what the person at the other end can use."""
    try:
        yield
    except OSError as fault:
        if fault.errno == errno.ENAMETOOLONG:
            raise UnsafePath(str(path), "is too long for the file system") from fault
        if fault.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable("The artifact store is full; nothing was stored.") from fault
        raise Unavailable(f"The artifact store cannot serve '{path}' now.") from fault


def _write_durably(draft: Path, chunks: Iterable[bytes], path: ArtifactPath) -> int:
    # The faults of the disk and those of the sender are kept apart: a client that hangs up
    # is an OSError too, and is not for this module to explain.
    with _disk_faults(path):
        file = draft.open("xb", buffering=0)
    size = 0
    with file:
        for chunk in chunks:
            with _disk_faults(path):
                size += _write_all(file, chunk)
        with _disk_faults(path):
            os.fsync(file.fileno())
    return size


def _write_all(file: BinaryIO, chunk: bytes) -> int:
    # A disk that runs full may take a part of the chunk before it says so.
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]
    return len(chunk)


def _pieces(file: BinaryIO, path: ArtifactPath, start: int, length: int) -> Iterator[bytes]:
    with file:
        with _disk_faults(path):
            file.seek(start)
        while length > 0:
            with _disk_faults(path):
                piece = file.read(min(READ_BYTES, length))
            if not piece:
                return
            length -= len(piece)
            yield piece


def _entry(path: ArtifactPath, place: Path) -> Entry | None:
    """What is at ``place``; None for nothing and for what is neither file nor folder."""
    try:
        status = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    is_folder = stat.S_ISDIR(status.st_mode)
    if not is_folder and not stat.S_ISREG(status.st_mode):
        return None
    return Entry(
        path=path,
        size=0 if is_folder else status.st_size,
        is_folder=is_folder,
        modified_ms=status.st_mtime_ns // 1_000_000,
    )


def _child(folder: ArtifactPath, place: Path, name: str) -> Entry | None:
    """A child as the listing shows it; None if no request could ask for it by this name."""
    try:
        path = ArtifactPath((*folder.parts, name))
    except UnsafePath:
        return None
    return _entry(path, place / name)


def _make_folders(folder: Path) -> None:
    """Make ``folder`` and what it lies in, so that they survive a loss of power."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        # Deleted since, with what was in it: a later word than the one to be kept here.
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
