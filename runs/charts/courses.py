"""The course of each run, or of each group of runs, along steps or time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

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
from runs.charts.spec import ChartSpec, X
from runs.series import Point, points_a_line, read_series

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
    notes, courses, shown, longest = [], {}, 0, 0
    for _, measure, runs in charted:
        stats = data.measured[measure]
        if measure.kind == "param":
            notes.append(f"{measure.name} is one value a run and has no course.")
            continue
        series = read_series([stats[run.key] for run in runs], limit=limit)
        for run in runs:
            courses[measure, run] = _along(x, series[run.key].points, run)
        if not all(series[run.key].is_whole for run in runs):
            shown = max([shown, *(len(series[run.key].points) for run in runs)])
        longest = max([longest, *(series[run.key].total for run in runs)])
    unit, word = _unit(courses.values()) if x == X.RELATIVE else (1, "")
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
    scaled = {key: [(a / unit, b) for a, b in course] for key, course in courses.items()}
    lines = []
    for place, measure, runs in charted:
        several = {"measure": measure.name, "dash": place} if len(measures) > 1 else {}
        for run, course in _drawn(data, measure, runs, scaled, notes):
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


def _along(x: str, points: Sequence[Point], run: ChartedRun) -> list[tuple[float, float]]:
    if x == X.STEP:
        return [(point.step, point.value) for point in points]
    ordered = sorted(points, key=lambda point: (point.timestamp, point.step))
    if x == X.TIME or not ordered:
        return [(point.timestamp, point.value) for point in ordered]
    # Clients may leave a run's start out, or log what was measured before.
    first = ordered[0].timestamp
    start = run.start_time if 0 < run.start_time <= first else first
    return [(point.timestamp - start, point.value) for point in ordered]


def _unit(courses: Sequence[Sequence[tuple[float, float]]]) -> tuple[int, str]:
    """The milliseconds of the unit that suits the longest of the courses, and its word."""
    longest = max((place for course in courses for place, _ in course), default=0)
    for least, unit, word in _UNITS:
        if longest >= least:
            return unit, word
    return 1_000, "s"
