"""How high the rows of a run list are, and how many stand on a page: as its address says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict

from experiments.models import NOTE_TAG
from runs.chips import changed
from runs.models import RunTag
from runs.table import Row

DENSITY_KEY = "density"
# The usual one is what an address has no word for.
DENSITIES = {"compact": "Compact", "": "Regular", "roomy": "Roomy, with notes"}
PAGE_SIZES = {"25": 25, "50": 50, "100": 100, "200": 200}
RUNS_PER_PAGE = 50
# Of a note its beginning is shown.
_NOTE_LENGTH = 120


@dataclass(frozen=True)
class Choice:
    """Something that the menu of rows offers."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class RowMenu:
    """The menu of rows; each choice is a link."""

    density: str
    heights: Sequence[Choice]
    sizes: Sequence[Choice]


def row_menu(query: QueryDict) -> RowMenu:
    """What an address says of the rows, and where the other choices lead."""
    density = density_of(query)
    size = page_size(query)
    return RowMenu(
        density,
        [
            Choice(label, changed(query, {DENSITY_KEY: word}), word == density)
            for word, label in DENSITIES.items()
        ],
        [
            Choice(text, changed(query, {"per": text}), number == size)
            for text, number in PAGE_SIZES.items()
        ],
    )


def density_of(query: QueryDict) -> str:
    """The word for the height of the rows; "" for the usual one and for what is none."""
    word = query.get(DENSITY_KEY, "")
    return word if word in DENSITIES else ""


def page_size(query: QueryDict) -> int:
    """How many runs an address wants on a page."""
    return PAGE_SIZES.get(query.get("per", ""), RUNS_PER_PAGE)


def with_notes(rows: Sequence[Row], query: QueryDict) -> Sequence[Row]:
    """The rows with the first line of their runs' notes, where there is room for it."""
    if density_of(query) != "roomy" or not rows:
        return rows
    tags = RunTag.objects.filter(run__in=[row.run.pk for row in rows], key=NOTE_TAG)
    notes = {run: _first_line(text) for run, text in tags.values_list("run_id", "value")}
    return [replace(row, note=notes.get(row.run.pk, "")) for row in rows]


def _first_line(note: str) -> str:
    lines = (line.strip(" #*_>-") for line in note.splitlines())
    return next(filter(None, lines), "")[:_NOTE_LENGTH]
