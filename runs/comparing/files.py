"""One path of several runs, side by side: pictures, texts that differ, tables by their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from artifacts.media import Preview as FileKind
from artifacts.media import content_type, preview_kind
from artifacts.store import Entry
from core.errors import Missing
from core.formatting import is_finite
from runs.comparing.address import PageAddress, Shade
from runs.comparing.diffs import Diff, line_diff
from runs.comparing.metrics import heat_of
from runs.comparing.pictures import Series, all_steps, picture_series
from runs.comparing.shelves import (
    MAX_TEXT_BYTES,
    Shelf,
    read_shelves,
    shared_paths,
    shelf_notices,
)
from runs.comparing.subject import Subject
from runs.models import Run
from runs.previews import Kind as PreviewKind
from runs.previews import preview

# Of more versions of a text the first ones are shown.
MAX_VERSIONS = 8
MAX_TABLES = 8
MAX_ROWS = 100
MAX_COLUMNS = 60
MAX_FRAMES = 8


class Kind(StrEnum):
    """How a path is shown; ``templates/runs/comparing/files/_<kind>.html`` does it."""

    IMAGES = "images"
    MEDIA = "media"
    FRAMES = "frames"
    TEXTS = "texts"
    TABLE = "table"
    SIZES = "sizes"


@dataclass(frozen=True)
class Copy:
    """The file of one run; ``entry`` is None if it has none of that path.

    ``step`` is that of a picture which is one of many.
    """

    run: Run
    entry: Entry | None
    step: int | None = None


@dataclass(frozen=True)
class Version:
    """What one run or several have at a path, against the reference; it has no ``diff``."""

    runs: Sequence[Run]
    diff: Diff | None
    # Why there is no diff where one would be.
    notice: str = ""


@dataclass(frozen=True)
class AlignedCell:
    """One value of a table in one run."""

    text: str | None
    is_number: bool
    differs: bool
    # Where the number lies among those of its column, from 1 to 5; 0 where that is not shown.
    heat: int = 0


@dataclass(frozen=True)
class Aligned:
    """Tables of several runs by the rows they share: of each column, one a run."""

    key: str
    runs: Sequence[Run]
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[AlignedCell]]]
    differing: int
    notice: str


@dataclass(frozen=True)
class SideBySide:
    """A path and what the runs have there."""

    path: str
    kind: Kind
    copies: Sequence[Copy]
    # The run that the others are held against: the baseline, or the first that has the file.
    reference: Run | None = None
    versions: Sequence[Version] = ()
    table: Aligned | None = None
    notices: Sequence[str] = field(default_factory=list)
    # The steps of pictures that were logged over steps, and the one that is shown.
    steps: Sequence[int] = ()
    step: int | None = None

    @property
    def position(self) -> int:
        """The place of the step among the steps."""
        return self.steps.index(self.step) if self.step in self.steps else 0

    @property
    def pair(self) -> list[Copy]:
        """Two pictures that can lie one on the other; none where there are more or fewer."""
        copies = [copy for copy in self.copies if copy.entry is not None]
        return copies if self.kind == Kind.IMAGES and len(copies) == 2 else []

    @property
    def media(self) -> str:
        """Whether the files are "audio" or "video"."""
        return content_type(self.path).partition("/")[0]

    @property
    def template(self) -> str:
        return f"runs/comparing/files/_{self.kind}.html"

    @property
    def missing(self) -> list[Run]:
        return [copy.run for copy in self.copies if copy.entry is None]


@dataclass(frozen=True)
class SharedPath:
    """A path that several runs have."""

    path: str
    count: int
    url: str
    is_chosen: bool
    is_series: bool = False


@dataclass(frozen=True)
class Files:
    """What the tab shows: the paths there are, and one of them."""

    paths: Sequence[SharedPath]
    runs: int
    chosen: SideBySide | None
    notices: Sequence[str]


def read_files(subject: Subject, address: PageAddress) -> Files:
    """The shared paths of the first runs, and the one that the address names."""
    shelves = read_shelves(subject.charted)
    found = {shelf.run: picture_series(shelf.entries) for shelf in shelves}
    counts = shared_paths(shelves)
    for _, taken in found.values():
        for path in taken & counts.keys():
            del counts[path]
    series: dict[str, dict[Run, Series]] = {}
    for run, (of_run, _) in found.items():
        for key, one in of_run.items():
            series.setdefault(key, {})[run] = one
    series = {key: runs for key, runs in series.items() if len(runs) > 1 and key not in counts}
    counts |= {key: len(runs) for key, runs in series.items()}
    counts = dict(sorted(counts.items()))
    # A picture says most at first sight.
    first = sorted(
        counts, key=lambda path: path not in series and preview_kind(path, 1) is not FileKind.IMAGE
    )
    path = address.path or next(iter(first), "")
    if path in series:
        chosen = _over_steps(shelves, path, series[path], address.step)
    else:
        chosen = _chosen(shelves, path, subject, address) if path else None
    notices = shelf_notices(subject, shelves)
    if address.path and chosen is None:
        notices.append(f"None of these runs has {address.path}.")
    return Files(
        paths=[
            SharedPath(
                each,
                counts[each],
                address.but(path=each, step=None),
                each == path,
                is_series=each in series,
            )
            for each in counts
        ],
        runs=len(shelves),
        chosen=chosen,
        notices=notices,
    )


def _chosen(
    shelves: Sequence[Shelf], path: str, subject: Subject, address: PageAddress
) -> SideBySide | None:
    shown = side_by_side(shelves, path, baseline=subject.baseline)
    if shown is not None and shown.table is not None and address.shade == Shade.HEAT:
        return replace(shown, table=_shaded(shown.table))
    return shown


def _over_steps(
    shelves: Sequence[Shelf], path: str, series: Mapping[Run, Series], asked: int | None
) -> SideBySide:
    """The pictures of one step; of a run that has none then, the last one before it."""
    steps = all_steps(series.values())
    step = steps[-1]
    if asked is not None:
        step = max((each for each in steps if each <= asked), default=steps[0])
    copies = []
    for shelf in shelves:
        found = series[shelf.run].at(step) if shelf.run in series else None
        copies.append(Copy(shelf.run, found[1], found[0]) if found else Copy(shelf.run, None))
    return SideBySide(path, Kind.IMAGES, copies, steps=steps, step=step)


def side_by_side(shelves: Sequence[Shelf], path: str, *, baseline: Run) -> SideBySide | None:
    """What the runs have at ``path``; None if none of them has anything there."""
    copies = [Copy(shelf.run, shelf.entries.get(path)) for shelf in shelves]
    having = [shelf for shelf in shelves if path in shelf.entries]
    if not having:
        return None
    reference = next((shelf for shelf in having if shelf.run == baseline), having[0])
    entry = reference.entries[path]
    kind = preview_kind(entry.name, entry.size)
    if kind is FileKind.IMAGE:
        return SideBySide(path, Kind.IMAGES, copies, reference.run)
    if kind is FileKind.HTML:
        notices = []
        if len(having) > MAX_FRAMES:
            notices.append(f"The first {MAX_FRAMES} of {len(having)} pages are shown.")
            copies = [copy for copy in copies if copy.entry is not None][:MAX_FRAMES]
        return SideBySide(path, Kind.FRAMES, copies, reference.run, notices=notices)
    if content_type(entry.name).startswith(("audio/", "video/")):
        return SideBySide(path, Kind.MEDIA, copies, reference.run)
    if kind in {FileKind.CSV, FileKind.JSON} and (table := _table(having, path, reference)):
        return SideBySide(path, Kind.TABLE, copies, reference.run, table=table)
    texts = {shelf.run: shelf.text(path) for shelf in having}
    if texts[reference.run] is None:
        return SideBySide(path, Kind.SIZES, copies, reference.run)
    versions, notices = versions_of(texts, reference.run)
    return SideBySide(path, Kind.TEXTS, copies, reference.run, versions=versions, notices=notices)


def versions_of(texts: Mapping[Run, str | None], reference: Run) -> tuple[list[Version], list[str]]:
    """The texts, equal ones together, against that of ``reference``; and what is left out."""
    by_text: dict[str | None, list[Run]] = {texts[reference]: []}
    for run, text in texts.items():
        by_text.setdefault(text, []).append(run)
    versions, notices = [], []
    for text, runs in list(by_text.items())[:MAX_VERSIONS]:
        if reference in runs:
            versions.append(Version(runs, None))
        elif text is None:
            size = f"{MAX_TEXT_BYTES // 1000} kB"
            versions.append(Version(runs, None, f"No text, or longer than {size}."))
        else:
            versions.append(Version(runs, line_diff(texts[reference], text)))
    if len(by_text) > MAX_VERSIONS:
        notices.append(f"{MAX_VERSIONS} of {len(by_text)} different versions are shown.")
    return versions, notices


# ---------------------------------------------------------------- Tables


@dataclass(frozen=True)
class _Sheet:
    header: Sequence[str]
    numbers: Sequence[bool]
    rows: Sequence[Sequence[str]]
    notice: str


def _table(having: Sequence[Shelf], path: str, reference: Shelf) -> Aligned | None:
    # The reference first, so that it is there whatever is left out.
    shelves = [reference, *(shelf for shelf in having if shelf is not reference)][:MAX_TABLES]
    sheets = {shelf.run: sheet for shelf in shelves if (sheet := _sheet(shelf, path))}
    if reference.run not in sheets or len(sheets) < len(shelves):
        return None
    order = [shelf.run for shelf in having if shelf.run in sheets]
    return _aligned({run: sheets[run] for run in order}, reference.run, len(having))


def _sheet(shelf: Shelf, path: str) -> _Sheet | None:
    try:
        shown = preview(shelf.files, shelf.entries[path])
    except Missing:
        return None
    if shown.kind is not PreviewKind.TABLE:
        return None
    return _Sheet(
        header=[cell.text for cell in shown.header],
        numbers=[cell.is_number for cell in shown.header],
        rows=[[cell.text for cell in row] for row in shown.rows],
        notice=shown.notice,
    )


def _aligned(sheets: Mapping[Run, _Sheet], reference: Run, having: int) -> Aligned:
    base = sheets[reference]
    key = _key(list(sheets.values()))
    by_row = {run: _by_row(sheet, key) for run, sheet in sheets.items()}
    names = dict.fromkeys(name for sheet in sheets.values() for name in sheet.header)
    columns = [name for name in names if name != key]
    most = max(1, MAX_COLUMNS // len(sheets))
    labels = list(dict.fromkeys(label for rows in by_row.values() for label in rows))
    numbers = dict(zip(base.header, base.numbers, strict=True))
    rows, differing = [], 0
    for label in labels[:MAX_ROWS]:
        cells = []
        for name in columns[:most]:
            own = by_row[reference].get(label, {}).get(name)
            for run in sheets:
                text = by_row[run].get(label, {}).get(name)
                cells.append(AlignedCell(text, numbers.get(name, False), text != own))
        differing += any(cell.differs for cell in cells)
        rows.append((label, cells))
    cut = [
        f"{MAX_ROWS} of {len(labels)} rows" if len(labels) > MAX_ROWS else "",
        f"{most} of {len(columns)} columns" if len(columns) > most else "",
        f"{len(sheets)} of {having} runs" if having > len(sheets) else "",
        "the first rows of a longer file" if any(each.notice for each in sheets.values()) else "",
    ]
    said = ", ".join(filter(None, cut))
    return Aligned(
        key=key or "Row",
        runs=list(sheets),
        columns=columns[:most],
        rows=rows,
        differing=differing,
        notice=f"These are {said}." if said else "",
    )


def _shaded(table: Aligned) -> Aligned:
    """The table with its numbers tinted by where they lie among those of their column."""
    width = len(table.runs)
    ends: list[tuple[float, float] | None] = []
    for place in range(len(table.columns)):
        numbers = [
            number
            for _, cells in table.rows
            for cell in cells[place * width : (place + 1) * width]
            if (number := _number(cell.text)) is not None
        ]
        low, high = min(numbers, default=0.0), max(numbers, default=0.0)
        ends.append((low, high) if low < high else None)
    rows = []
    for label, cells in table.rows:
        tinted = []
        for place, cell in enumerate(cells):
            bounds, number = ends[place // width], _number(cell.text)
            if bounds is None or number is None:
                tinted.append(cell)
            else:
                tinted.append(replace(cell, heat=heat_of(number, *bounds)))
        rows.append((label, tinted))
    return replace(table, rows=rows)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if is_finite(number) else None


def _key(sheets: Sequence[_Sheet]) -> str:
    """The first column, if it names the rows of every table; empty if they only have a place."""
    name = sheets[0].header[0]
    for sheet in sheets:
        first = [row[0] for row in sheet.rows]
        if sheet.header[0] != name or len(set(first)) < len(first):
            return ""
    return name


def _by_row(sheet: _Sheet, key: str) -> dict[str, dict[str, str]]:
    return {
        row[0] if key else str(place): dict(zip(sheet.header, row, strict=False))
        for place, row in enumerate(sheet.rows, start=1)
    }
