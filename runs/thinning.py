"""Which points of a series stand for all of them: its peaks, and what is no number.

A series is cut into stretches of equal width. Of each stay the lowest and the highest number,
where they were first reached, and the first NaN and infinity of either sign. Nothing is averaged:
what stays was logged. What stays of short stretches holds what stays of long ones that are made
of them, so a series may be thinned in steps.
"""

import numpy

_ODDITIES = (numpy.isnan, numpy.isposinf, numpy.isneginf)


def thinned(points: numpy.ndarray, stretches: numpy.ndarray) -> numpy.ndarray:
    """What stays of ``points``, of which each belongs to the stretch beside it.

    Both are in the order of the series, whose first and last point stay.
    """
    if len(points) <= 2:
        return points
    value = points["value"]
    number = numpy.where(numpy.isfinite(value), value, numpy.nan)
    starts = numpy.flatnonzero(numpy.append(True, stretches[1:] != stretches[:-1]))
    lengths = numpy.diff(numpy.append(starts, len(points)))
    stays = numpy.zeros(len(points), bool)
    stays[[0, -1]] = True
    for extreme in (numpy.fmin, numpy.fmax):
        peaks = numpy.repeat(extreme.reduceat(number, starts), lengths)
        stays[_firsts(number == peaks, stretches)] = True
    if numpy.isnan(number).any():
        for is_odd in _ODDITIES:
            stays[_firsts(is_odd(value), stretches)] = True
    return points[stays]


def _firsts(mask: numpy.ndarray, stretches: numpy.ndarray) -> numpy.ndarray:
    """Where in each stretch the mask is first true."""
    places = numpy.flatnonzero(mask)
    inside = stretches[places]
    return places[numpy.append(True, inside[1:] != inside[:-1])] if len(places) else places


def short_stretches(places: numpy.ndarray, exponent: int) -> numpy.ndarray:
    """The stretch that each place is in, if they are 2 to the power of ``exponent`` wide."""
    return places >> exponent


def long_stretches(places: numpy.ndarray, exponent: int, count: int) -> numpy.ndarray:
    """The same of at most ``count`` stretches, each of as many short ones."""
    short = short_stretches(places, exponent)
    if not len(places) or count == 1:
        return numpy.zeros(len(places), numpy.uint64)
    # As unsigned numbers: 64-bit steps are farther apart than signed ones can say.
    away = (short - short.min()).view(numpy.uint64)
    width = -(-(int(away.max()) + 1) // count)
    return away // numpy.uint64(width)


def exponent_for(first: int, last: int, most: int) -> int:
    """The narrowest short stretches of which at most ``most`` lead from ``first`` to ``last``."""
    exponent = 0
    while (last >> exponent) - (first >> exponent) >= most:
        exponent += 1
    return exponent
