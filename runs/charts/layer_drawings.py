"""A picture made of layers as an SVG image, for pages without JavaScript."""

import math
from collections.abc import Iterable, Sequence

from core.formatting import middle_text, number_text
from runs.charts import palette
from runs.charts import svg_parts as svg
from runs.charts.layers import (
    Area,
    Bars,
    Box,
    Cells,
    Dots,
    Grid,
    Layer,
    Parallel,
    Path,
    Picture,
)
from runs.charts.plots import Axis
from runs.charts.themes import TOKENS

_MAX_ROWS = 12
_ROW = 22


def layer_drawing(picture: Picture, *, theme: str = "light") -> str:
    """The SVG document."""
    token = TOKENS[theme]
    if not picture.has_axes:
        parts = [part for layer in picture.layers for part in _whole(layer, token)]
        return svg.document(picture.metric, token, parts)
    x = _scale(picture.x, _places(picture, "x"), svg.LEFT, svg.WIDTH - svg.RIGHT)
    y = _scale(picture.y, _places(picture, "y"), svg.HEIGHT - svg.BOTTOM, svg.TOP)
    shapes = [part for layer in picture.layers for part in _shape(layer, x, y)]
    return svg.document(
        picture.metric,
        token,
        [
            *(_upright(picture.y, y, token)),
            *svg.x_axis(picture.x, x, token),
            *svg.clipped(shapes),
        ],
    )


def _upright(axis: Axis, y: svg.Scale, token: dict[str, str]) -> Iterable[str]:
    if axis.kind != "category":
        yield from svg.y_axis(axis.title, y, token)
        return
    for place, name in enumerate(axis.labels):
        yield (
            f'<text x="{svg.LEFT - 8}" y="{y.place(place) + 4:.1f}" text-anchor="end">'
            f"{svg.text(middle_text(name, 10))}</text>"
        )


def _scale(axis: Axis, places: Sequence[float], start: float, end: float) -> svg.Scale:
    if axis.kind == "category":
        return svg.Scale(-0.6, max(len(axis.labels), 1) - 0.4, start, end)
    low, high = svg.widened(min(places, default=0), max(places, default=1))
    room = (high / 2 - low / 2) / 10
    low, high = svg.ends(axis, low if low == 0 else low - room, high + room)
    return svg.Scale(low, high, start, end)


def _places(picture: Picture, axis: str) -> list[float]:
    """Every number that has to fit on the axis."""
    found: list[float] = []
    for layer in picture.layers:
        match layer:
            case Bars() if axis == "y":
                found += [0.0, *layer.heights, *layer.lows, *layer.highs]
            case Bars():
                half = layer.width / 2
                found += [place + side for place in layer.x for side in (-half, half)]
            case Box() if axis == "y":
                found += [layer.low, layer.high]
            case Dots() | Path() | Area():
                found += getattr(layer, axis)
    return [place for place in found if math.isfinite(place)]


def _shape(layer: Layer, x: svg.Scale, y: svg.Scale) -> Iterable[str]:
    match layer:
        case Dots():
            size = 2.5 if layer.is_small else 4
            for a, b, words in zip(layer.x, layer.y, layer.texts, strict=True):
                yield (
                    f'<circle cx="{x.place(a):.1f}" cy="{y.place(b):.1f}" r="{size}"'
                    f' fill="{_color(layer)}"><title>{svg.text(words)}</title></circle>'
                )
        case Path():
            yield (
                f'<path d="{_outline(layer.x, layer.y, x, y, is_stepped=layer.is_stepped)}"'
                f' fill="none" stroke="{_color(layer)}" stroke-width="1.75"/>'
            )
        case Area():
            yield (
                f'<path d="{_outline(layer.x, layer.y, x, y)}z" fill="{_color(layer)}"'
                f' fill-opacity="0.16" stroke="{_color(layer)}"/>'
            )
        case Bars():
            yield from _bars(layer, x, y)
        case Box():
            yield from _box(layer, x, y)
        case Cells():
            yield from _cells(layer, x, y)


def _color(layer: Dots | Path | Area | Bars | Box) -> str:
    return layer.owner.color if layer.owner else palette.NEUTRAL


def _outline(
    places: Sequence[float],
    values: Sequence[float],
    x: svg.Scale,
    y: svg.Scale,
    *,
    is_stepped: bool = False,
) -> str:
    pairs = zip(places, values, strict=True)
    points = [(f"{x.place(a):.1f}", f"{y.place(b):.1f}") for a, b in pairs]
    if not points:
        return ""
    first = f"M{points[0][0]} {points[0][1]}"
    if is_stepped:
        return first + "".join(f"H{a}V{b}" for a, b in points[1:])
    return first + "".join(f"L{a} {b}" for a, b in points[1:])


