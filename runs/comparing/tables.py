"""Runs beside their keys: rows, columns and what of them one page holds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from runs.comparing.address import PageAddress, Rows
from runs.comparing.subject import Subject
from runs.directions import Better
from runs.models import Run

# With more runs than these the runs are the rows: a window is higher than it is wide.
MOST_COLUMNS = 8

KEYS_A_PAGE = 100
RUNS_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of one run.

    ``kind`` says how it is shown: "text", "param", "number", "status", "datetime", "duration",
    or "experiment". None is what is missing, which an empty text is not. ``delta`` tells the
    distance to the baseline's number.
    """

    value: object
    kind: str
    differs: bool = False
    is_best: bool = False
    is_worst: bool = False
    delta: str = ""
    is_gain: bool | None = None
    # How far toward the better end of its row the number lies, from 1 to 5; 0 without shading.
    heat: int = 0
    # The baseline's text, where this one is another and too long for a cell.
    against: str | None = None

    @property
    def is_marked(self) -> bool:
        """Whether the cell is to stand out: no two runs start at the same time anyway."""
        return self.differs and self.kind not in {"number", "datetime", "duration"}


@dataclass(frozen=True)
class Row:
    """One key and what each run has of it, in the order of the runs."""

    key: str
    cells: Sequence[Cell]
    better: Better | None = None

    @cached_property
    def differs(self) -> bool:
        return any(cell.differs for cell in self.cells)


@dataclass(frozen=True)
class Section:
    """Rows of one kind: those to show, of all that there are."""

    id: str
    title: str
    noun: str
    rows: Sequence[Row]
    total: int
    differing: int

    @property
    def summary(self) -> str:
        """Such as "7 of 42 hyperparameters differ"."""
        return how_many_differ(self.differing, self.total, self.noun)


@dataclass(frozen=True)
class Part:
    """Where a page stands: "1–50 of 400 runs", and the pages before and after."""

    summary: str
    previous_url: str
    next_url: str

    @property
    def is_needed(self) -> bool:
        return bool(self.previous_url or self.next_url)


@dataclass(frozen=True)
class Table:
    """What a page shows of the sections."""

    runs: Sequence[Run]
    sections: Sequence[Section]
    is_transposed: bool
    key_part: Part
    run_part: Part

    @property
    def lines(self) -> list[tuple[Run, list[Cell]]]:
        """The table with the runs as rows."""
        rows = [row for section in self.sections for row in section.rows]
        return [(run, [row.cells[place] for row in rows]) for place, run in enumerate(self.runs)]


def text_rows(subject: Subject, values: Mapping[str, Mapping[int, object]], kind: str) -> list[Row]:
    """A row for each name, where a cell differs if the baseline has another value."""
    return [
        text_row(subject, name, values[name], kind)
        for name in sorted(values, key=lambda name: (name.lower(), name))
    ]


def text_row(subject: Subject, key: str, values: Mapping[int, object], kind: str) -> Row:
    base = values.get(subject.baseline.pk)
    cells = []
    for run in subject.runs:
        value = values.get(run.pk)
        differs = value != base
        is_long = differs and isinstance(value, str) and isinstance(base, str) and len(value) > 60
        cells.append(Cell(value, kind, differs=differs, against=base if is_long else None))
    return Row(key, cells)


def section(
    id_: str,
    title: str,
    noun: str,
    rows: Iterable[Row],
    *,
    address: PageAddress,
    is_alone: bool,
) -> Section:
    """The rows that the address asks for: found by its search, and differing unless it says all.

    A run that is alone differs from nothing, so all it has is shown.
    """
    rows = list(rows)
    shows_all = address.shows_all or is_alone
    wanted = address.search.lower()
    return Section(
        id=id_,
        title=title,
        noun=noun,
        rows=[row for row in rows if (row.differs or shows_all) and wanted in row.key.lower()],
        total=len(rows),
        differing=sum(row.differs for row in rows),
    )


def paged(subject: Subject, sections: Sequence[Section], address: PageAddress) -> Table:
    """The part of the sections that the address shows."""
    number = sum(len(each.rows) for each in sections)
    keys, key_part = _part(
        number, KEYS_A_PAGE, address.key_page, "key", lambda page: address.but(key_page=page)
    )
    runs, run_part = _part(
        len(subject.runs),
        RUNS_A_PAGE,
        address.run_page,
        "run",
        lambda page: address.but(run_page=page),
    )
    places = list(runs)
    base = subject.slot(subject.baseline)
    if base not in runs:
        places.insert(0, base)
    return Table(
        runs=[subject.runs[place] for place in places],
        sections=list(_cut(sections, keys, places)),
        is_transposed=is_transposed(subject, address),
        key_part=key_part,
        run_part=run_part,
    )


def is_transposed(subject: Subject, address: PageAddress) -> bool:
    """Whether the runs are the rows."""
    if address.rows:
        return address.rows == Rows.RUNS
    return len(subject.runs) > MOST_COLUMNS


def how_many_differ(differing: int, total: int, noun: str) -> str:
    """Such as "7 of 42 hyperparameters differ"."""
    nouns = f"{noun}s" if not noun.endswith("y") else f"{noun[:-1]}ies"
    if not total:
        return f"No {nouns}"
    words = noun if total == 1 else nouns
    return f"{differing:,} of {total:,} {words} {'differs' if differing == 1 else 'differ'}"


def _cut(sections: Sequence[Section], keys: range, places: Sequence[int]):
    start = 0
    for each in sections:
        shown = each.rows[max(keys.start - start, 0) : max(keys.stop - start, 0)]
        rows = [Row(row.key, [row.cells[place] for place in places], row.better) for row in shown]
        start += len(each.rows)
        yield Section(each.id, each.title, each.noun, rows, each.total, each.differing)


def _part(
    total: int, size: int, page: int, noun: str, url: Callable[[int], str]
) -> tuple[range, Part]:
    last = max(1, -(-total // size))
    page = min(page, last)
    shown = range((page - 1) * size, min(page * size, total))
    return shown, Part(
        summary=f"{shown.start + 1:,}–{shown.stop:,} of {total:,} {noun}s" if total else "",
        previous_url=url(page - 1) if page > 1 else "",
        next_url=url(page + 1) if page < last else "",
    )
