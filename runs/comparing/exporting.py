"""A comparison as files: its tables as they are shown, or all that is known of its runs."""

from collections.abc import Iterator, Sequence

from core.spreadsheet import csv_lines
from core.time import as_datetime
from runs.columns import Column, Columns, Statistic
from runs.comparing.address import Value
from runs.comparing.subject import RESERVED_PREFIX, Subject
from runs.comparing.tables import Cell, Section
from runs.exporting import RunTable
from runs.models import KeyKind

# What every reader of such files still opens.
MAX_COLUMNS = 2_000
_PROPERTIES = ["name", "experiment", "status", "start_time", "end_time", "duration", "user"]
_STATISTICS = {
    Value.MINIMUM: Statistic.MIN,
    Value.MAXIMUM: Statistic.MAX,
    Value.MEAN: Statistic.MEAN,
    Value.FIRST: Statistic.FIRST,
}


def run_table_of(subject: Subject, value: Value) -> RunTable:
    """The compared runs with all their hyperparameters, tags and metrics, a row each.

    Of a metric it has the value that the pages show, or the last one where that is no statistic.
    """
    tags = [name for name in sorted(subject.tags) if not name.startswith(RESERVED_PREFIX)]
    statistic = _STATISTICS.get(value, Statistic.LAST)
    columns = [
        *(Column("property", name) for name in _PROPERTIES),
        *(Column(KeyKind.METRIC, name, statistic) for name in sorted(subject.metrics)),
        *(Column(KeyKind.PARAM, name) for name in sorted(subject.params)),
        *(Column(KeyKind.TAG, name) for name in tags),
    ][:MAX_COLUMNS]
    shown = Columns(columns, total=len(columns), is_automatic=False)
    return RunTable(subject.keys, shown, subject.experiments)


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
