"""The points of a metric as a chart needs them: few, and no peak among them lost.

A series that has no more points than asked for is given as it is. A longer one is thinned
(``runs.thinning``), a very long one from its rollup (``runs.rollups``). Every number that comes
out is one that a client logged.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy
from django.db.models import TextChoices

from core.db import release_connection
from runs.models import Metric, MetricStat
from runs.points import EARLIEST, LATEST, Span, read_points
from runs.rollups import MIN_POINTS, Rollup, axis_of, is_by_time, read_rollups
from runs.thinning import long_stretches, thinned

# No screen shows more of a line, and of many lines none needs as much.
MAX_POINTS_A_LINE = 1_200
MAX_POINTS_A_FIGURE = 20_000
MIN_POINTS_A_LINE = 4

# How many points are read at once where all of them are.
PAGE = 5_000


class Statistic(TextChoices):
    """Which value of a series stands for it where there is room for one."""

    LAST = "last", "Last value"
    MINIMUM = "min", "Lowest value"
    MAXIMUM = "max", "Highest value"
    MEAN = "mean", "Mean of the values"
    FIRST = "first", "First value"


class Point(NamedTuple):
    """One logged point; the value may be NaN or infinite."""

    step: int
    timestamp: int
    value: float


class Window(NamedTuple):
    """The part of a series that is looked at: from one place of ``axis`` to another."""

    axis: str
    low: float
    high: float


# By the run's key.
Windows = Mapping[int, Window]


@dataclass(frozen=True)
class Series:
    """Points of one metric of one run, by step and time, and how many were logged.

    It is whole if no point in the part that was asked for was left out.
    """

    array: numpy.ndarray
    total: int
    is_whole: bool

    @property
    def points(self) -> list[Point]:
        return [_point(*row) for row in self.array.tolist()]


def points_a_line(lines: int) -> int:
    """How many points each of that many lines of one figure may have."""
    return max(MIN_POINTS_A_LINE, min(MAX_POINTS_A_LINE, MAX_POINTS_A_FIGURE // max(lines, 1)))


def read_series(
    stats: Iterable[MetricStat], *, limit: int = MAX_POINTS_A_LINE, windows: Windows | None = None
) -> dict[int, Series]:
    """The points of one metric of the runs that ``stats`` are of, by the run's key.

    A series holds at most ``limit`` numbers (four at least), and beside them one NaN and one
    infinity of either sign for each stretch of it that has some. Its first and last point are
    always there. Of a run that has a window only that is read, and its points lie closer; on
    either side of it there is one point more if there are any. Three queries at most, however
    many runs and points there are, and a few for each long series that was not read before.
    """
    stats = list(stats)
    windows = windows or {}
    long = [stat for stat in stats if stat.count > MIN_POINTS]
    rollups = read_rollups(long)
    spans = {stat.run_id: Span(stat.run_id) for stat in stats if stat.run_id not in rollups}
    for stat in long:
        if stat.run_id in windows:
            span = _span(stat, rollups[stat.run_id], windows[stat.run_id], limit // 2 - 1)
            spans |= {stat.run_id: span} if span else {}
    points = read_points(stats[0].key_id, spans.values()) if spans else {}
    return {
        stat.run_id: _series(
            stat,
            points.get(stat.run_id),
            rollups.get(stat.run_id),
            limit=limit,
            window=windows.get(stat.run_id),
        )
        for stat in stats
    }


def _series(
    stat: MetricStat,
    points: numpy.ndarray | None,
    rollup: Rollup | None,
    *,
    limit: int,
    window: Window | None,
) -> Series:
    is_rolled_up = points is None
    exponent = 0
    if is_rolled_up:
        points, exponent = rollup
    if window is not None:
        points = points[_inside(points, window)]
    is_whole = not is_rolled_up and len(points) <= limit
    if not is_whole:
        places = points[axis_of(stat)]
        points = thinned(points, long_stretches(places, exponent, limit // 2 - 1))
    return Series(points, stat.count, is_whole)


def _span(stat: MetricStat, rollup: Rollup, window: Window, parts: int) -> Span | None:
    """The steps to read for a window into which so few stretches fall that all points may.

    None where there are stretches enough, and where all points have one step.
    """
    points, exponent = rollup
    axis = axis_of(stat)
    inside = points[_inside(points, window)][axis]
    if not len(inside) or is_by_time(stat):
        return None
    first, last = (int(place) >> exponent for place in (inside.min(), inside.max()))
    if last - first >= parts:
        return None
    return Span(
        stat.run_id,
        low=max(EARLIEST, first << exponent),
        high=min(LATEST, (last + 1 << exponent) - 1),
    )


def _inside(points: numpy.ndarray, window: Window) -> numpy.ndarray:
    """Which points are in the window, or are the last before it or the first after it."""
    places = points[window.axis].astype(float)
    inside = (places >= window.low) & (places <= window.high)
    before, after = places < window.low, places > window.high
    if before.any():
        inside[_last(numpy.where(before, places, -numpy.inf))] = True
    if after.any():
        inside[numpy.argmin(numpy.where(after, places, numpy.inf))] = True
    return inside


def _last(places: numpy.ndarray) -> int:
    """Where the greatest place is; of equal ones the last."""
    return len(places) - 1 - int(numpy.argmax(places[::-1]))


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
    values = {
        Statistic.LAST: stat.last,
        Statistic.MINIMUM: stat.minimum,
        Statistic.MAXIMUM: stat.maximum,
        Statistic.MEAN: stat.mean,
        Statistic.FIRST: stat.first,
    }
    value = values[Statistic(statistic)]
    return math.nan if value is None else value


def _point(step: int, timestamp: int, value: float, is_nan: bool = False) -> Point:
    # One and the same NaN, so that equal points are equal.
    return Point(step, timestamp, math.nan if is_nan or value != value else value)
