"""A plot as an SVG image, for pages without JavaScript, printed notes and links in a chat.

The same lines, marks and labels as the figure. An image cannot ask the page for its theme, so
it is drawn for one; of more runs than ``MAX_LINES`` only the first are drawn, and it says so.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from html import escape

from core.formatting import MONTHS, middle_text, number_text
from core.time import as_datetime
from runs.charts import palette
from runs.charts.figures import band_stretches, bar_span, dash_of
from runs.charts.plots import Axis, Line, Plot
from runs.charts.spec import Type
from runs.charts.themes import FONT, TOKENS

MAX_LINES = 8
WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 68, 16, 14, 44
_TICKS = 5
_WIDEST_LABEL = 16
# Of the bars of several measures, which an image cannot hatch.
_OPACITIES = ("", ' fill-opacity="0.6"', ' fill-opacity="0.35"')
_MARKS = {"nan": "✕", "above": "▲", "below": "▼"}


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


def drawing(plot: Plot, *, theme: str = "light") -> str:
    """The SVG document."""
    shown = list(dict.fromkeys(line.run for line in plot.lines))
    lines = [line for line in plot.lines if line.run in shown[:MAX_LINES]]
    token = TOKENS[theme]
    x = _x_scale(plot, lines)
    y = _y_scale(plot, lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}" font-family="{escape(FONT)}" font-size="11" fill="{token["text-2"]}">',
        f"<title>{_text(plot.metric)}</title>",
        *_y_axis(plot, y, token),
        *_x_axis(plot, x, token),
        # What lies beyond a range that was asked for is cut off at the edge of the plot.
        f'<clipPath id="plot"><path d="M{LEFT} 0H{WIDTH - RIGHT + 6}V{HEIGHT - BOTTOM}H{LEFT}z"/>'
        '</clipPath><g clip-path="url(#plot)">',
    ]
    for line in lines:
        if plot.type == Type.BAR:
            parts += _bar(plot, line, x, y)
        else:
            parts += [*_band(line, x, y), *_points(plot, line, x, y)]
        parts += _marks(line, x)
    parts += [*_rule(plot, y), "</g>"]
    if len(shown) > MAX_LINES:
        parts.append(
            f'<text x="{WIDTH - RIGHT}" y="{TOP}" text-anchor="end">'
            f"The first {MAX_LINES} of {len(shown)} runs</text>"
        )
    return "".join([*parts, "</svg>"])


def _x_scale(plot: Plot, lines: Sequence[Line]) -> Scale:
    if plot.x.kind == "category":
        return Scale(-0.6, max(len(plot.x.labels), 1) - 0.4, LEFT, WIDTH - RIGHT)
    places = [place for line in lines for place in line.x]
    low, high = _ends(plot.x, min(places, default=0), max(places, default=1))
    return Scale(low, high, LEFT, WIDTH - RIGHT, plot.x.is_log)


def _y_scale(plot: Plot, lines: Sequence[Line]) -> Scale:
    values = [value for line in lines for value in [*line.y, *line.low, *line.high]]
    values = [value for value in values if value == value]
    if plot.y.is_log:
        values = [value for value in values if value > 0]
        low, high = _ends(plot.y, min(values, default=1), max(values, default=10))
        return Scale(low, high, HEIGHT - BOTTOM, TOP, is_log=True)
    if plot.type == Type.BAR:
        values.append(0)
    if plot.rule is not None:
        values.append(plot.rule)
    low, high = _widened(min(values, default=0), max(values, default=1))
    margin = (high / 2 - low / 2) / 10
    bottom = low if plot.type == Type.BAR and low == 0 else low - margin
    top = high if plot.type == Type.BAR and high == 0 else high + margin
    low, high = _ends(plot.y, bottom, top)
    return Scale(low, high, HEIGHT - BOTTOM, TOP)


def _ends(axis: Axis, low: float, high: float) -> tuple[float, float]:
    """Where the axis begins and ends: as was asked for, else so that everything fits."""
    low = low if axis.low is None else axis.low
    high = high if axis.high is None else axis.high
    if axis.is_log:
        return (low, high) if high > low > 0 else (high / 10, high) if high > 0 else (1, 10)
    return _widened(low, high)


def _widened(low: float, high: float) -> tuple[float, float]:
    """A span that is one: all else would divide by it."""
    if high > low and high / 2 - low / 2 > 0:
        return low, high
    room = max(abs(low) / 10, 1)
    return low - room, high + room


def _y_axis(plot: Plot, y: Scale, token: dict[str, str]) -> Iterable[str]:
    for tick in _ticks_of(y):
        place = y.place(tick)
        color = token["border-control" if tick == 0 else "border"]
        yield f'<path d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}" stroke="{color}"/>'
        yield (
            f'<text x="{LEFT - 8}" y="{place + 4:.1f}" text-anchor="end">'
            f"{_text(number_text(tick))}</text>"
        )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    yield (
        f'<text transform="translate(13 {middle:.0f}) rotate(-90)" text-anchor="middle">'
        f"{_text(middle_text(plot.y.title, 40))}</text>"
    )


def _x_axis(plot: Plot, x: Scale, token: dict[str, str]) -> Iterable[str]:
    bottom = HEIGHT - BOTTOM
    yield f'<path d="M{LEFT} {bottom}H{WIDTH - RIGHT}" stroke="{token["border-control"]}"/>'
    for place, label in _x_labels(plot.x, x):
        yield (
            f'<text x="{place:.1f}" y="{bottom + 16}" text-anchor="middle">'
            f"{_text(middle_text(label, _WIDEST_LABEL))}</text>"
        )
    yield (
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">'
        f"{_text(middle_text(plot.x.title, 60))}</text>"
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


def _band(line: Line, x: Scale, y: Scale) -> Iterable[str]:
    if len(line.x) == 1:
        yield from _whisker(line, x.place(line.x[0]), y)
        return
    for stretch in band_stretches(line) if line.low else ():
        edge = [(a, high) for a, _, high in stretch] + [(a, low) for a, low, _ in stretch[::-1]]
        path = "L".join(f"{x.place(a):.1f} {y.place(b):.1f}" for a, b in edge)
        yield f'<path d="M{path}z" fill="{palette.color(line.run.slot)}" fill-opacity="0.16"/>'


def _whisker(line: Line, place: float, y: Scale) -> Iterable[str]:
    if not line.low or not all(map(math.isfinite, [line.low[0], line.high[0]])):
        return
    low, high = y.place(line.low[0]), y.place(line.high[0])
    yield (
        f'<path d="M{place - 4:.1f} {high:.1f}h8M{place:.1f} {high:.1f}V{low:.1f}'
        f'M{place - 4:.1f} {low:.1f}h8" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    )


def _rule(plot: Plot, y: Scale) -> Iterable[str]:
    if plot.rule is None or (y.is_log and plot.rule <= 0):
        return
    place = y.place(plot.rule)
    yield (
        f'<path d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}" stroke="#7C8798" stroke-width="1.25"'
        ' stroke-dasharray="6 4"/>'
        f'<text x="{WIDTH - RIGHT}" y="{place - 4:.1f}" text-anchor="end">'
        f"{_text(number_text(plot.rule))}</text>"
    )


def _points(plot: Plot, line: Line, x: Scale, y: Scale) -> Iterable[str]:
    color = palette.color(line.run.slot)
    faint = ' opacity="0.25"' if line.is_faint else ""
    stretches = _stretches(line)
    if plot.type == Type.LINE:
        path = "".join(
            "M" + "L".join(f"{x.place(a):.1f} {y.place(b):.1f}" for a, b in stretch)
            for stretch in stretches
            if len(stretch) > 1
        )
        dash = dash_of(line)
        dashes = "" if dash == "solid" else f' stroke-dasharray="{dash.replace("px", "")}"'
        if path:
            yield (
                f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.75"'
                f' stroke-linejoin="round"{dashes}{faint}/>'
            )
    for stretch in stretches:
        if plot.type == Type.LINE and len(stretch) > 1:
            continue
        for a, b in stretch:
            yield f'<circle cx="{x.place(a):.1f}" cy="{y.place(b):.1f}" r="4" fill="{color}"/>'
    if line.numbers == 1:
        a, b = next((a, b) for a, b in zip(line.x, line.y, strict=True) if b == b)
        yield _label(x.place(a), y.place(b) - 8, number_text(b))


def _stretches(line: Line) -> list[list[tuple[float, float]]]:
    """The points of the line, cut where a value is missing."""
    stretches: list[list[tuple[float, float]]] = [[]]
    for place, value in zip(line.x, line.y, strict=True):
        if value == value:
            stretches[-1].append((place, value))
        else:
            stretches.append([])
    return [stretch for stretch in stretches if stretch]


def _bar(plot: Plot, line: Line, x: Scale, y: Scale) -> Iterable[str]:
    offset, share = bar_span(plot, line)
    unit = x.place(1) - x.place(0)
    width = share * unit
    base = y.low if y.is_log else 0
    for place, value in zip(line.x, line.y, strict=True):
        if value != value:
            continue
        left = x.place(place) + offset * unit
        top, bottom = sorted([y.place(value), y.place(base)])
        yield (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}"'
            f' height="{max(bottom - top, 1):.1f}" fill="{palette.color(line.run.slot)}"'
            f"{_OPACITIES[(line.dash or 0) % len(_OPACITIES)]}/>"
        )
        yield from _whisker(line, left + width / 2, y)
        if not line.low:
            at = top - 4 if value >= base else bottom + 12
            yield _label(left + width / 2, at, number_text(value))


def _marks(line: Line, x: Scale) -> Iterable[str]:
    color = palette.color(line.run.slot)
    said = set()
    for mark in line.marks:
        y = TOP + 8 if mark.kind == "above" else HEIGHT - BOTTOM - 2
        yield (
            f'<text x="{x.place(mark.x):.1f}" y="{y}" text-anchor="middle" fill="{color}">'
            f"{_MARKS[mark.kind]}</text>"
        )
        if mark.kind not in said:
            said.add(mark.kind)
            yield _label(x.place(mark.x), y + (12 if mark.kind == "above" else -12), mark.text)


def _label(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{_text(text)}</text>'


def _text(text: str) -> str:
    """``text`` in XML, which has no way at all to write control characters."""
    return escape("".join(each if each.isprintable() else " " for each in text), quote=False)
