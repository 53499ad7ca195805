"""A forest plot in pieces: the mean and interval of one group a row, all on one scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from core.formatting import number_text
from runs.comparing.statistics import Spread

WIDTH, HEIGHT = 240, 28
_MARGIN = 8
_MAX_DOTS = 60


@dataclass(frozen=True)
class Scale:
    """From numbers to places of a row."""

    low: float
    high: float

    def place(self, number: float) -> float:
        # Halves first: the distance of the largest numbers is no number.
        share = (number / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return _MARGIN + share * (WIDTH - 2 * _MARGIN)

    @property
    def low_text(self) -> str:
        return number_text(self.low)

    @property
    def high_text(self) -> str:
        return number_text(self.high)


def scale_of(spreads: Sequence[Spread]) -> Scale | None:
    """A scale on which every number and every interval has a place; None without numbers.

    An interval of few runs may be far wider than all numbers: it may take up to twice the room
    of the numbers on each side, and ends in an arrow where that is not enough.
    """
    numbers = [number for spread in spreads for number in spread.numbers]
    if not numbers:
        return None
    low, high = min(numbers), max(numbers)
    room = max(high / 2 - low / 2, max(abs(low), abs(high)) * 1e-9, 1e-300) * 4
    ends = [spread.interval for spread in spreads if spread.interval is not None]
    lowest = min([low, *(max(end.low, low - room) for end in ends)])
    highest = max([high, *(min(end.high, high + room) for end in ends)])
    if not highest / 2 - lowest / 2 > 0:
        room = abs(low) / 10 or 1.0
        lowest, highest = low - room, high + room
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        return None
    return Scale(lowest, highest)


def forest_row(spread: Spread, scale: Scale, *, base: float | None) -> SafeString:
    """One group as SVG: a dot a run, the interval as a line, the mean as a square."""
    middle = HEIGHT / 2
    parts = [
        f'<svg class="forest" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    ]
    parts.append(f' role="img" aria-label="{_words(spread)}">')
    if base is not None:
        parts.append(f'<path class="forest-base" d="M{scale.place(base):.1f} 0V{HEIGHT}"/>')
    for number in spread.numbers[:_MAX_DOTS]:
        parts.append(f'<circle cx="{scale.place(number):.1f}" cy="{middle:.0f}" r="2.5"/>')
    if spread.interval is not None:
        parts.append(_interval(spread, scale, middle))
    if spread.mean is not None:
        x = scale.place(spread.mean)
        parts.append(f'<rect x="{x - 4:.1f}" y="{middle - 4:.0f}" width="8" height="8"/>')
    return mark_safe("".join([*parts, "</svg>"]))


def _interval(spread: Spread, scale: Scale, middle: float) -> str:
    low = max(scale.place(spread.interval.low), 1)
    high = min(scale.place(spread.interval.high), WIDTH - 1)
    left = "l4 -4m-4 4l4 4" if spread.interval.low < scale.low else "m0 -4v8"
    right = "l-4 -4m4 4l-4 4" if spread.interval.high > scale.high else "m0 -4v8"
    return (
        f'<path d="M{low:.1f} {middle:.0f}H{high:.1f}M{low:.1f} {middle:.0f}{left}'
        f'M{high:.1f} {middle:.0f}{right}"/>'
    )


def _words(spread: Spread) -> str:
    if spread.mean is None:
        return "no number"
    if spread.interval is None:
        return f"mean {number_text(spread.mean)}"
    low, high = number_text(spread.interval.low), number_text(spread.interval.high)
    return f"mean {number_text(spread.mean)}, 95 % interval {low} to {high}"
