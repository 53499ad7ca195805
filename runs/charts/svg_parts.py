"""Parts that drawings of every kind are made of: scales, axes and words in SVG."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from html import escape

from core.formatting import MONTHS, middle_text, number_text
from core.time import as_datetime
from runs.charts.plots import Axis
from runs.charts.themes import FONT

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 68, 16, 14, 44
_TICKS = 5
_WIDEST_LABEL = 16


@dataclass(frozen=True)
class Scale:
    """Leads from numbers to places in the image."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def place(self, number: float) -> float:
        if self.is_log:
            span = math.log(self.high) - math.log(self.low)
            share = (math.log(number) - math.log(self.low)) / span
            return self.start + share * (self.end - self.start)
        # Halves first: the distance of the largest numbers is no number.
        share = (number / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + share * (self.end - self.start)


def document(title: str, token: dict[str, str], parts: Iterable[str]) -> str:
    """The SVG document with those parts."""
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            f' width="{WIDTH}" height="{HEIGHT}" font-family="{escape(FONT)}" font-size="11"'
            f' fill="{token["text-2"]}" color="{token["text-2"]}">',
            f"<title>{text(title)}</title>",
            *parts,
            "</svg>",
        ]
    )


def clipped(parts: Iterable[str]) -> Iterable[str]:
    """The parts, cut off at the edge of the plot: a range may be narrower than the values."""
    yield (
        f'<clipPath id="plot"><path d="M{LEFT} 0H{WIDTH - RIGHT + 6}V{HEIGHT - BOTTOM}H{LEFT}z"/>'
        '</clipPath><g clip-path="url(#plot)">'
    )
    yield from parts
    yield "</g>"


def ends(axis: Axis, low: float, high: float) -> tuple[float, float]:
    """Where the axis begins and ends: as was asked for, else so that everything fits."""
    low = low if axis.low is None else axis.low
    high = high if axis.high is None else axis.high
    if axis.is_log:
        return (low, high) if high > low > 0 else (high / 10, high) if high > 0 else (1, 10)
    return widened(low, high)


def widened(low: float, high: float) -> tuple[float, float]:
    """A span that is one: all else would divide by it."""
    if high > low and high / 2 - low / 2 > 0:
        return low, high
    room = max(abs(low) / 10, 1)
    return low - room, high + room


def y_axis(title: str, y: Scale, token: dict[str, str]) -> Iterable[str]:
    for tick in _ticks_of(y):
        place = y.place(tick)
        color = token["border-control" if tick == 0 else "border"]
        yield f'<path d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}" stroke="{color}"/>'
        yield (
            f'<text x="{LEFT - 8}" y="{place + 4:.1f}" text-anchor="end">'
            f"{text(number_text(tick))}</text>"
        )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield (
        f'<text transform="translate(13 {middle:.0f}) rotate(-90)" text-anchor="middle">'
        f"{text(middle_text(title, 40))}</text>"
    )


def x_axis(axis: Axis, x: Scale, token: dict[str, str]) -> Iterable[str]:
    bottom = HEIGHT - BOTTOM
    yield f'<path d="M{LEFT} {bottom}H{WIDTH - RIGHT}" stroke="{token["border-control"]}"/>'
    for place, label in _x_labels(axis, x):
        yield (
            f'<text x="{place:.1f}" y="{bottom + 16}" text-anchor="middle">'
            f"{text(middle_text(label, _WIDEST_LABEL))}</text>"
        )
    yield (
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">'
        f"{text(middle_text(axis.title, 60))}</text>"
    )


def _x_labels(axis: Axis, x: Scale) -> Iterable[tuple[float, str]]:
    if axis.kind == "category":
        # As many as fit beside one another.
        every = math.ceil(len(axis.labels) / 6)
        return [(x.place(i), label) for i, label in enumerate(axis.labels) if i % every == 0]
    ticks = _ticks_of(x)
    if axis.kind == "date":
        return [(x.place(tick), _moment(tick, x.high - x.low)) for tick in ticks]
    return [(x.place(tick), number_text(tick)) for tick in ticks]


def _moment(ms: float, span: float) -> str:
    moment = as_datetime(int(ms))
    if moment is None:
        return number_text(ms)
    moment = moment.astimezone(UTC)
    day = f"{moment.day} {MONTHS[moment.month - 1]}"
    return f"{day} {moment.year}" if span > 200 * 86_400_000 else f"{day}, {moment:%H:%M}"


def _ticks_of(scale: Scale) -> list[float]:
    if not scale.is_log:
        return _ticks(scale.low, scale.high)
    powers = range(math.ceil(math.log10(scale.low)), math.floor(math.log10(scale.high)) + 1)
    every = max(1, math.ceil(len(powers) / (2 * _TICKS)))
    return [10.0**power for power in powers[::every]] or [scale.low, scale.high]


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers between the two."""
    rough = (high / 2 - low / 2) / _TICKS * 2
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((power * size for size in (1, 2, 5, 10) if power * size >= rough), rough)
    first = math.ceil(low / step)
    count = math.floor(high / step) - first + 1
    # Beyond the precision of numbers, equal steps lead nowhere.
    return [(first + place) * step for place in range(min(count, 2 * _TICKS))]


def label(x: float, y: float, words: str) -> str:
    """Words centered on a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{text(words)}</text>'


def text(words: str) -> str:
    """``words`` in XML, which has no way at all to write control characters."""
    return escape("".join(each if each.isprintable() else " " for each in words), quote=False)
