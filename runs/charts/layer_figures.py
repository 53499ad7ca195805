"""A picture made of layers as the figure that Plotly draws, built and validated by Plotly here."""

import math
from collections.abc import Iterable

import plotly.graph_objects as go

from core.formatting import middle_text, number_text
from runs.charts import palette
from runs.charts.layers import (
    Area,
    Bars,
    Box,
    Cells,
    Dimension,
    Dots,
    Grid,
    Layer,
    Parallel,
    Path,
    Picture,
)
from runs.charts.plotly_parts import axis_layout, plain, typed

_SCALE = "Viridis"


def layer_figure(picture: Picture, *, chart_id: str) -> dict:
    """The figure as plain values: ``data`` and ``layout``."""
    traces = [trace for layer in picture.layers for trace in _traces(layer)]
    built = go.Figure({"data": traces, "layout": _layout(picture, chart_id)}).to_plotly_json()
    built["layout"].pop("template", None)
    return built


def _traces(layer: Layer) -> Iterable[dict]:
    match layer:
        case Dots():
            yield _dots(layer)
        case Path():
            yield _path(layer)
        case Area():
            yield _area(layer)
        case Bars():
            yield _bars(layer)
        case Box():
            yield _box(layer)
        case Cells():
            yield _cells(layer)
        case Parallel():
            yield from _parallel(layer)
        case Grid():
            yield _grid(layer)


def _owned(layer: Dots | Path | Area | Bars | Box) -> dict:
    return {
        "name": plain(layer.owner.label if layer.owner else getattr(layer, "label", "")),
        "legendgroup": layer.owner.run_id if layer.owner else "",
    }


def _dots(layer: Dots) -> dict:
    return {
        **_owned(layer),
        "type": "scatter",
        "mode": "markers",
        "x": typed(layer.x),
        "y": typed(layer.y),
        "text": [plain(text) for text in layer.texts],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
        "marker": {
            "color": layer.owner.color,
            "symbol": palette.symbol(layer.owner.slot),
            "size": 6 if layer.is_small else 9,
            "opacity": 0.75 if layer.is_small else 1,
        },
    }


def _path(layer: Path) -> dict:
    return {
        **_owned(layer),
        "type": "scatter",
        "mode": "lines",
        "x": typed(layer.x),
        "y": typed(layer.y),
        "hovertemplate": f"{plain(layer.label)}: %{{y:.6~g}} at %{{x:.6~g}}<extra></extra>",
        "line": {
            "color": layer.owner.color if layer.owner else palette.NEUTRAL,
            "dash": palette.dash(layer.owner.slot) if layer.owner else "6px,4px",
            "shape": "hv" if layer.is_stepped else "linear",
            "width": 1.75,
        },
    }


def _area(layer: Area) -> dict:
    return {
        **_owned(layer),
        "type": "scatter",
        "mode": "lines",
        "x": typed(layer.x),
        "y": typed(layer.y),
        "fill": "toself",
        "fillcolor": palette.band(layer.owner.color),
        "line": {"color": layer.owner.color, "width": 1.25},
        "hoveron": "fills",
        "text": plain(layer.label),
        "hoverinfo": "text",
    }


def _bars(layer: Bars) -> dict:
    return {
        **_owned(layer),
        "type": "bar",
        "x": typed(layer.x),
        "y": typed(layer.heights),
        "width": layer.width,
        "error_y": _whiskers(layer),
        "hovertext": [plain(text) for text in layer.texts],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "opacity": 0.6 if layer.is_faint else 1,
        "marker": {"color": layer.owner.color},
    }


def _whiskers(layer: Bars) -> dict | None:
    edges = list(zip(layer.heights, layer.lows, layer.highs, strict=False))
    if not any(math.isfinite(low) for _, low, _ in edges):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value if math.isfinite(high) else 0 for value, _, high in edges],
        "arrayminus": [value - low if math.isfinite(low) else 0 for value, low, _ in edges],
        "color": palette.NEUTRAL,
        "thickness": 1.5,
        "width": 4,
    }


def _box(layer: Box) -> dict:
    color = layer.owner.color
    return {
        **_owned(layer),
        "type": "box",
        "x": [layer.place],
        "lowerfence": [layer.low],
        "q1": [layer.first],
        "median": [layer.median],
        "q3": [layer.third],
        "upperfence": [layer.high],
        "mean": [layer.mean],
        "width": 0.5,
        "fillcolor": palette.band(layer.owner.color),
        "line": {"color": color, "width": 1.5},
        "hoverinfo": "y",
    }


