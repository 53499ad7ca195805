"""How bytes get onto a disk of this machine so that they last, and what is said when it fails."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from artifacts.paths import ArtifactPath, UnsafePath
from core.errors import Unavailable

_PIECE_BYTES = 1024 * 1024
_COPY_BYTES = 1024 * 1024 * 1024
# What a kernel or a file system says that has no such call, or not for these two files.
_NO_KERNEL_COPY = {errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


@contextmanager
def disk_faults(path: ArtifactPath) -> Iterator[None]:
    """Turn what the operating system says into what the person at the other end can use."""
    try:
        yield
    except OSError as fault:
        if fault.errno == errno.ENAMETOOLONG:
            raise UnsafePath(str(path), "is too long for the file system") from fault
        if fault.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise Unavailable("The artifact store is full; nothing was stored.") from fault
        raise Unavailable(f"The artifact store cannot serve '{path}' now.") from fault


def write_durably(draft: Path, chunks: Iterable[bytes], path: ArtifactPath) -> int:
    """Make a file of ``chunks`` that survives a loss of power, and return its size."""
    # The faults of the disk and those of the sender are kept apart: a client that hangs up
    # is an OSError too, and is not for this module to explain.
    with disk_faults(path):
        file = draft.open("xb", buffering=0)
    size = 0
    with file:
        for chunk in chunks:
            with disk_faults(path):
                size += _write_all(file, chunk)
        with disk_faults(path):
            os.fsync(file.fileno())
    return size


def append_file(whole: BinaryIO, part: Path) -> None:
    """Write all of ``part`` at the end of ``whole``, which is unbuffered.

    The kernel does it where it can: a file system that shares blocks then copies nothing.
    """
    with part.open("rb", buffering=0) as source:
        try:
            while os.copy_file_range(source.fileno(), whole.fileno(), _COPY_BYTES):
                pass
        except (AttributeError, OSError) as fault:
            if isinstance(fault, OSError) and fault.errno not in _NO_KERNEL_COPY:
                raise
            while piece := source.read(_PIECE_BYTES):
                _write_all(whole, piece)


def _write_all(file: BinaryIO, chunk: bytes) -> int:
    # A disk that runs full may take a part of the chunk before it says so.
    rest = memoryview(chunk)
    while rest:
        rest = rest[file.write(rest) :]
    return len(chunk)


def make_folders(folder: Path) -> None:
    """Make ``folder`` and what it lies in, so that they survive a loss of power."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make what was last made, renamed or removed in ``folder`` survive a loss of power."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        # Deleted since, with what was in it: a later word than the one to be kept here.
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(place: Path) -> None:
    """Remove a file, a link or a folder with everything in it."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
