"""Bringing the files of a run or logged model into this site's store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from artifacts.paths import ArtifactPath, UnsafePath
from artifacts.store import ArtifactStore, IsAFile, IsAFolder
from tracker.importing.source import SourceFile, SourceFiles, SourceRefused


@dataclass(frozen=True)
class FilesJob:
    """What to copy where. ``is_kept``: a file that is here stays, whatever its size."""

    owner: str
    files: SourceFiles
    root: ArtifactPath
    is_kept: bool


@dataclass
class FilesDone:
    """How many files came, how large they were, and which did not come."""

    count: int = 0
    size: int = 0
    errors: list[str] = field(default_factory=list)


def copy_files(job: FilesJob, store: ArtifactStore, *, tell: Callable[[int], None]) -> FilesDone:
    """Copy what is not here yet; ``tell`` hears the size of each piece.

    A file that cannot be had or kept is an error of its own. Raises ``SourceGone`` and
    ``core.errors.Unavailable``, after which the rest can still be copied by the same call.
    """
    done = FilesDone()
    try:
        for file in job.files.files():
            _copy_file(file, job, store, done, tell)
    except SourceRefused as refusal:
        done.errors.append(f"{job.owner}: its files cannot be listed. {refusal.message}")
    return done


def _copy_file(
    file: SourceFile,
    job: FilesJob,
    store: ArtifactStore,
    done: FilesDone,
    tell: Callable[[int], None],
) -> None:
    try:
        path = job.root / file.path
        there = store.stat(path)
        if there is not None and not there.is_folder and (job.is_kept or there.size == file.size):
            return
        done.size += store.write(path, _told(job.files.open(file.path), tell))
        done.count += 1
    except (SourceRefused, UnsafePath, IsAFile, IsAFolder) as refusal:
        done.errors.append(f"{job.owner}, file '{file.path}': {refusal.message}")


def _told(chunks: Iterator[bytes], tell: Callable[[int], None]) -> Iterator[bytes]:
    for chunk in chunks:
        tell(len(chunk))
        yield chunk