def _cells(layer: Cells) -> dict:
    return {
        "type": "heatmap",
        "z": [[None if value != value else value for value in row] for row in layer.rows],
        "text": [[plain(text) for text in row] for row in layer.texts],
        "hovertemplate": "%{text}<extra></extra>",
        "colorscale": _SCALE,
        "xgap": 2,
        "ygap": 2,
        "hoverongaps": False,
        "colorbar": {
            "title": {"text": plain(middle_text(layer.title, 24)), "side": "right"},
            "thickness": 12,
            "outlinewidth": 0,
        },
    }


def _parallel(layer: Parallel) -> Iterable[dict]:
    """A line a run. Plotly's own chart of this kind needs WebGL, which not every browser has."""
    shares = [_shares(dimension) for dimension in layer.dimensions]
    for place, run in enumerate(layer.owners):
        said = [f"{dimension.label}: {_said(dimension, place)}" for dimension in layer.dimensions]
        yield {
            "name": plain(run.label),
            "legendgroup": run.run_id,
            "type": "scatter",
            "mode": "lines+markers",
            "x": typed([float(at) for at in range(len(shares))]),
            "y": typed([share[place] for share in shares]),
            "text": [plain(words) for words in said],
            "hovertemplate": "%{text}<extra>%{fullData.name}</extra>",
            "cliponaxis": False,
            "line": {"color": palette.scale(shares[-1][place]), "width": 1.75},
            "marker": {"size": 5},
        }


def _shares(dimension: Dimension) -> list[float]:
    """How far each number lies between the least and the greatest."""
    low, high = min(dimension.numbers, default=0), max(dimension.numbers, default=1)
    span = high / 2 - low / 2
    return [(number / 2 - low / 2) / span if span > 0 else 0.5 for number in dimension.numbers]


def _said(dimension: Dimension, place: int) -> str:
    number = dimension.numbers[place]
    return dimension.names[int(number)] if dimension.names else number_text(number)


def _parallel_layout(layer: Parallel) -> dict:
    """Upright axes, with the names and the numbers at their ends."""
    count = len(layer.dimensions)
    notes = []
    for at, dimension in enumerate(layer.dimensions):
        ends = (min(dimension.numbers, default=0), max(dimension.numbers, default=0))
        for share, number in zip((0, 1), dict.fromkeys(ends), strict=False):
            words = dimension.names[int(number)] if dimension.names else number_text(number)
            notes.append(
                {
                    "x": at,
                    "y": share,
                    "text": plain(words),
                    "showarrow": False,
                    "yshift": 12 if share else -12,
                    "font": {"size": 11},
                }
            )
    line = {"width": 1, "color": palette.NEUTRAL}
    return {
        "annotations": notes,
        "shapes": [
            {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": line, "layer": "below"}
            for at in range(count)
        ],
        "xaxis": {
            "tickvals": list(range(count)),
            "ticktext": [plain(dimension.label) for dimension in layer.dimensions],
            "side": "top",
            "range": [-0.4, count - 0.6],
            "showline": False,
            "zeroline": False,
            "ticks": "",
            "automargin": True,
        },
        "yaxis": {"visible": False, "range": [-0.12, 1.12], "fixedrange": True},
        "hovermode": "closest",
    }


def _grid(layer: Grid) -> dict:
    columns = list(zip(*layer.rows, strict=True)) or [()] * len(layer.head)
    return {
        "type": "table",
        "header": {"values": [plain(text) for text in layer.head], "align": "left"},
        "cells": {
            "values": [[plain(text) for text in column] for column in columns],
            "align": ["left", *["right"] * (len(layer.head) - 1)],
        },
    }


def _layout(picture: Picture, chart_id: str) -> dict:
    layout: dict = {
        "showlegend": False,
        "uirevision": chart_id,
        "meta": {"notes": list(picture.notes)},
    }
    if not picture.has_axes:
        layer = picture.layers[0]
        if isinstance(layer, Parallel):
            margins = {"l": 24, "r": 24, "t": 40, "b": 16}
            return layout | {"margin": margins} | _parallel_layout(layer)
        return layout | {"margin": {"l": 8, "r": 8, "t": 8, "b": 8}}
    return layout | {
        "xaxis": axis_layout(picture.x),
        "yaxis": axis_layout(picture.y),
        "hovermode": "closest",
        "barmode": "overlay",
    }
