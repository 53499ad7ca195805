"""Artifacts in a folder of this machine."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from artifacts.archive import zip_of
from artifacts.disk import disk_faults, make_folders, remove, sync_folder, write_durably
from artifacts.multipart import PartUploads
from artifacts.paths import ArtifactPath, UnsafePath, is_same_name, locate
from artifacts.store import Entry, IsAFile, IsAFolder, NoSuchArtifact
from core.errors import Unavailable
from core.time import now_ms

READ_BYTES = 256 * 1024

# Beside the artifacts, since a rename is atomic only within one file system.
STAGING = ".staging"

# What nobody has touched for so long is no upload that is still coming in.
STALE_MS = 24 * 60 * 60 * 1000

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
        self._uploads = PartUploads(self._staging)

    def write(self, path: ArtifactPath, chunks: Iterable[bytes]) -> int:
        place = self._place(path)
        if path.is_root:
            raise IsAFolder(path)
        self._refuse_conflicts(path, place)
        with disk_faults(path):
            make_folders(self._staging)
        draft = self._new_draft()
        try:
            size = write_durably(draft, chunks, path)
            self._publish(draft, place, path)
        finally:
            draft.unlink(missing_ok=True)
        return size

    def start_upload(self, path: ArtifactPath, *, parts: int) -> str:
        place = self._place(path)
        if path.is_root:
            raise IsAFolder(path)
        self._refuse_conflicts(path, place)
        # Who begins one pays for those that were never ended.
        self.clear_staging(before_ms=now_ms() - STALE_MS)
        return self._uploads.start(path, parts=parts)

    def write_part(self, upload_id: str, number: int, chunks: Iterable[bytes]) -> str:
        return self._uploads.write(upload_id, number, chunks)

    def complete_upload(
        self, upload_id: str, path: ArtifactPath, *, tags: Mapping[int, str]
    ) -> None:
        place = self._place(path)
        self._uploads.complete(
            upload_id, path, tags=tags, publish=lambda draft: self._publish(draft, place, path)
        )

    def abort_upload(self, upload_id: str, path: ArtifactPath) -> None:
        self._uploads.abort(upload_id, path)

    def open(
        self, path: ArtifactPath, *, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        place = self._place(path)
        with disk_faults(path):
            entry = _entry(path, place)
            if entry is None:
                raise NoSuchArtifact(path)
            if entry.is_folder:
                raise IsAFolder(path)
            file = place.open("rb", buffering=0)
        return _pieces(file, path, start, sys.maxsize if length is None else length)

    def stat(self, path: ArtifactPath) -> Entry | None:
        with disk_faults(path):
            return _entry(path, self._place(path))

    def list(self, path: ArtifactPath) -> list[Entry]:
        place = self._place(path)
        with disk_faults(path):
            try:
                with os.scandir(place) as found:
                    children = sorted(found, key=attrgetter("name"))
            except (FileNotFoundError, NotADirectoryError):
                return []
            entries = [
                _child(path, child)
                for child in children
                if not (path.is_root and child.name == STAGING)
            ]
            return [entry for entry in entries if entry is not None]

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
        with disk_faults(path):
            if not os.path.lexists(place):
                return
            make_folders(self._staging)
            draft = self._new_draft()
            try:
                place.rename(draft)
            except (FileNotFoundError, NotADirectoryError):
                return
            sync_folder(place.parent)
            remove(draft)

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
        with disk_faults(ArtifactPath()):
            for draft in self._staging.iterdir() if self._staging.is_dir() else ():
                try:
                    if draft.lstat().st_mtime_ns // 1_000_000 < before_ms:
                        remove(draft)
                        removed += 1
                except FileNotFoundError:
                    # Finished, or removed by another who clears up too.
                    continue
        return removed

    def _place(self, path: ArtifactPath) -> Path:
        if path.parts and is_same_name(path.parts[0], STAGING):
            raise UnsafePath(str(path), f"begins with {STAGING!r}, which the store needs itself")
        return locate(self.root, path)

    def _new_draft(self) -> Path:
        return self._staging / uuid4().hex

    def _refuse_conflicts(self, path: ArtifactPath, place: Path) -> None:
        with disk_faults(path):
            if place.is_dir():
                raise IsAFolder(path)
            folder = path.parent
            while not folder.is_root:
                if self._place(folder).is_file():
                    raise IsAFile(folder)
                folder = folder.parent

    def _publish(self, draft: Path, place: Path, path: ArtifactPath) -> None:
        for _ in range(_ATTEMPTS):
            with disk_faults(path):
                try:
                    make_folders(place.parent)
                    draft.replace(place)
                except FileNotFoundError:
                    continue
                except (IsADirectoryError, NotADirectoryError, FileExistsError):
                    # Another write put a folder or a file in the way meanwhile; if it is gone
                    # again, so is the obstacle.
                    self._refuse_conflicts(path, place)
                    continue
                sync_folder(place.parent)
                return
        raise Unavailable(f"'{path}' is being deleted again and again; nothing was stored.")


def _pieces(file: BinaryIO, path: ArtifactPath, start: int, length: int) -> Iterator[bytes]:
    with file:
        with disk_faults(path):
            file.seek(start)
        while length > 0:
            with disk_faults(path):
                piece = file.read(min(READ_BYTES, length))
            if not piece:
                return
            length -= len(piece)
            yield piece


def _entry(path: ArtifactPath, place: Path | os.DirEntry[str]) -> Entry | None:
    """What is at ``place``; None for nothing and for what is neither file nor folder."""
    try:
        status = place.stat(follow_symlinks=False)
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


def _child(folder: ArtifactPath, found: os.DirEntry[str]) -> Entry | None:
    """A child as the listing shows it; None if no request could ask for it by this name."""
    try:
        path = ArtifactPath((*folder.parts, found.name))
    except UnsafePath:
        return None
    return _entry(path, found)
