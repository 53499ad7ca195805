"""The frame around what is drawn: scales, ranges, and a line across, as they were asked for."""

import math
from collections.abc import Sequence
from dataclasses import replace

from core.formatting import number_text
from runs.charts.plots import Axis, Line, Mark, Plot
from runs.charts.spec import ChartSpec, Outliers


def framed(plot: Plot, spec: ChartSpec) -> Plot:
    """The plot with the scales, ranges and lines across that were asked for."""
    notes = list(plot.notes)
    lines = list(plot.lines)
    x, y = plot.x, plot.y
    if spec.xscale and x.kind == "number":
        x = replace(x, is_log=True)
        lines, left_out = _positive_places(lines)
        if left_out:
            notes.append(
                "A logarithmic X-axis has no place for zero and less: "
                f"{_points(left_out)} left out."
            )
    if spec.yscale:
        y = replace(y, is_log=True)
        lines, left_out = _positive_values(lines)
        if left_out:
            notes.append(
                "A logarithmic Y-axis has no place for zero and less: "
                f"{_points(left_out)} marked at its lower edge."
            )
    if x.kind == "number":
        x = replace(x, low=spec.number("xmin"), high=spec.number("xmax"))
    y = replace(y, low=spec.number("ymin"), high=spec.number("ymax"))
    if spec.outliers == Outliers.FIT and y.low is None and y.high is None:
        y, outside = _fitted(y, lines)
        if outside:
            notes.append(f"The Y-axis fits 5 to 95 % of the values: {_points(outside)} outside.")
    if x.is_log:
        x = _positive_bounds(x)
    if y.is_log:
        y = _positive_bounds(y)
    return replace(plot, x=x, y=y, lines=lines, notes=notes, rule=spec.number("rule"))


def _points(count: int) -> str:
    return "1 point is" if count == 1 else f"{count:,} points are"


def _positive_bounds(axis: Axis) -> Axis:
    bounds = {"low": axis.low, "high": axis.high}
    return replace(axis, **{k: v if v is not None and v > 0 else None for k, v in bounds.items()})


def _positive_places(lines: Sequence[Line]) -> tuple[list[Line], int]:
    found, left_out = [], 0
    for line in lines:
        keep = [i for i, place in enumerate(line.x) if place > 0]
        left_out += 0 if line.is_faint else len(line.x) - len(keep)

        def kept(values: Sequence[float], keep: Sequence[int] = keep) -> list[float]:
            return [values[i] for i in keep] if values else []

        found.append(
            replace(
                line,
                x=kept(line.x),
                y=kept(line.y),
                low=kept(line.low),
                high=kept(line.high),
                marks=[mark for mark in line.marks if mark.x > 0],
            )
        )
    return found, left_out


def _positive_values(lines: Sequence[Line]) -> tuple[list[Line], int]:
    found, left_out = [], 0
    for line in lines:
        hidden = [(a, b) for a, b in zip(line.x, line.y, strict=True) if b <= 0]
        y = [b if not b <= 0 else math.nan for b in line.y]
        low = [b if not b <= 0 else math.nan for b in line.low]
        marks = list(line.marks)
        if not line.is_faint:
            left_out += len(hidden)
            marks += [Mark(a, "below", number_text(b)) for a, b in hidden]
        found.append(replace(line, y=y, low=low, marks=marks))
    return found, left_out


def _fitted(y: Axis, lines: Sequence[Line]) -> tuple[Axis, int]:
    values = sorted(b for line in lines if not line.is_faint for b in line.y if b == b)
    if len(values) < 3:
        return y, 0
    low, high = _quantile(values, 0.05), _quantile(values, 0.95)
    room = (high / 2 - low / 2) / 5 or max(abs(low) / 10, 1e-9)
    low, high = low - room, high + room
    if y.is_log:
        low = max(low, values[0])
    outside = sum(not low <= value <= high for value in values)
    return replace(y, low=low, high=high), outside


def _quantile(ordered: Sequence[float], share: float) -> float:
    """By linear interpolation between the closest ranks, as NumPy's default is."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
