"""A plot as the figure that Plotly draws in the browser, built and validated by Plotly here.

Numbers travel as typed arrays. Colors of anything but runs are left to the page's template
(``runs.charts.themes``), and so is whatever words say outside of the plot: it has no title and
no legend, since the page has both.
"""

import math
from collections.abc import Iterable, Sequence

import msgspec
import plotly.graph_objects as go

from core.formatting import middle_text, number_text
from runs.charts import palette
from runs.charts.layer_figures import layer_figure
from runs.charts.layers import Picture
from runs.charts.plotly_parts import (
    MAX_TITLE_LENGTH,
    axis_layout,
    bounds,
    plain,
    typed,
)
from runs.charts.plots import Line, Mark, Plot
from runs.charts.spec import Type

# Part of every figure's ETag: to be raised when the same plot becomes another figure.
VERSION = "11"

# Up to here every line fits into one box that follows the pointer.
MAX_UNIFIED_LINES = 8
# From here on markers help the colors to tell lines apart.
MIN_MARKED_LINES = 5
# Beyond so many lines all are faded: the one that is pointed at stands out.
MAX_FULL_LINES = 8
MAX_VALUE_LABELS = 16
# Beside one another labels need more room than bars.
MAX_BAR_LABELS = 6

# Steps so few that fractions between them would be labeled.
_FEW_STEPS = 8
# Labels of numbers below fit beside one another on a phone, upright and on one line.
_SHORT_LABELS = 100_000

_MARK_SYMBOLS = {"nan": "x-thin", "above": "triangle-up", "below": "triangle-down"}
# On the rail axis, whose 0 is the X-axis and whose 1 is the upper edge.
_MARK_PLACES = {"nan": 0, "above": 0.97, "below": 0.03}


def figure(plot: Plot | Picture, *, chart_id: str) -> dict:
    """The figure of ``plot`` as plain values: ``data`` and ``layout``.

    A figure with the same ``chart_id`` keeps the reader's zoom when it is drawn again.
    """
    if isinstance(plot, Picture):
        return layer_figure(plot, chart_id=chart_id)
    named = _named_marks(plot.lines)
    traces = [
        trace
        for line, names in zip(plot.lines, named, strict=True)
        for trace in _traces(plot, line, names)
    ]
    built = go.Figure({"data": traces, "layout": _layout(plot, chart_id)}).to_plotly_json()
    # Plotly adds its own look, which would overrule ours.
    built["layout"].pop("template", None)
    return built


def figure_bytes(plot: Plot | Picture, *, chart_id: str) -> bytes:
    """The figure as JSON."""
    return msgspec.json.encode(figure(plot, chart_id=chart_id))


def _named_marks(lines: Sequence[Line]) -> list[set[Mark]]:
    """Of each line the marks that say what they are: the first of each kind that has room."""
    places = [place for line in lines for place in line.x]
    room = (max(places, default=0) - min(places, default=0)) / 10
    said: list[Mark] = []
    found: list[set[Mark]] = []
    for line in lines:
        first = {mark.kind: mark for mark in reversed(line.marks)}.values()
        found.append(
            {
                mark
                for mark in first
                if not any(each.kind == mark.kind and abs(each.x - mark.x) < room for each in said)
            }
        )
        said += found[-1]
    return found


def _traces(plot: Plot, line: Line, named: set[Mark]) -> Iterable[dict]:
    if plot.type == Type.LINE and line.low:
        yield _band(plot, line)
    if plot.type == Type.BAR:
        yield _bar(plot, line)
    elif plot.type == Type.SCATTER or line.numbers == 1:
        yield _points(plot, line)
    else:
        yield _curve(plot, line)
    if line.marks:
        yield _rail(plot, line, named)


def dash_of(line: Line) -> str:
    """How a line is broken: by its measure where there are several, else by its run."""
    if line.dash is None:
        return palette.dash(line.run.slot)
    return palette.DASHES[line.dash % len(palette.DASHES)]


def symbol_of(line: Line) -> str:
    """The shape of its markers, likewise."""
    return palette.symbol(line.run.slot if line.dash is None else line.dash)


def bar_span(plot: Plot, line: Line) -> tuple[float, float]:
    """Where a bar begins beside its place, and how wide it is: those of one place share it."""
    measures = len({each.measure for each in plot.lines})
    width = 0.7 / max(measures, 1)
    return -0.35 + width * (line.dash or 0) % 0.7, width


