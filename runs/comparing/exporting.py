"""The tables of a comparison as lines of CSV: every row that they show, on all their pages."""

from collections.abc import Iterator, Sequence

from core.spreadsheet import csv_lines
from core.time import as_datetime
from runs.comparing.subject import Subject
from runs.comparing.tables import Cell, Section


def table_csv(
    subject: Subject, sections: Sequence[Section], *, is_transposed: bool
) -> Iterator[str]:
    """A line a key, or a line a run, with the values whole; the baseline is as any other run."""
    rows = [(section, row) for section in sections for row in section.rows]
    if is_transposed:
        head = ["run_id", "run_name", *(row.key for _, row in rows)]
        lines = (
            [run.run_id, run.name, *(_value(row.cells[slot]) for _, row in rows)]
            for slot, run in enumerate(subject.runs)
        )
        return csv_lines(head, lines)
    named = len(sections) > 1
    head = [*(["kind"] if named else []), "name", *(run.name for run in subject.runs)]
    # Names need not tell runs apart: the second line has what does.
    ids = [*([""] if named else []), "run_id", *(run.run_id for run in subject.runs)]
    lines = (
        [*([section.noun] if named else []), row.key, *map(_value, row.cells)]
        for section, row in rows
    )
    return csv_lines(head, (line for some in ([ids], lines) for line in some))


def _value(cell: Cell) -> object:
    value = cell.value
    if cell.kind == "experiment" and value is not None:
        return value.name
    if cell.kind == "duration" and value is not None:
        # Seconds, as in the export of a run list.
        return value / 1000
    if cell.kind == "datetime":
        moment = as_datetime(value)
        return moment.isoformat(timespec="milliseconds") if moment else value
    return value
