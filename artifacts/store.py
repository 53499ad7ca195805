"""What a place for artifact bytes can do, whatever it is made of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from artifacts.paths import ArtifactPath
from core.errors import Invalid, Missing


class NoSuchArtifact(Missing):
    """Nothing is stored under this path."""

    def __init__(self, path: ArtifactPath) -> None:
        super().__init__(f"No such artifact: '{path}'")


class IsAFolder(Invalid):
    """A file was asked for, and the path names a folder."""

    def __init__(self, path: ArtifactPath) -> None:
        super().__init__(f"'{path}' is a folder, not a file.")


class IsAFile(Invalid):
    """A folder was asked for, and the path names a file."""

    def __init__(self, path: ArtifactPath) -> None:
        super().__init__(f"'{path}' is a file, not a folder.")


class NoSuchUpload(Missing):
    """No upload in parts of this name is under way for this path."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"No such upload: '{upload_id}'. It may have been aborted or expired.")


class UploadIsComplete(Invalid):
    """The upload in parts was completed; nothing can be added to it or taken back."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"The upload '{upload_id}' is complete already.")


class BadParts(Invalid):
    """The parts that are named are not the parts that were received."""


@dataclass(frozen=True)
class Entry:
    """One file or folder as a listing shows it. A folder has no size of its own."""

    path: ArtifactPath
    size: int
    is_folder: bool
    modified_ms: int

    @property
    def name(self) -> str:
        return self.path.name


class ArtifactStore(Protocol):
    """Files by path below one root, streamed in and out, never whole in memory.

    A file is whole or absent, whatever happens while it is written. Every method may raise
    ``UnsafePath`` for a path the store keeps to itself and ``core.errors.Unavailable`` when
    the storage cannot serve now; what was stored before is then intact.
    """

    def write(self, path: ArtifactPath, chunks: Iterable[bytes]) -> int:
        """Store ``chunks`` as the file ``path`` and return its size, once it is durable.

        Folders on the way are made; a file of that path is replaced at once, and readers
        see the old one or the new one. An exception out of ``chunks`` passes through and
        nothing is stored. Raises ``IsAFolder`` and ``IsAFile`` when one stands in the way
        of the other.
        """

    def open(
        self, path: ArtifactPath, *, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """The bytes of a file from ``start``, at most ``length`` of them, in pieces.

        Raises ``NoSuchArtifact`` and ``IsAFolder`` at once, not at the first piece.
        """

    def stat(self, path: ArtifactPath) -> Entry | None:
        """What is stored under ``path``, or None."""

    def list(self, path: ArtifactPath) -> list[Entry]:
        """The direct children of a folder by name; none where no folder is."""

    def walk(self, path: ArtifactPath) -> Iterator[Entry]:
        """Every file below a folder, at any depth, one folder in memory at a time."""

    def delete(self, path: ArtifactPath) -> None:
        """Remove a file, or a folder with everything in it. Nothing there is fine."""

    def zip(self, path: ArtifactPath) -> Iterator[bytes]:
        """A zip archive of everything below a folder, made while it is read.

        Names in it are relative to the folder. Raises ``NoSuchArtifact`` and ``IsAFile``
        at once, not at the first piece.
        """

    def start_upload(self, path: ArtifactPath, *, parts: int) -> str:
        """Begin to receive the file ``path`` in so many parts, and return the upload's id.

        Nothing is visible before ``complete_upload``. Raises ``IsAFolder`` and ``IsAFile``.
        """

    def write_part(self, upload_id: str, number: int, chunks: Iterable[bytes]) -> str:
        """Keep part ``number``, counted from 1, and return what tells its content from others.

        A part may be sent again. Raises ``NoSuchUpload``, ``UploadIsComplete``, ``BadParts``.
        """

    def complete_upload(
        self, upload_id: str, path: ArtifactPath, *, tags: Mapping[int, str]
    ) -> None:
        """Put the parts together in the order of their numbers, as the file ``path``.

        ``tags`` has for every part what ``write_part`` returned. Saying the same once more is
        harmless: a client may not have heard the first answer. Raises ``NoSuchUpload``,
        ``UploadIsComplete`` and ``BadParts``; the upload then stands as before.
        """

    def abort_upload(self, upload_id: str, path: ArtifactPath) -> None:
        """Forget an upload and its parts. Raises ``NoSuchUpload`` and ``UploadIsComplete``."""
