"""A run list as a file: every run that it matches, with the columns that it shows.

Read in the order of the list and in pieces, so that a hundred thousand runs need no more memory
than a page, and no lock. Which runs and in what order is settled at the start.
"""

import json
import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from django.db.models import QuerySet

from core.db import any_of, release_connection
from core.errors import NotSupported
from core.formatting import is_finite, is_number
from core.spreadsheet import cell_text, csv_lines
from core.time import as_datetime
from experiments.models import Experiment
from runs.column_values import column_values, text_values
from runs.columns import Column, Columns, Statistic
from runs.models import KeyKind, Run, RunTag
from runs.ordering import SortKey, sorted_runs
from runs.table import SOURCE_TAG, model_versions

# What each kind of file is good for.
EXPORT_USES = {
    "CSV": "for spreadsheets and scripts",
    "JSON": "an object for each run",
    "Parquet": "typed columns, for data frames",
}

# Beside the names of the columns, a piece stays below the 999 parameters of an older SQLite.
_PIECE = 500
# Pieces a row group, which is what a reader of Parquet reads at once.
_PIECES_A_GROUP = 20

_PREFIXES = {KeyKind.METRIC: "metrics", KeyKind.PARAM: "params", KeyKind.TAG: "tags"}

# A time is in milliseconds since the epoch.
Value = str | float | int | None


class ParquetMissing(NotSupported):
    """pyarrow is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Parquet files need pyarrow, which is not installed here. Install the extra: "
            "pip install 'experiment-tracker[parquet]'. CSV and JSON need nothing."
        )


@dataclass(frozen=True)
class Field:
    """One column of the file. ``kind`` is "text", "number", "step" or "time"."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Written:
    """A run, and what its properties are read from beside it."""

    run: Run
    source: str
    versions: Sequence[object]


@dataclass(frozen=True)
class _Property:
    name: str
    kind: str
    value: Callable[[_Written], Value]


_PROPERTIES = {
    "name": _Property("run_name", "text", lambda row: row.run.name),
    "experiment": _Property("experiment", "text", lambda row: row.run.experiment.name),
    "status": _Property("status", "text", lambda row: row.run.status),
    "start_time": _Property("start_time", "time", lambda row: row.run.start_time),
    "end_time": _Property("end_time", "time", lambda row: row.run.end_time),
    "duration": _Property("duration_seconds", "number", lambda row: _seconds(row.run.duration_ms)),
    "user": _Property("user", "text", lambda row: row.run.user_id),
    "source": _Property("source", "text", lambda row: row.source or None),
    "model": _Property(
        "registered_versions",
        "text",
        lambda row: (
            "; ".join(f"{each.model.name} v{each.version}" for each in row.versions) or None
        ),
    ),
    "run_id": _Property("run_id", "text", lambda row: row.run.run_id),
}
# What the first column of a list, the name, leads to.
_RUN_ID = Column("property", "run_id")


@dataclass(frozen=True)
class RunTable:
    """What is to be written: the runs by their keys, in order, and the columns."""

    keys: Sequence[int]
    columns: Columns
    # These say which values of a metric are better, where a column asks.
    experiments: Sequence[Experiment] = ()

    @property
    def fields(self) -> list[Field]:
        """The columns of the file: the run's id, then those of the list."""
        return [_field(column) for column in self._written]

    def rows(self) -> Iterator[list[Value]]:
        """The values of each run, in the order of ``fields``."""
        for piece in self.pieces():
            yield from piece

    def pieces(self) -> Iterator[list[list[Value]]]:
        """The same, some hundred rows at a time, each read with the same few queries."""
        written = self._written
        for start in range(0, len(self.keys), _PIECE):
            keys = self.keys[start : start + _PIECE]
            runs = {
                run.pk: run
                for run in Run.objects.filter(pk__in=any_of(keys)).select_related("experiment")
            }
            # Those that were removed meanwhile are not there any more.
            found = _values([runs[key] for key in keys if key in runs], written, self.experiments)
            # Whoever receives this may be slow.
            release_connection()
            yield found

    @property
    def _written(self) -> list[Column]:
        shown = [column for column in self.columns.shown if not column.is_curve]
        return [*shown] if _RUN_ID in shown else [_RUN_ID, *shown]


