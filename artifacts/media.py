"""What a stored file is, judged by its name, and how HTTP says so."""

import mimetypes
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import quote

from core.errors import Invalid

MAX_PREVIEW_BYTES = 50 * 1024 * 1024

# MLflow's server calls these text, so that a browser shows them rather than runs them.
_TEXT_ENDINGS = (
    "txt log err cfg conf cnf cf ini properties prop hocon toml yaml yml xml json js py py3 "
    "csv tsv md rst ipynb MLmodel MLproject mlproject"
)

# Python's own table, without the machine's: the same name means the same everywhere.
_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("image/webp", ".webp")
_TYPES.add_type("image/avif", ".avif")


def content_type(name: str) -> str:
    """The media type that MLflow's server answers for a file of this name."""
    suffixes = PurePosixPath(name).suffixes
    ending = suffixes[-1].removeprefix(".") if suffixes else name
    if ending in _TEXT_ENDINGS.split():
        return "text/plain"
    # Only the endings are shown to the table: it reads a name with a colon as an address.
    guessed, _encoding = _TYPES.guess_type("name" + "".join(suffixes))
    return guessed or "application/octet-stream"


def disposition(name: str, kind: Literal["attachment", "inline"] = "attachment") -> str:
    """The ``Content-Disposition`` of a file of this name, safe as a header.

    A name beyond ASCII is sent twice: as RFC 5987 says, and as near as ASCII comes for
    clients that do not know it.
    """
    # Control characters would end the header; a lone surrogate cannot be encoded at all.
    clean = "".join("_" if unicodedata.category(c) in {"Cc", "Cs"} else c for c in name)
    if clean.isascii():
        return f"{kind}; filename={_header_word(clean)}"
    folded = unicodedata.normalize("NFKD", clean).encode("ascii", "ignore").decode("ascii")
    exact = quote(clean, safe="!#$&+-.^_`|~")
    return f"{kind}; filename={_header_word(folded or 'download')}; filename*=UTF-8''{exact}"


def _header_word(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True)
class ByteRange:
    """The bytes from ``start`` to ``end``, both included, as HTTP counts them."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start + 1


class RangeNotSatisfiable(Invalid):
    """A range of bytes was asked for that the file does not have."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size} bytes; the range asked for is outside of them.")
        self.size = size


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """What a ``Range`` header asks of a file of ``size`` bytes; None means all of it.

    A header that is broken, in another unit, or wants several ranges is answered with the
    whole file, as HTTP allows. Raises ``RangeNotSatisfiable``.
    """
    # 18 digits are beyond any file and within what int() reads quickly.
    asked = re.fullmatch(r"\s*bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", header or "")
    if asked is None or asked.group(1) == asked.group(2) == "":
        return None
    first, last = asked.groups()
    if first == "":
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last or size - 1), size - 1)
        if last and int(last) < start:
            return None
    if start >= size:
        raise RangeNotSatisfiable(size)
    return ByteRange(start, end)


class Preview(StrEnum):
    """How a page can show a file."""

    IMAGE = "image"
    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"
    PDF = "pdf"
    MODEL = "model"
    NONE = "none"
    TOO_LARGE = "too-large"


_PREVIEWS = {
    Preview.IMAGE: "png jpg jpeg gif webp avif bmp ico svg",
    Preview.JSON: "json ipynb geojson",
    Preview.CSV: "csv tsv",
    Preview.MARKDOWN: "md markdown",
    Preview.HTML: "html htm",
    Preview.PDF: "pdf",
    Preview.TEXT: "txt log err cfg conf cnf cf ini properties prop hocon toml yaml yml xml js py "
    "py3 rst jsonl ndjson sh bash sql r c h cc cpp hpp java kt scala go rs ts tsx jsx css rb pl "
    "lua jl m tex bib diff patch env lock dockerfile makefile license readme mlproject gitignore",
    # The description of a model folder, which has no ending of its own.
    Preview.MODEL: "mlmodel",
}
_PREVIEW_BY_ENDING = {
    ending: preview for preview, endings in _PREVIEWS.items() for ending in endings.split()
}


def preview_kind(name: str, size: int) -> Preview:
    """How a page can show a file of this name and size."""
    ending = name.lower().rpartition(".")[2]
    preview = _PREVIEW_BY_ENDING.get(ending, Preview.NONE)
    if preview is not Preview.NONE and size > MAX_PREVIEW_BYTES:
        return Preview.TOO_LARGE
    return preview
