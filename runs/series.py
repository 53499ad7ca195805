"""The points of a metric as a chart needs them: few, and no peak among them lost.

A series that has no more points than asked for is read as it is. A longer one is cut into
stretches of equal width; of each, the database finds the lowest and the highest number, where
they were first reached, and the first NaN and infinities. Nothing is averaged: every number
that comes out is one that a client logged.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import TextChoices

from core.db import release_connection
from runs.models import Metric, MetricStat

# No screen shows more of a line, and of many lines none needs as much.
MAX_POINTS_A_LINE = 1_200
MAX_POINTS_A_FIGURE = 20_000
MIN_POINTS_A_LINE = 4

# How many points are read at once where all of them are.
PAGE = 5_000

# ``part`` numbers the stretches. A peak's step and time are looked up in the primary key: each
# lookup walks one stretch at most, so all of them together walk the series once.
_PEAKS = """
WITH span(run_id, low, scale) AS (VALUES {spans}),
point AS (
  SELECT metric.run_id, metric.step, metric.timestamp, metric.value, {part} AS part
  FROM {table} AS metric JOIN span ON span.run_id = metric.run_id
  WHERE metric.key_id = {key} AND NOT metric.is_nan AND metric.value > %s AND metric.value < %s
),
part AS MATERIALIZED (
  SELECT run_id, MIN(step) AS first_step, MAX(step) AS last_step,
    MIN(timestamp) AS first_time, MAX(timestamp) AS last_time,
    MIN(value) AS lowest, MAX(value) AS highest
  FROM point GROUP BY run_id, part
),
peak AS (
  SELECT part.*, lowest AS value FROM part
  UNION ALL SELECT part.*, highest FROM part WHERE highest <> lowest
),
found AS MATERIALIZED (SELECT peak.*, FALSE AS is_nan, {step} AS step FROM peak)
"""
_STEP_OF_PEAK = """
(SELECT metric.step FROM {table} AS metric
 WHERE metric.run_id = peak.run_id AND metric.key_id = {key}
   AND metric.step BETWEEN peak.first_step AND peak.last_step
   AND metric.value = peak.value AND NOT metric.is_nan
 ORDER BY metric.step LIMIT 1)
"""
_ODDITIES = """
WITH span(run_id, low, scale) AS (VALUES {spans}),
found AS (
  SELECT metric.run_id, metric.value, metric.is_nan, MIN(metric.step) AS step,
    MIN(metric.timestamp) AS first_time, MAX(metric.timestamp) AS last_time
  FROM {table} AS metric JOIN span ON span.run_id = metric.run_id
  WHERE metric.key_id = {key} AND (metric.is_nan OR metric.value <= %s OR metric.value >= %s)
  GROUP BY metric.run_id, {part}, metric.value, metric.is_nan
)
"""
_POINTS_FOUND = """
SELECT found.run_id, found.step,
  (SELECT MIN(metric.timestamp) FROM {table} AS metric
   WHERE metric.run_id = found.run_id AND metric.key_id = {key} AND metric.step = found.step
     AND metric.timestamp BETWEEN found.first_time AND found.last_time
     AND metric.value = found.value AND metric.is_nan = found.is_nan),
  found.value, found.is_nan
