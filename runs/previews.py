"""How an output file is shown on a page, and what is read of it for that.

Whatever a file holds, there is a preview: what cannot be read as what its name promises is
shown as text, and what is no text as a file to download. Never more than ``MAX_TEXT_BYTES``
of a file are in memory.
"""

import codecs
import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from django.utils.safestring import SafeString

from artifacts.media import MAX_PREVIEW_BYTES, content_type, preview_kind
from artifacts.media import Preview as FileKind
from artifacts.paths import ArtifactPath
from artifacts.store import Entry
from runs.highlight import can_be_numbered, highlighted
from runs.mlmodel import (
    MAX_MODEL_FILE_BYTES,
    MODEL_FILE,
    ModelDescription,
    NotAModelFile,
    describe_model,
)
from runs.outputs import RunFiles

MAX_TEXT_BYTES = 1_000_000
MAX_MARKDOWN_BYTES = 200_000
MAX_ROWS = 200
MAX_COLUMNS = 50

_SNIFFED_BYTES = 8_192
_DELIMITERS = ",;\t|"


class Kind(StrEnum):
    """How a file is shown; ``templates/runs/previews/_<kind>.html`` does it."""

    IMAGE = "image"
    LINES = "lines"
    PLAIN = "plain"
    TABLE = "table"
    MARKDOWN = "markdown"
    FRAME = "frame"
    PDF = "pdf"
    MEDIA = "media"
    EMPTY = "empty"
    NONE = "none"
    TOO_LARGE = "too_large"


@dataclass(frozen=True)
class Cell:
    """One value of a table, and whether it stands in a column of numbers."""

    text: str
    is_number: bool


@dataclass(frozen=True)
class Preview:
    """What a page shows of one file. ``notice`` says what of it is not shown."""

    kind: Kind
    text: str = ""
    lines: SafeString = field(default_factory=SafeString)
    header: Sequence[Cell] = ()
    rows: Sequence[Sequence[Cell]] = ()
    notice: str = ""

    @property
    def template(self) -> str:
        return f"runs/previews/_{self.kind}.html"


def preview(files: RunFiles, entry: Entry) -> Preview:
    """What to show of the file ``entry``."""
    if entry.size == 0:
        return Preview(Kind.EMPTY)
    kind = preview_kind(entry.name, entry.size)
    if kind is FileKind.TOO_LARGE or entry.size > MAX_PREVIEW_BYTES:
        return Preview(Kind.TOO_LARGE)
    if kind in _SHOWN_BY_ADDRESS:
        return Preview(_SHOWN_BY_ADDRESS[kind])
    if kind is FileKind.NONE:
        if content_type(entry.name).startswith(("audio/", "video/")):
            return Preview(Kind.MEDIA, text=content_type(entry.name).partition("/")[0])
        if not _is_text(files.read(entry.path, _SNIFFED_BYTES)):
            return Preview(Kind.NONE)
    return _text_preview(files, entry, kind)


def model_in(files: RunFiles, folder: ArtifactPath) -> ModelDescription | None:
    """What the model in ``folder`` is; None if there is none, or none that can be read."""
    if folder.is_root and not files.list(folder):
        return None
    entry = files.stat(folder / MODEL_FILE)
    if entry is None or entry.is_folder or entry.size > MAX_MODEL_FILE_BYTES:
        return None
    try:
        raw = files.read(entry.path, MAX_MODEL_FILE_BYTES)
        return describe_model(_decoded(raw, is_whole=True))
    except NotAModelFile:
        return None


# The browser fetches these itself, from the raw address.
_SHOWN_BY_ADDRESS = {
    FileKind.IMAGE: Kind.IMAGE,
    FileKind.HTML: Kind.FRAME,
    FileKind.PDF: Kind.PDF,
}


def _text_preview(files: RunFiles, entry: Entry, kind: FileKind) -> Preview:
    raw = files.read(entry.path, MAX_TEXT_BYTES)
    if not _is_text(raw[:_SNIFFED_BYTES]):
        return Preview(Kind.NONE)
    is_whole = entry.size <= len(raw)
    text = _decoded(raw, is_whole=is_whole)
    shown = None
    if kind is FileKind.CSV:
        shown = _table(text, entry.name, is_whole)
    elif kind is FileKind.JSON and is_whole:
        shown = _json(text, entry.name)
    elif kind is FileKind.MARKDOWN and entry.size <= MAX_MARKDOWN_BYTES:
        shown = Preview(Kind.MARKDOWN, text=text)
    return shown or _lines(text, entry.name, is_whole)


