"""Lines made smoother. What is not a number stays where it was, and breaks the line there."""

import math
from collections.abc import Sequence

import numpy

from runs.charts.spec import Smoothing


def smoothed(
    x: Sequence[float], y: Sequence[float], *, kind: Smoothing, amount: float
) -> list[float]:
    """``y`` smoothed along ``x``, as long as before."""
    match kind:
        case Smoothing.EMA:
            return moving_average(x, y, weight=amount)
        case Smoothing.MEAN:
            return kernel_mean(y, [1.0] * (2 * (int(amount) // 2) + 1))
        case Smoothing.GAUSS:
            reach = math.ceil(3 * amount)
            places = range(-reach, reach + 1)
            return kernel_mean(y, [math.exp(-0.5 * (place / amount) ** 2) for place in places])


def moving_average(x: Sequence[float], y: Sequence[float], *, weight: float) -> list[float]:
    """The exponential moving average by distance, without a bias towards the first value.

    Of the average so far ``weight`` is kept over a distance of one mean step of ``x``, and
    ``weight ** (distance / mean step)`` over any other; dividing by the sum of the weights takes
    the bias away, as in Kingma and Ba, Adam (2015), section 3.
    """
    places = [a for a, b in zip(x, y, strict=True) if math.isfinite(b)]
    steps = len(places) - 1
    mean = (places[-1] - places[0]) / steps if steps > 0 else 0.0
    total = weights = 0.0
    before = None
    found = []
    for a, b in zip(x, y, strict=True):
        if not math.isfinite(b):
            found.append(math.nan)
            continue
        kept = 1.0 if before is None else weight ** (max(a - before, 0) / mean if mean > 0 else 1)
        total = kept * total + (1 - weight) * b
        weights = kept * weights + (1 - weight)
        before = a
        found.append(total / weights if weights else b)
    return found


def kernel_mean(y: Sequence[float], kernel: Sequence[float]) -> list[float]:
    """The mean of the points around each, weighted by ``kernel``, of an odd length.

    At the ends, and beside what is no number, only the points there are count (Nadaraya 1964 and
    Watson 1964, over equal distances).
    """
    values = numpy.asarray(y, dtype=float)
    there = numpy.isfinite(values)
    weights = numpy.asarray(kernel, dtype=float)
    # "same" follows the longer of the two: a line shorter than the kernel is padded.
    room = max(0, len(weights) - len(values))
    padded = numpy.pad(numpy.where(there, values, 0.0), (0, room))
    counted = numpy.pad(there.astype(float), (0, room))
    length = len(values)
    total = numpy.convolve(padded, weights, "same")[:length]
    weight = numpy.convolve(counted, weights, "same")[:length]
    with numpy.errstate(invalid="ignore", divide="ignore"):
        means = total / weight
    return numpy.where(there, means, numpy.nan).tolist()
