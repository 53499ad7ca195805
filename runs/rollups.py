"""The peaks of long series, read from the cache that the first reading leaves behind."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy

from core.errors import Refused
from runs.actions.rollups import keep_rollups
from runs.models import MetricRollup, MetricStat
from runs.points import EARLIEST, POINT, Span, each_chunk, in_order, read_points
from runs.thinning import exponent_for, short_stretches, thinned

# Shorter series are read as they are.
MIN_POINTS = 8_000

# A rollup has at most so many stretches, and of a shorter series one to some points.
_MOST_STRETCHES = 32_768
_POINTS_A_STRETCH = 4

# What has been read is kept before so many points more are.
_POINTS_AT_RISK = 2_000_000


class Rollup(NamedTuple):
    """What stands out of a series' stretches, which are 2 to the power of ``exponent`` wide."""

    points: numpy.ndarray
    exponent: int


def read_rollups(stats: Sequence[MetricStat]) -> dict[int, Rollup]:
    """Those of the series of one metric, by the run's key.

    One query, and some more for each series that got points since it was last read.
    """
    if not stats:
        return {}
    kept = {
        rollup.run_id: rollup
        for rollup in MetricRollup.objects.filter(
            key=stats[0].key_id, run__in=[stat.run_id for stat in stats]
        )
    }
    found, new, unkept = {}, [], 0
    for stat in stats:
        rollup = kept.get(stat.run_id)
        if rollup is None or rollup.count != stat.count:
            rollup = _followed(rollup, stat) or _made(stat)
            new.append(rollup)
            unkept += stat.count
        found[stat.run_id] = Rollup(_points(rollup), rollup.exponent)
        if unkept > _POINTS_AT_RISK:
            _keep(new)
            new, unkept = [], 0
    _keep(new)
    return found


def _keep(new: Sequence[MetricRollup]) -> None:
    if not new:
        return
    try:
        keep_rollups(new)
    except Refused:
        # A run is gone, or the database takes no writes now: the chart is drawn all the same.
        pass


def is_by_time(stat: MetricStat) -> bool:
    """Whether the series spreads over time, since all of its steps are the same."""
    return stat.first_step == stat.last_step


def axis_of(stat: MetricStat) -> str:
    """The column along which the series spreads."""
    return "timestamp" if is_by_time(stat) else "step"


def _made(stat: MetricStat) -> MetricRollup:
    """The rollup of a series that is read from one end to the other."""
    axis, exponent = axis_of(stat), _exponent(stat)
    boundary = _boundary(stat, exponent)
    pieces, count, settled = [], 0, 0
    for points in each_chunk(stat.key_id, Span(stat.run_id)):
        count += len(points)
        settled += int(numpy.count_nonzero(points["step"] < boundary))
        pieces.append(thinned(points, short_stretches(points[axis], exponent)))
    return _rollup(stat, pieces, exponent=exponent, count=count, boundary=boundary, settled=settled)


def _followed(old: MetricRollup | None, stat: MetricStat) -> MetricRollup | None:
    """The old rollup with the points that came behind it; None if others came, too."""
    # A series that grew denser deserves narrower stretches.
    if old is None or old.by_time or old.exponent > _exponent(stat) + 1:
        return None
    later = read_points(stat.key_id, [Span(stat.run_id, low=old.boundary)])[stat.run_id]
    if old.settled + len(later) != stat.count:
        return None
    exponent = max(old.exponent, _exponent(stat))
    boundary = max(old.boundary, _boundary(stat, exponent))
    kept = _points(old)
    return _rollup(
        stat,
        [kept[kept["step"] < old.boundary], later],
        exponent=exponent,
        count=stat.count,
        boundary=boundary,
        settled=old.settled + int(numpy.count_nonzero(later["step"] < boundary)),
    )


def _rollup(
    stat: MetricStat, pieces: Sequence[numpy.ndarray], *, exponent: int, **counts: int
) -> MetricRollup:
    points = in_order(numpy.concatenate([*pieces, numpy.empty(0, POINT)]))
    kept = thinned(points, short_stretches(points[axis_of(stat)], exponent))
    return MetricRollup(
        run_id=stat.run_id,
        key_id=stat.key_id,
        by_time=is_by_time(stat),
        exponent=exponent,
        points=kept.tobytes(),
        **counts,
    )


def _points(rollup: MetricRollup) -> numpy.ndarray:
    return numpy.frombuffer(rollup.points, POINT)


def _exponent(stat: MetricStat) -> int:
    axis = axis_of(stat)
    first, last = getattr(stat, f"first_{axis}"), getattr(stat, f"last_{axis}")
    return exponent_for(first, last, min(_MOST_STRETCHES, stat.count // _POINTS_A_STRETCH))


def _boundary(stat: MetricStat, exponent: int) -> int:
    """Where the last whole stretch begins: clients may log a little out of order."""
    if is_by_time(stat):
        return stat.last_step
    return max(EARLIEST, (stat.last_step >> exponent) - 1 << exponent)