def _band(plot: Plot, line: Line) -> dict:
    """The area around the center of a group, one piece a stretch without a gap."""
    x: list[float] = []
    y: list[float] = []
    for stretch in band_stretches(line):
        if x:
            x.append(math.nan)
            y.append(math.nan)
        x += [a for a, _, _ in stretch] + [a for a, _, _ in reversed(stretch)]
        y += [low for _, low, _ in stretch] + [high for _, _, high in reversed(stretch)]
    return {
        **_common(plot, line),
        "type": "scatter",
        "mode": "lines",
        "x": typed(x),
        "y": typed(y),
        "fill": "toself",
        "fillcolor": palette.band(line.run.color),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "hovertemplate": None,
    }


def band_stretches(line: Line) -> list[list[tuple[float, float, float]]]:
    """Place, lower and upper end of a band, cut where it has none."""
    stretches: list[list[tuple[float, float, float]]] = [[]]
    for edge in zip(line.x, line.low, line.high, strict=True):
        if all(map(math.isfinite, edge)):
            stretches[-1].append(edge)
        elif stretches[-1]:
            stretches.append([])
    return [stretch for stretch in stretches if stretch]


def _whiskers(line: Line) -> dict | None:
    """The ends of the band of single values, as Plotly takes them."""
    if not line.low or not all(map(math.isfinite, [*line.low, *line.high])):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, high in zip(line.y, line.high, strict=True)],
        "arrayminus": [value - low for value, low in zip(line.y, line.low, strict=True)],
        "color": palette.NEUTRAL,
        "thickness": 1.5,
        "width": 4,
    }


def _curve(plot: Plot, line: Line) -> dict:
    count = sum(not each.is_faint for each in plot.lines)
    is_crowded = count > MAX_FULL_LINES
    is_marked = MIN_MARKED_LINES <= count <= MAX_FULL_LINES and not line.is_faint
    return {
        **_common(plot, line),
        "type": "scatter",
        "mode": "lines+markers" if is_marked or _has_islands(line) else "lines",
        "x": typed(line.x),
        "y": typed(line.y),
        "connectgaps": False,
        "opacity": 0.25 if line.is_faint else 0.5 if is_crowded else 1,
        "line": {
            "color": line.run.color,
            "dash": dash_of(line),
            "width": 1 if line.is_faint else 1.5 if is_crowded else 1.75,
            "simplify": False,
        },
        "marker": {
            "color": line.run.color,
            "symbol": symbol_of(line),
            "size": 6 if is_marked else 5,
            # A number between two NaN is a point that no line shows: then all are marked.
            "maxdisplayed": 0 if _has_islands(line) else 12,
        },
    }


def _points(plot: Plot, line: Line) -> dict:
    are_labeled = plot.type == Type.LINE or len(plot.lines) <= MAX_VALUE_LABELS
    return {
        **_common(plot, line),
        "type": "scatter",
        "mode": "markers+text" if line.numbers == 1 and are_labeled else "markers",
        "x": typed(line.x),
        "y": typed(line.y),
        "text": [number_text(value) for value in line.y] if line.numbers == 1 else None,
        "textposition": "top center",
        "textfont": {"size": 11},
        "cliponaxis": False,
        "error_y": _whiskers(line),
        "marker": {
            "color": line.run.color,
            "symbol": symbol_of(line),
            "size": 9,
        },
    }


def _bar(plot: Plot, line: Line) -> dict:
    offset, width = bar_span(plot, line)
    are_labeled = len(plot.lines) <= MAX_BAR_LABELS and not line.low
    patterns = {"solid": "", "8px,5px": "/", "3px,3px": "."}
    return {
        **_common(plot, line),
        "type": "bar",
        "x": typed(line.x),
        "y": typed(line.y),
        "offset": offset,
        "width": width,
        "error_y": _whiskers(line),
        "text": [number_text(value) for value in line.y] if line.numbers and are_labeled else None,
        "textposition": "outside",
        "textfont": {"size": 11},
        "textangle": 0,
        "constraintext": "none",
        "cliponaxis": False,
        "marker": {
            "color": line.run.color,
            "pattern": {"shape": patterns[dash_of(line)], "fillmode": "overlay"},
        },
    }


def _rail(plot: Plot, line: Line, named: set[Mark]) -> dict:
    """What is NaN, infinite or too large to draw, marked at the edges of the plot."""
    return {
        **_common(plot, line),
        "type": "scatter",
        "mode": "markers+text",
        "yaxis": "y2",
        "showlegend": False,
        "x": typed([mark.x for mark in line.marks]),
        "y": typed([_MARK_PLACES[mark.kind] for mark in line.marks]),
        # The first of each kind says what it is, the others on asking.
        "text": [mark.text if mark in named else "" for mark in line.marks],
        "textposition": [_text_position(mark) for mark in line.marks],
        "textfont": {"size": 11},
        "customdata": [mark.text for mark in line.marks],
        "hovertemplate": _hover(plot, "%{customdata}"),
        "cliponaxis": False,
        "marker": {
            "color": line.run.color,
            "symbol": [_MARK_SYMBOLS[mark.kind] for mark in line.marks],
            "size": 9,
            "line": {"color": line.run.color, "width": 1.75},
        },
    }


