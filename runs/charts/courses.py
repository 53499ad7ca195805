"""The course of each run, or of each group of runs, along steps or time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy

from runs.charts.fields import Field
from runs.charts.grouping import Course, aggregated
from runs.charts.plots import (
    Axis,
    ChartData,
    ChartedRun,
    Line,
    Plot,
    chosen_type,
    chosen_x,
    line_of,
)
from runs.charts.smoothing import smoothed
from runs.charts.spec import ChartSpec, View, X
from runs.models import MetricStat
from runs.series import Window, points_a_line, read_series

_UNITS = ((4 * 86_400_000, 86_400_000, "d"), (7_200_000, 3_600_000, "h"), (300_000, 60_000, "min"))


def course_plot(data: ChartData) -> Plot:
    spec = data.spec
    measures = spec.measures
    x = chosen_x(spec, data.stats)
    charted = [
        (place, measure, [run for run in data.runs if run.key in data.measured[measure]])
        for place, measure in enumerate(measures)
    ]
    limit = points_a_line(sum(len(runs) for _, _, runs in charted))
    courses: dict[tuple[Field, ChartedRun], Course] = {}
    notes, shown, longest = [], 0, 0
    unit, word = _unit(_longest(charted, data)) if x == X.RELATIVE else (1, "")
    view = _view(data, x)
    for _, measure, runs in charted:
        stats = data.measured[measure]
        if measure.kind == "param":
            notes.append(f"{measure.name} is one value a run and has no course.")
            continue
        origins = {run.key: _origin(x, stats[run.key], run) for run in runs}
        windows = {
            run.key: Window(
                "step" if x == X.STEP else "timestamp",
                view.left * unit + origins[run.key],
                view.right * unit + origins[run.key],
            )
            for run in runs
            if view is not None
        }
        read = [stats[run.key] for run in runs]
        series = read_series(read, limit=limit, windows=windows)
        for run in runs:
            points = series[run.key].array
            courses[measure, run] = _along(x, points, origin=origins[run.key], unit=unit)
        if not all(series[run.key].is_whole for run in runs):
            shown = max([shown, *(len(series[run.key].array) for run in runs)])
        longest = max([longest, *(series[run.key].total for run in runs)])
    axes = {
        X.STEP: Axis("Step"),
        X.RELATIVE: Axis(f"Time since the run's start ({word})"),
        X.TIME: Axis("Time (UTC)", "date"),
    }
    if x == X.RELATIVE and not spec.x:
        notes.append("All points have the same step, so they are drawn along time.")
    if shown:
        notes.append(
            f"Drawn from {shown:,} points a line of up to {longest:,}, all peaks among them."
        )
    lines = []
    for place, measure, runs in charted:
        several = {"measure": measure.name, "dash": place} if len(measures) > 1 else {}
        for run, course in _drawn(data, measure, runs, courses, notes):
            lines += _with_smoothing(run, course, spec, several)
    if spec.smoothing and shown:
        notes.append("Smoothed over the points that are drawn.")
    return Plot(
        type=chosen_type(spec, data.stats),
        metric=spec.metric,
        x=axes[X(x)],
        y=Axis(", ".join(measure.name for measure in measures)),
        lines=lines,
        notes=notes,
        is_thinned=shown > 0,
    )


def _drawn(
    data: ChartData,
    measure: Field,
    runs: Sequence[ChartedRun],
    courses: Mapping[tuple[Field, ChartedRun], Course],
    notes: list[str],
) -> list[tuple[ChartedRun, Course | tuple]]:
    """What one measure has to draw: a course a run, or what stands for each group of runs."""
    if not data.groups:
        return [(run, courses[measure, run]) for run in runs if (measure, run) in courses]
    found = []
    for group, members in data.groups.items():
        some = [courses[measure, run] for run in members if (measure, run) in courses]
        if not some:
            continue
        found.append((group, aggregated(some, center=data.spec.center, band=data.spec.band)))
        if data.spec.band and len(some) == 1:
            notes.append(f"{group.label} is one run, which has no band.")
    return found


def _with_smoothing(
    run: ChartedRun, course: Course | tuple, spec: ChartSpec, several: dict
) -> list[Line]:
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    if isinstance(course, tuple):
        course, low, high = course
    line = replace(line_of(run, course), low=low, high=high, **several)
    if not spec.smoothing or line.numbers < 3:
        return [line]
    kind, amount = spec.smoothing
    smooth = replace(line, y=smoothed(line.x, line.y, kind=kind, amount=amount))
    return [replace(line, is_faint=True, marks=(), low=(), high=()), smooth]


def _view(data: ChartData, x: str) -> View | None:
    """The part of the X-axis that is drawn; None if all of it is."""
    spec = data.spec
    left, right = spec.number("xmin"), spec.number("xmax")
    if data.view is not None or x == X.TIME or (left is None and right is None):
        return data.view
    return View(-math.inf if left is None else left, math.inf if right is None else right)


def _origin(x: str, stat: MetricStat, run: ChartedRun) -> int:
    """What is 0 on the X-axis: for the time since the run's start, that."""
    if x != X.RELATIVE:
        return 0
    # Clients may leave a run's start out, or log what was measured before.
    first = min(stat.first_timestamp, stat.last_timestamp)
    return run.start_time if 0 < run.start_time <= first else first


def _along(x: str, points: numpy.ndarray, *, origin: int, unit: int) -> Course:
    places = points["step"]
    if x != X.STEP:
        points = points[numpy.lexsort((points["step"], points["timestamp"]))]
        places = (points["timestamp"] - origin) / unit
    return list(zip(places.tolist(), points["value"].tolist(), strict=True))


def _longest(charted: Sequence[tuple[int, Field, Sequence[ChartedRun]]], data: ChartData) -> int:
    """The milliseconds from the start of a run to its last point, of that with the most."""
    return max(
        (
            data.measured[measure][run.key].last_timestamp
            - _origin(X.RELATIVE, data.measured[measure][run.key], run)
            for _, measure, runs in charted
            for run in runs
        ),
        default=0,
    )


def _unit(longest: int) -> tuple[int, str]:
    """The milliseconds of the unit that suits that length, and its word."""
    for least, unit, word in _UNITS:
        if longest >= least:
            return unit, word
    return 1_000, "s"