def _lines(text: str, name: str, is_whole: bool) -> Preview:
    notice = "" if is_whole else "This is the first megabyte. Download the file to see all of it."
    if can_be_numbered(text):
        return Preview(Kind.LINES, lines=highlighted(text, name), notice=notice)
    return Preview(Kind.PLAIN, text=text, notice=notice)


def _json(text: str, name: str) -> Preview | None:
    try:
        value = json.loads(text)
        if table := _json_table(value):
            return table
        pretty = json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    return _lines(_encodable(pretty), name, is_whole=True)


def _json_table(value: object) -> Preview | None:
    """The table that MLflow's ``log_table`` and pandas' "split" write."""
    if not isinstance(value, dict) or not {"columns", "data"} <= value.keys():
        return None
    columns, data = value["columns"], value["data"]
    if not isinstance(columns, list) or not isinstance(data, list) or not columns:
        return None
    if not all(isinstance(row, list) for row in data):
        return None
    rows = [[_json_cell(cell) for cell in row] for row in data[:MAX_ROWS]]
    return _table_of([_json_cell(name) for name in columns], rows, more=len(data) > MAX_ROWS)


def _json_cell(value: object) -> str:
    return _encodable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _table(text: str, name: str, is_whole: bool) -> Preview | None:
    if not is_whole:
        # The last line may have been cut anywhere.
        text = text[: text.rfind("\n") + 1] or text
    first_line = text.partition("\n")[0]
    is_tabbed = name.lower().endswith(".tsv")
    delimiter = "\t" if is_tabbed else max(_DELIMITERS, key=first_line.count)
    try:
        rows = list(islice(csv.reader(io.StringIO(text), delimiter=delimiter), MAX_ROWS + 2))
    except csv.Error:
        return None
    rows = [row for row in rows if row]
    if not rows:
        return None
    if all(_is_number(cell) for cell in rows[0]):
        header = [str(number) for number in range(1, len(rows[0]) + 1)]
    else:
        header, rows = rows[0], rows[1:]
    return _table_of(header, rows[:MAX_ROWS], more=not is_whole or len(rows) > MAX_ROWS)


def _table_of(header: Sequence[str], rows: Sequence[Sequence[str]], *, more: bool) -> Preview:
    width = min(max(len(header), *map(len, rows)) if rows else len(header), MAX_COLUMNS)
    padded = [[*row[:width], *[""] * (width - len(row))] for row in rows]
    are_numbers = [
        any(row[column] for row in padded)
        and all(not row[column] or _is_number(row[column]) for row in padded)
        for column in range(width)
    ]
    names = [*header[:width], *[""] * (width - len(header))]
    cut = [
        f"the first {MAX_ROWS} rows" if more else "",
        f"the first {MAX_COLUMNS} of {len(header):,} columns" if len(header) > width else "",
    ]
    said = " and ".join(part for part in cut if part)
    return Preview(
        Kind.TABLE,
        header=_cells(names, are_numbers),
        rows=[_cells(row, are_numbers) for row in padded],
        notice=f"These are {said}. Download the file to see all of it." if said else "",
    )


def _cells(texts: Sequence[str], are_numbers: Sequence[bool]) -> list[Cell]:
    return [Cell(text, number) for text, number in zip(texts, are_numbers, strict=True)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_text(sample: bytes) -> bool:
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    if b"\0" in sample:
        return False
    try:
        # The sample may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        # Latin letters in an old encoding are text still; a pickle is full of control codes.
        controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in sample)
        return controls == 0
    return True


def _decoded(raw: bytes, *, is_whole: bool) -> str:
    """``raw`` as text; what is none shows as replacement characters.

    A character that the end of a part cuts is left out.
    """
    is_wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if is_wide else "utf-8-sig")("replace")
    text = decoder.decode(raw, final=is_whole)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encodable(text: str) -> str:
    """``text`` with its lone surrogates, which JSON can spell and no page can hold, escaped."""
    return text.encode(errors="backslashreplace").decode()
