"""What stands for several runs: the center of their values, and how far they spread."""

import math
import warnings
from collections.abc import Sequence

import numpy

from runs.charts.spec import Band, Center

# Courses with more places than this are compared on so many, evenly spread.
MAX_PLACES = 600

Course = Sequence[tuple[float, float]]


def deviations(values: Sequence[float], *, center: str, band: str) -> tuple[float, float, float]:
    """The center of finite values, and the ends of the band; NaN where there is none.

    The standard deviation is that of a sample (n - 1). The confidence interval is the mean's by
    Student's t: mean ± t(0.975, n - 1) · s / √n. One value alone has neither.
    """
    row = numpy.asarray(values, dtype=float)[:, None]
    middle, low, high = _across(row, center=center, band=band)
    return float(middle[0]), float(low[0]), float(high[0])


def aggregated(
    courses: Sequence[Course], *, center: str, band: str
) -> tuple[Course, Sequence[float], Sequence[float]]:
    """The center of courses along their places, and the ends of the band around it.

    Where a course has no point it is interpolated between its neighbors; beyond its ends it does
    not count. So the center follows those runs that got so far.
    """
    finite = [[(a, b) for a, b in course if math.isfinite(b)] for course in courses]
    finite = [course for course in finite if course]
    if not finite:
        return [], [], []
    places = numpy.unique(numpy.concatenate([[a for a, _ in course] for course in finite]))
    if len(places) > MAX_PLACES:
        places = numpy.linspace(places[0], places[-1], MAX_PLACES)
    rows = []
    for course in finite:
        x, y = numpy.asarray(course, dtype=float).T
        rows.append(numpy.interp(places, x, y, left=numpy.nan, right=numpy.nan))
    middle, low, high = _across(numpy.asarray(rows), center=center, band=band)
    course = list(zip(places.tolist(), middle.tolist(), strict=True))
    if not band:
        return course, [], []
    return course, low.tolist(), high.tolist()


def _across(rows, *, center: str, band: str):
    """Center, lower and upper end of each column of ``rows``, where NaN does not count."""
    with warnings.catch_warnings():
        # A column without a number has no center: NaN says so.
        warnings.simplefilter("ignore", RuntimeWarning)
        middle = (numpy.nanmedian if center == Center.MEDIAN else numpy.nanmean)(rows, axis=0)
        count = numpy.isfinite(rows).sum(axis=0)
        nothing = numpy.full(rows.shape[1], numpy.nan)
        if band == Band.RANGE:
            low, high = numpy.nanmin(rows, axis=0), numpy.nanmax(rows, axis=0)
            return (
                middle,
                numpy.where(count > 1, low, nothing),
                numpy.where(count > 1, high, nothing),
            )
        if band not in {Band.DEVIATION, Band.CONFIDENCE}:
            return middle, nothing, nothing
        spread = numpy.where(count > 1, numpy.nanstd(rows, axis=0, ddof=1), nothing)
        around = numpy.nanmean(rows, axis=0)
        if band == Band.CONFIDENCE:
            from scipy import stats

            spread = stats.t.ppf(0.975, numpy.maximum(count - 1, 1)) * spread / numpy.sqrt(count)
    return middle, around - spread, around + spread