def run_table(
    runs: QuerySet[Run],
    *,
    sort: Sequence[SortKey],
    columns: Columns,
    limit: int | None = None,
    experiments: Sequence[Experiment] = (),
) -> RunTable:
    """What a list of ``runs`` in this order and with these columns has in it now."""
    keys = sorted_runs(runs, sort, experiments=experiments).values_list("pk", flat=True)
    return RunTable(array("q", keys[:limit].iterator(chunk_size=10_000)), columns, experiments)


def csv_of(table: RunTable) -> Iterator[str]:
    """The table as lines of CSV."""
    fields = table.fields
    rows = (
        [
            _iso(value) if field.kind == "time" else value
            for field, value in zip(fields, row, strict=True)
        ]
        for row in table.rows()
    )
    return csv_lines([field.name for field in fields], rows)


def json_of(table: RunTable) -> Iterator[str]:
    """The table as a JSON array of objects, a line a run. What is not logged is null."""
    fields = table.fields
    before = "["
    for row in table.rows():
        values = {
            field.name: _as_json(value, field) for field, value in zip(fields, row, strict=True)
        }
        yield f"{before}\n{json.dumps(values, ensure_ascii=False)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def parquet_of(table: RunTable) -> IO[bytes]:
    """The table as a Parquet file, at its beginning; closing it removes it.

    Raises ``ParquetMissing``.
    """
    try:
        # Large, and needed by nothing else.
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ParquetMissing from None
    types = {
        "text": pyarrow.string(),
        "number": pyarrow.float64(),
        # A float cannot hold every one of them.
        "step": pyarrow.int64(),
        "time": pyarrow.timestamp("ms", tz="UTC"),
    }
    schema = pyarrow.schema([(field.name, types[field.kind]) for field in table.fields])
    # Whoever sends it closes it.
    file = tempfile.TemporaryFile()  # noqa: SIM115
    with parquet.ParquetWriter(file, schema) as writer:
        rows: list[list[Value]] = []
        for number, piece in enumerate(table.pieces(), start=1):
            rows += piece
            if number % _PIECES_A_GROUP == 0:
                writer.write_table(_arrow(pyarrow, schema, rows))
                rows = []
        writer.write_table(_arrow(pyarrow, schema, rows))
    file.seek(0)
    return file


def _arrow(pyarrow, schema, rows: Sequence[Sequence[Value]]):
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pyarrow.table(
        [
            pyarrow.array(column, type=field.type, from_pandas=False)
            for column, field in zip(columns, schema, strict=True)
        ],
        schema=schema,
    )


def _field(column: Column) -> Field:
    if column.kind != "property":
        # As in the data frame that mlflow.search_runs gives.
        name = f"{_PREFIXES[column.kind]}.{column.id.partition('.')[2]}"
        if not column.is_metric:
            return Field(name, "text")
        return Field(name, "step" if column.statistic == Statistic.BEST_STEP else "number")
    known = _PROPERTIES.get(column.key)
    return Field(known.name, known.kind) if known else Field(column.key, "text")


def _values(
    runs: Sequence[Run], written: Sequence[Column], experiments: Sequence[Experiment]
) -> list[list[Value]]:
    """The values of each run. They are read and put together by column: there are fewer of them."""
    keys = [run.pk for run in runs]
    names = [column.key for column in written if column.kind == KeyKind.TAG]
    tags = text_values(RunTag, keys, [SOURCE_TAG, *names])
    sources, versions = tags[SOURCE_TAG], model_versions(runs)
    whole = [_Written(run, sources.get(run.pk, ""), versions.get(run.pk, ())) for run in runs]
    read = column_values(keys, written, experiments, tags=tags)
    by_column = []
    for column, of_runs in zip(written, read, strict=True):
        known = _PROPERTIES.get(column.key) if column.kind == "property" else None
        by_column.append(map(known.value, whole) if known else map(of_runs.get, keys))
    return [list(row) for row in zip(*by_column, strict=True)]


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def _as_json(value: Value, field: Field) -> Value:
    if field.kind == "time":
        return _iso(value)
    if is_number(value) and not is_finite(value):
        # JSON has no word for them.
        return cell_text(value)
    return value


def _iso(ms: int | None) -> str | int | None:
    """The moment in words of ISO 8601; beyond the calendar there are none."""
    moment = as_datetime(ms)
    if moment is None:
        return ms
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
