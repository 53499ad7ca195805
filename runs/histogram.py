"""How the numbers of a key are spread, in few bars."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from search.conjuncts import written_number

BARS = 16
# Drawn so wide and so high, in the units of the picture.
WIDTH = 224
HEIGHT = 36
# Where nine tenths of the numbers, all of them positive, span more powers of ten than this, the
# bars are of equal ratio. A few tiny numbers among many of one size do not make it so.
_DECADES = 2


@dataclass(frozen=True)
class Bar:
    """How many numbers are from ``low`` to ``high``, and where the bar stands."""

    low: float
    high: float
    count: int
    low_text: str
    high_text: str
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Histogram:
    bars: Sequence[Bar]
    low: float
    high: float
    is_log: bool
    count: int
    width: int = WIDTH
    height: int = HEIGHT
    bar_width: float = WIDTH / BARS - 1


def histogram(numbers: Iterable[tuple[float, int]]) -> Histogram | None:
    """The spread of numbers, each with how often it stands; None if all are the same.

    Infinities stand in no bar.
    """
    counted = [(number, times) for number, times in numbers if math.isfinite(number)]
    if not counted:
        return None
    low, high = min(counted)[0], max(counted)[0]
    if low == high or not math.isfinite(high - low):
        return None
    is_log = low > 0 and _decades(counted) > _DECADES
    scale = math.log10 if is_log else float
    start, width = scale(low), (scale(high) - scale(low)) / BARS
    if not width:
        return None
    counts = [0] * BARS
    for number, times in counted:
        counts[min(int((scale(number) - start) / width), BARS - 1)] += times
    inner = [start + index * width for index in range(1, BARS)]
    ends = [low, *(10**edge if is_log else edge for edge in inner), high]
    # The ends must not lose their own number by rounding; between them neighbors share an edge.
    texts = [written_number(low), *(f"{end:.4g}" for end in ends[1:-1]), written_number(high)]
    tallest = max(counts)
    bars = []
    for index, count in enumerate(counts):
        # Whatever is there is seen.
        height = max(count / tallest * HEIGHT, 1.5) if count else 0
        place = (index * WIDTH / BARS, HEIGHT - height, height)
        said = (texts[index], texts[index + 1])
        places = (round(part, 2) for part in place)
        bars.append(Bar(ends[index], ends[index + 1], count, *said, *places))
    return Histogram(bars, low, high, is_log, sum(counts))


def _decades(counted: Sequence[tuple[float, int]]) -> float:
    """How many powers of ten lie between the twentieth part from below and that from above."""
    ordered = sorted(counted)
    total = sum(times for _, times in ordered)
    ends, passed = [], 0
    for number, times in ordered:
        for share in (0.05, 0.95):
            if passed <= share * (total - 1) < passed + times:
                ends.append(math.log10(number))
        passed += times
    return ends[-1] - ends[0]
