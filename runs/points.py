"""Logged points as arrays, so that a million of them are read without a million objects."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy
from django.db import connection

from runs.models import Metric

# A place and a value, which may be NaN or infinite.
POINT = numpy.dtype([("step", "<i8"), ("timestamp", "<i8"), ("value", "<f8")])
EARLIEST, LATEST = -(2**63), 2**63 - 1

# How many rows are in memory at once, where a series is read from one end to the other.
_CHUNK = 250_000

# Twice the run's key, and one more if the point is NaN: a column less to make objects of.
_ROW = numpy.dtype([("owner", "<i8"), *POINT.descr])
_SQL = """
WITH span(run_id, low, high) AS (VALUES {spans})
SELECT 2 * metric.run_id + CAST(metric.is_nan AS integer),
  metric.step, metric.timestamp, metric.value
FROM span CROSS JOIN {table} AS metric
WHERE metric.run_id = span.run_id AND metric.key_id = {key:d}
  AND metric.step BETWEEN span.low AND span.high
"""

# PostgreSQL's binary format of such a row: the number of columns, then each with its length.
_COPIED = numpy.dtype(
    [("columns", ">i2")]
    + [
        part
        for name in _ROW.names
        for part in [(f"{name}_length", ">i4"), (name, ">f8" if name == "value" else ">i8")]
    ]
)
_COPY_HEAD = 19


class Span(NamedTuple):
    """The steps of a run that are to be read; both ends belong to it."""

    run: int
    low: int = EARLIEST
    high: int = LATEST


def read_points(key: int, spans: Iterable[Span]) -> dict[int, numpy.ndarray]:
    """The points of a metric within ``spans``, by the run's key and each in its order.

    One query; there is one span a run.
    """
    spans = list(spans)
    found = {span.run: numpy.empty(0, POINT) for span in spans}
    rows = numpy.concatenate([*_chunks(key, spans), numpy.empty(0, _ROW)])
    runs = rows["owner"] >> 1
    if (runs[1:] < runs[:-1]).any():
        order = numpy.argsort(runs, kind="stable")
        rows, runs = rows[order], runs[order]
    edges = numpy.flatnonzero(runs[1:] != runs[:-1]) + 1
    for part in numpy.split(rows, edges):
        if len(part):
            found[int(part["owner"][0]) >> 1] = in_order(_points(part))
    return found


def each_chunk(key: int, span: Span) -> Iterator[numpy.ndarray]:
    """The points of one span piece by piece; only within a piece are they in their order."""
    for rows in _chunks(key, [span]):
        yield in_order(_points(rows))


def in_order(points: numpy.ndarray) -> numpy.ndarray:
    """The points by step, time and value, where NaN counts as 0, as it does in the statistics."""
    step, timestamp, value = points["step"], points["timestamp"], points["value"]
    same = step[1:] == step[:-1]
    is_later = (step[1:] > step[:-1]) | (same & (timestamp[1:] > timestamp[:-1]))
    if is_later.all():
        return points
    rank = numpy.where(numpy.isnan(value), 0.0, value)
    return points[numpy.lexsort((rank, timestamp, step))]


def _points(rows: numpy.ndarray) -> numpy.ndarray:
    points = numpy.empty(len(rows), POINT)
    for name in ("step", "timestamp"):
        points[name] = rows[name]
    points["value"] = numpy.where(rows["owner"] & 1, numpy.nan, rows["value"])
    return points


def _chunks(key: int, spans: Sequence[Span]) -> Iterator[numpy.ndarray]:
    if not spans:
        return
    # What stands in the statement are integers of our own, as text: the smallest one is no
    # integer as a literal.
    sql = _SQL.format(
        spans=", ".join(
            f"({span.run:d}, CAST('{span.low:d}' AS bigint), CAST('{span.high:d}' AS bigint))"
            for span in spans
        ),
        table=connection.ops.quote_name(Metric._meta.db_table),
        key=key,
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            yield from _copied(cursor, sql)
            return
        cursor.execute(sql)
        rows = iter(cursor)
        while len(chunk := numpy.fromiter(islice(rows, _CHUNK), _ROW)):
            yield chunk


def _copied(cursor, sql: str) -> Iterator[numpy.ndarray]:
    """The rows by PostgreSQL's COPY, whose bytes are numbers already."""
    with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT binary)") as copy:
        left, head = b"", _COPY_HEAD
        blocks = iter(copy)
        while some := b"".join(islice(blocks, _CHUNK)):
            left = (left + some)[head:]
            head = 0
            copied = numpy.frombuffer(left, _COPIED, len(left) // _COPIED.itemsize)
            # What follows the last row is shorter than one.
            left = left[copied.nbytes :]
            rows = numpy.empty(len(copied), _ROW)
            for name in _ROW.names:
                rows[name] = copied[name]
            if len(rows):
                yield rows
