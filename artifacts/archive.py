"""A zip archive that is made while it is sent."""

import time
from collections.abc import Iterator
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from artifacts.media import content_type
from artifacts.paths import ArtifactPath
from artifacts.store import ArtifactStore, Entry, NoSuchArtifact

# What a zip entry can say of its time: years from 1980, in UTC here.
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LATEST = (2107, 12, 31, 23, 59, 58)


class _Outbox:
    """What zipfile has written and nobody has taken yet. It cannot seek, so zipfile streams."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, piece: bytes) -> int:
        self._waiting += piece
        return len(piece)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


def zip_of(store: ArtifactStore, folder: ArtifactPath) -> Iterator[bytes]:
    """Every file below ``folder`` as one zip archive, with names relative to it.

    A file that is deleted while the archive is made is left out.
    """
    outbox = _Outbox()
    with ZipFile(outbox, "w") as archive:
        for entry in store.walk(folder):
            try:
                pieces = store.open(entry.path)
            except NoSuchArtifact:
                continue
            with archive.open(_header(entry, folder), "w") as member:
                for piece in pieces:
                    member.write(piece)
                    yield outbox.take()
    yield outbox.take()


def _header(entry: Entry, folder: ArtifactPath) -> ZipInfo:
    moment = time.gmtime(entry.modified_ms // 1000)[:6]
    header = ZipInfo(str(entry.path.relative_to(folder)), min(max(moment, _EARLIEST), _LATEST))
    # Models and images are packed already; deflating them again costs time and saves nothing.
    is_text = content_type(entry.name).startswith("text/")
    header.compress_type = ZIP_DEFLATED if is_text else ZIP_STORED
    # Lets zipfile choose the large format, which it cannot do afterwards in a stream.
    header.file_size = entry.size
    header.external_attr = 0o644 << 16
    return header