def _bars(layer: Bars, x: svg.Scale, y: svg.Scale) -> Iterable[str]:
    lows = layer.lows or [math.nan] * len(layer.x)
    highs = layer.highs or [math.nan] * len(layer.x)
    rows = zip(layer.x, layer.heights, layer.texts, lows, highs, strict=True)
    for place, height, words, low, high in rows:
        left, right = x.place(place - layer.width / 2), x.place(place + layer.width / 2)
        top, bottom = sorted([y.place(height), y.place(0)])
        opacity = ' fill-opacity="0.6"' if layer.is_faint else ""
        yield (
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}"'
            f' height="{bottom - top:.1f}" fill="{_color(layer)}"{opacity}>'
            f"<title>{svg.text(words)}</title></rect>"
        )
        if math.isfinite(low) and math.isfinite(high):
            middle = x.place(place)
            yield (
                f'<path d="M{middle - 4:.1f} {y.place(high):.1f}h8m-4 0V{y.place(low):.1f}m-4 0h8"'
                f' fill="none" stroke="{palette.NEUTRAL}" stroke-width="1.5"/>'
            )


def _box(layer: Box, x: svg.Scale, y: svg.Scale) -> Iterable[str]:
    left, middle, right = (x.place(layer.place + side) for side in (-0.25, 0, 0.25))
    first, third = y.place(layer.first), y.place(layer.third)
    color = _color(layer)
    yield (
        f'<path d="M{middle:.1f} {y.place(layer.high):.1f}V{third:.1f}'
        f"M{middle:.1f} {first:.1f}V{y.place(layer.low):.1f}"
        f'M{left:.1f} {y.place(layer.median):.1f}H{right:.1f}" fill="none" stroke="{color}"'
        ' stroke-width="1.5"/>'
        f'<rect x="{left:.1f}" y="{third:.1f}" width="{right - left:.1f}"'
        f' height="{first - third:.1f}" fill="{color}" fill-opacity="0.16" stroke="{color}"/>'
    )


def _cells(layer: Cells, x: svg.Scale, y: svg.Scale) -> Iterable[str]:
    numbers = [value for row in layer.rows for value in row if value == value]
    low, high = svg.widened(min(numbers, default=0), max(numbers, default=1))
    for i, (row, words) in enumerate(zip(layer.rows, layer.texts, strict=True)):
        for j, (value, said) in enumerate(zip(row, words, strict=True)):
            if value != value:
                continue
            color = palette.viridis((value - low) / (high - low))
            left, right = x.place(j - 0.48), x.place(j + 0.48)
            top, bottom = y.place(i + 0.48), y.place(i - 0.48)
            yield (
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}"'
                f' height="{bottom - top:.1f}" fill="{color}">'
                f"<title>{svg.text(said)}</title></rect>"
            )


# ---------------------------------------------------------------- Without axes


def _whole(layer: Layer, token: dict[str, str]) -> Iterable[str]:
    if isinstance(layer, Parallel):
        return _parallel(layer, token)
    return _grid(layer, token)


def _parallel(layer: Parallel, token: dict[str, str]) -> Iterable[str]:
    count = len(layer.dimensions)
    across = svg.Scale(0, max(count - 1, 1), svg.LEFT, svg.WIDTH - svg.LEFT)
    scales = []
    for place, dimension in enumerate(layer.dimensions):
        low, high = svg.widened(
            min(dimension.numbers, default=0), max(dimension.numbers, default=1)
        )
        scales.append(svg.Scale(low, high, svg.HEIGHT - svg.BOTTOM, svg.TOP + 24))
        at = across.place(place)
        yield (
            f'<path d="M{at:.1f} {svg.TOP + 24}V{svg.HEIGHT - svg.BOTTOM}"'
            f' stroke="{token["border-control"]}"/>'
        )
        yield svg.label(at, svg.TOP + 10, middle_text(dimension.label, 14))
        names = dimension.names
        yield svg.label(at, svg.HEIGHT - svg.BOTTOM + 16, names[0] if names else number_text(low))
        yield svg.label(at, svg.TOP + 22, names[-1] if names else number_text(high))
    for run, owner in enumerate(layer.owners):
        last = scales[-1]
        value = layer.dimensions[-1].numbers[run]
        color = palette.scale((value - last.low) / (last.high - last.low))
        points = [
            f"{across.place(place):.1f} {scales[place].place(dimension.numbers[run]):.1f}"
            for place, dimension in enumerate(layer.dimensions)
        ]
        yield (
            f'<path d="M{"L".join(points)}" fill="none" stroke="{color}" stroke-width="1.5">'
            f"<title>{svg.text(owner.label)}</title></path>"
        )


def _grid(layer: Grid, token: dict[str, str]) -> Iterable[str]:
    width = (svg.WIDTH - 16) / len(layer.head)
    for i, row in enumerate([layer.head, *layer.rows[:_MAX_ROWS]]):
        weight = 400 if i else 600
        for j, value in enumerate(row):
            yield (
                f'<text x="{8 + j * width:.1f}" y="{16 + i * _ROW}" font-weight="{weight}">'
                f"{svg.text(middle_text(value, max(6, int(width / 7))))}</text>"
            )
        yield f'<path d="M8 {22 + i * _ROW}H{svg.WIDTH - 8}" stroke="{token["border"]}"/>'