def _text_position(mark: Mark) -> str:
    return "bottom center" if mark.kind == "above" else "top center"


def _common(plot: Plot, line: Line) -> dict:
    return {
        "name": plain(f"{line.label} (not smoothed)" if line.is_faint else line.label),
        # The page's legend shows and hides all that belongs to a run.
        "legendgroup": line.run.run_id,
        "hovertemplate": _hover(plot, "%{y:.6~g}"),
    }


def _hover(plot: Plot, value: str) -> str:
    """The line of one point; the run's name stands beside it, without markup of its own."""
    extra = "<extra>%{fullData.name}</extra>"
    if _is_unified(plot) or plot.x.kind == "category":
        return f"{value}{extra}"
    place = "%{x|%d %b %Y, %H:%M:%S}" if plot.x.kind == "date" else "%{x:,.6~r}"
    return f"{value} at {place}{extra}"


def _layout(plot: Plot, chart_id: str) -> dict:
    x = axis_layout(plot.x)
    if plot.x.kind == "number":
        x |= {"hoverformat": ",.6~r"}
        if plot.x.title == "Step":
            x["hoverformat"] = ",d"
            x["unifiedhovertitle"] = {"text": "Step %{x:,d}"}
            steps = [step for line in plot.lines for step in line.x]
            if max(steps, default=0) - min(steps, default=0) <= _FEW_STEPS and not plot.x.is_log:
                x["dtick"] = 1
        if plot.type == Type.LINE and "dtick" not in x and _reach(plot) < _SHORT_LABELS:
            # The margin of the template is enough, which spares measuring.
            x |= {"automargin": False, "tickangle": 0}
    layout = {
        "xaxis": x,
        "yaxis": {
            "title": {"text": plain(middle_text(plot.y.title, MAX_TITLE_LENGTH))},
            "automargin": True,
            "type": "linear",
            **bounds(plot.y),
        },
        "hovermode": "x unified" if _is_unified(plot) else "closest",
        "barmode": "overlay",
        "showlegend": False,
        "uirevision": chart_id,
        # What the page is to say beside the chart, and whether to ask again for a part of it.
        "meta": {"notes": list(plot.notes), "thinned": plot.is_thinned},
    }
    if plot.rule is not None and (plot.rule > 0 or not plot.y.is_log):
        layout |= _rule(plot.rule, is_log=plot.y.is_log)
    if any(line.marks for line in plot.lines):
        layout["yaxis2"] = {
            "overlaying": "y",
            "range": [0, 1],
            "visible": False,
            "fixedrange": True,
        }
        if not any(line.numbers for line in plot.lines):
            # Nothing has a place on it, so it would make numbers up.
            layout["yaxis"] |= {"range": [0, 1], "showticklabels": False}
    return layout


def _reach(plot: Plot) -> float:
    """How far from 0 the X-axis leads."""
    ends = [end for end in (plot.x.low, plot.x.high) if end is not None]
    return max(map(abs, [*ends, *(place for line in plot.lines for place in line.x)]), default=0)


def _rule(value: float, *, is_log: bool) -> dict:
    """A dashed line across the plot, and its number at its right end.

    On a logarithmic axis Plotly places shapes by the number and words by its power.
    """
    shape = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "line": {"dash": "6px,4px", "width": 1.25, "color": palette.NEUTRAL},
    }
    note = {
        "xref": "paper",
        "x": 1,
        "y": math.log10(value) if is_log else value,
        "text": number_text(value),
        "showarrow": False,
        "xanchor": "right",
        "yanchor": "bottom",
        "font": {"size": 11},
    }
    return {"shapes": [shape], "annotations": [note]}


def _is_unified(plot: Plot) -> bool:
    return plot.type == Type.LINE and len(plot.lines) <= MAX_UNIFIED_LINES


def _has_islands(line: Line) -> bool:
    """Whether some number has a gap on both sides, so that no line leads to it."""
    drawn = [False, *(value == value for value in line.y), False]
    return any(
        here and not before and not after
        for before, here, after in zip(drawn, drawn[1:], drawn[2:], strict=False)
    )
