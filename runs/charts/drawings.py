"""A plot as an SVG image, for pages without JavaScript, printed notes and links in a chat.

The same lines, marks and labels as the figure. An image cannot ask the page for its theme, so
it is drawn for one; of more runs than ``MAX_LINES`` only the first are drawn, and it says so.
"""

import math
from collections.abc import Iterable, Sequence

from core.formatting import number_text
from runs.charts.figures import band_stretches, bar_span, dash_of
from runs.charts.layer_drawings import layer_drawing
from runs.charts.layers import Picture
from runs.charts.palette import NEUTRAL
from runs.charts.plots import Line, Plot
from runs.charts.spec import Type
from runs.charts.svg_parts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Scale,
    clipped,
    document,
    ends,
    label,
    text,
    widened,
    x_axis,
    y_axis,
)
from runs.charts.themes import TOKENS

MAX_LINES = 8
# Of the bars of several measures, which an image cannot hatch.
_OPACITIES = ("", ' fill-opacity="0.6"', ' fill-opacity="0.35"')
_MARKS = {"nan": "✕", "above": "▲", "below": "▼"}


def drawing(plot: Plot | Picture, *, theme: str = "light") -> str:
    """The SVG document."""
    if isinstance(plot, Picture):
        return layer_drawing(plot, theme=theme)
    shown = list(dict.fromkeys(line.run for line in plot.lines))
    lines = [line for line in plot.lines if line.run in shown[:MAX_LINES]]
    token = TOKENS[theme]
    x = _x_scale(plot, lines)
    y = _y_scale(plot, lines)
    shapes: list[str] = []
    for line in lines:
        if plot.type == Type.BAR:
            shapes += _bar(plot, line, x, y)
        else:
            shapes += [*_band(line, x, y), *_points(plot, line, x, y)]
        shapes += _marks(line, x)
    parts = [
        *y_axis(plot.y.title, y, token),
        *x_axis(plot.x, x, token),
        *clipped([*shapes, *_rule(plot, y)]),
    ]
    if len(shown) > MAX_LINES:
        parts.append(
            f'<text x="{WIDTH - RIGHT}" y="{TOP}" text-anchor="end">'
            f"The first {MAX_LINES} of {len(shown)} runs</text>"
        )
    return document(plot.metric, token, parts)


def _x_scale(plot: Plot, lines: Sequence[Line]) -> Scale:
    if plot.x.kind == "category":
        return Scale(-0.6, max(len(plot.x.labels), 1) - 0.4, LEFT, WIDTH - RIGHT)
    places = [place for line in lines for place in line.x]
    low, high = ends(plot.x, min(places, default=0), max(places, default=1))
    return Scale(low, high, LEFT, WIDTH - RIGHT, plot.x.is_log)


def _y_scale(plot: Plot, lines: Sequence[Line]) -> Scale:
    values = [value for line in lines for value in [*line.y, *line.low, *line.high]]
    values = [value for value in values if value == value]
    if plot.y.is_log:
        values = [value for value in values if value > 0]
        low, high = ends(plot.y, min(values, default=1), max(values, default=10))
        return Scale(low, high, HEIGHT - BOTTOM, TOP, is_log=True)
    if plot.type == Type.BAR:
        values.append(0)
    if plot.rule is not None:
        values.append(plot.rule)
    low, high = widened(min(values, default=0), max(values, default=1))
    margin = (high / 2 - low / 2) / 10
    bottom = low if plot.type == Type.BAR and low == 0 else low - margin
    top = high if plot.type == Type.BAR and high == 0 else high + margin
    low, high = ends(plot.y, bottom, top)
    return Scale(low, high, HEIGHT - BOTTOM, TOP)


def _band(line: Line, x: Scale, y: Scale) -> Iterable[str]:
    if len(line.x) == 1:
        yield from _whisker(line, x.place(line.x[0]), y)
        return
    for stretch in band_stretches(line) if line.low else ():
        edge = [(a, high) for a, _, high in stretch] + [(a, low) for a, low, _ in stretch[::-1]]
        path = "L".join(f"{x.place(a):.1f} {y.place(b):.1f}" for a, b in edge)
        yield f'<path d="M{path}z" fill="{line.run.color}" fill-opacity="0.16"/>'


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
        f'<path d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}" stroke="{NEUTRAL}" stroke-width="1.25"'
        ' stroke-dasharray="6 4"/>'
        f'<text x="{WIDTH - RIGHT}" y="{place - 4:.1f}" text-anchor="end">'
        f"{text(number_text(plot.rule))}</text>"
    )


def _points(plot: Plot, line: Line, x: Scale, y: Scale) -> Iterable[str]:
    color = line.run.color
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
        yield label(x.place(a), y.place(b) - 8, number_text(b))


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
            f' height="{max(bottom - top, 1):.1f}" fill="{line.run.color}"'
            f"{_OPACITIES[(line.dash or 0) % len(_OPACITIES)]}/>"
        )
        yield from _whisker(line, left + width / 2, y)
        if not line.low:
            at = top - 4 if value >= base else bottom + 12
            yield label(left + width / 2, at, number_text(value))


def _marks(line: Line, x: Scale) -> Iterable[str]:
    color = line.run.color
    said = set()
    for mark in line.marks:
        y = TOP + 8 if mark.kind == "above" else HEIGHT - BOTTOM - 2
        yield (
            f'<text x="{x.place(mark.x):.1f}" y="{y}" text-anchor="middle" fill="{color}">'
            f"{_MARKS[mark.kind]}</text>"
        )
        if mark.kind not in said:
            said.add(mark.kind)
            yield label(x.place(mark.x), y + (12 if mark.kind == "above" else -12), mark.text)