FROM found
"""


class Statistic(TextChoices):
    """Which value of a series stands for it where there is room for one."""

    LAST = "last", "Last value"
    MINIMUM = "min", "Lowest value"
    MAXIMUM = "max", "Highest value"


class Point(NamedTuple):
    """One logged point; the value may be NaN or infinite."""

    step: int
    timestamp: int
    value: float


@dataclass(frozen=True)
class Series:
    """The points of one metric of one run, by step and time, and how many were logged."""

    points: Sequence[Point]
    total: int

    @property
    def is_whole(self) -> bool:
        """Whether these are all the points there are."""
        return len(self.points) == self.total


def points_a_line(lines: int) -> int:
    """How many points each of that many lines of one figure may have."""
    return max(MIN_POINTS_A_LINE, min(MAX_POINTS_A_LINE, MAX_POINTS_A_FIGURE // max(lines, 1)))


def read_series(
    stats: Iterable[MetricStat], *, limit: int = MAX_POINTS_A_LINE
) -> dict[int, Series]:
    """The points of one metric of the runs that ``stats`` are of, by the run's key.

    A series holds at most ``limit`` numbers (four at least), and beside them one NaN and one
    infinity of either sign for each stretch of it that has some. Its first and last point are
    always there. Five queries at most, however many runs and points there are.
    """
    stats = list(stats)
    found: dict[int, set[Point]] = {stat.run_id: set() for stat in stats}
    short = [stat for stat in stats if stat.count <= limit]
    long = [stat for stat in stats if stat.count > limit]
    parts = (limit - 2) // 2
    rows = [
        *_all_points(short),
        *_peaks([stat for stat in long if stat.first_step != stat.last_step], "step", parts),
        *_peaks([stat for stat in long if stat.first_step == stat.last_step], "timestamp", parts),
    ]
    for run_id, point in rows:
        found[run_id].add(point)
    for stat in long:
        found[stat.run_id] |= {_first(stat), _last(stat)}
    return {
        stat.run_id: Series(sorted(found[stat.run_id], key=_place), stat.count) for stat in stats
    }


def all_points(stat: MetricStat) -> Iterator[Point]:
    """Every point of one series in its order, read a page at a time.

    Between two pages no connection is held, however slowly they are taken.
    """
    rows = Metric.objects.filter(run=stat.run_id, key=stat.key_id).order_by("pk")
    columns = rows.values_list("pk", "step", "timestamp", "value", "is_nan")
    page = list(columns[:PAGE])
    while page:
        release_connection()
        yield from (_point(*row) for _, *row in page)
        page = list(columns.filter(pk__gt=page[-1][0])[:PAGE]) if len(page) == PAGE else []


def value_of(stat: MetricStat, statistic: str) -> float:
    """The value that stands for the series; NaN where that is what it is."""
    columns = {Statistic.MINIMUM: stat.minimum, Statistic.MAXIMUM: stat.maximum}
    value = columns.get(Statistic(statistic), stat.last)
    return math.nan if value is None else value


def _all_points(stats: Sequence[MetricStat]) -> Iterator[tuple[int, Point]]:
    if not stats:
        return
    rows = Metric.objects.filter(key=stats[0].key_id, run__in=[stat.run_id for stat in stats])
    for run_id, *row in rows.values_list("run_id", "step", "timestamp", "value", "is_nan"):
        yield run_id, _point(*row)


def _peaks(stats: Sequence[MetricStat], axis: str, parts: int) -> Iterator[tuple[int, Point]]:
    """What stands out of each of ``parts`` stretches, which are equal along ``axis``."""
    if not stats:
        return
    # What was computed here stands in the statement as it is: it is no one's text.
    words = {
        "table": connection.ops.quote_name(Metric._meta.db_table),
        "key": f"{stats[0].key_id:d}",
        "spans": ", ".join(_span(stat, axis, parts) for stat in stats),
        "part": f"CAST(({_real(f'metric.{axis}')} - span.low) * span.scale AS bigint)",
    }
    # Along time go the series that have one step only.
    step = _STEP_OF_PEAK.format(**words) if axis == "step" else "peak.first_step"
    statements = [_PEAKS]
    if any(_has_oddities(stat) for stat in stats):
        statements.append(_ODDITIES)
    with connection.cursor() as cursor:
        for statement in statements:
            sql = (statement + _POINTS_FOUND).format(step=step, **words)
            cursor.execute(sql, [-math.inf, math.inf])
            for run_id, *row in cursor.fetchall():
                yield run_id, _point(*row)


def _span(stat: MetricStat, axis: str, parts: int) -> str:
    """A row of the run, where its axis begins, and the parts that go into one unit of it."""
    first, last = float(getattr(stat, f"first_{axis}")), float(getattr(stat, f"last_{axis}"))
    # Databases round or cut when they make an integer: both leave 0 to parts - 1.
    scale = (parts - 1) / (last - first) if last > first else 0.0
    return f"({stat.run_id:d}, {_real(repr(first))}, {_real(repr(scale))})"


def _real(expression: str) -> str:
    # Steps are 64-bit, and PostgreSQL refuses to subtract what is farther apart.
    return f"CAST({expression} AS double precision)"


def _has_oddities(stat: MetricStat) -> bool:
    extremes = (stat.minimum, stat.maximum)
    return stat.nan_count > 0 or any(value is None or math.isinf(value) for value in extremes)


def _first(stat: MetricStat) -> Point:
    return _point(stat.first_step, stat.first_timestamp, stat.first or 0.0, stat.first is None)


def _last(stat: MetricStat) -> Point:
    return _point(stat.last_step, stat.last_timestamp, stat.last or 0.0, stat.last is None)


def _point(step: int, timestamp: int, value: float, is_nan: bool = False) -> Point:
    # One and the same NaN, so that equal points are equal.
    return Point(step, timestamp, math.nan if is_nan else value)


def _place(point: Point) -> tuple[int, int, float]:
    # Where several values share a place, NaN counts as 0, as it does in the statistics.
    return point.step, point.timestamp, point.value if point.value == point.value else 0.0
