"""What there is to draw for a chart: axes, and of each run its places and values."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from core.formatting import is_finite, middle_text, number_text
from runs.charts.fields import (
    LARGEST_DRAWN,
    Field,
    Values,
    in_order,
    legend_text,
    numbers_of,
    read_values,
    value_text,
)
from runs.charts.grouping import Course, aggregated, deviations
from runs.charts.smoothing import smoothed
from runs.charts.spec import COURSES, ChartSpec, Outliers, Type, X
from runs.keys import metric_key_ids
from runs.models import MetricStat, Run, RunStatus
from runs.series import Point, Statistic, points_a_line, read_series, value_of

# More bars than this cannot be told apart; points can.
MAX_BARS = 30
MAX_LABEL_LENGTH = 40
NOT_SET = "(not set)"

_UNITS = ((4 * 86_400_000, 86_400_000, "d"), (7_200_000, 3_600_000, "h"), (300_000, 60_000, "min"))


@dataclass(frozen=True)
class ChartedRun:
    """A run as charts name it, or a group of runs: its slot gives its color.

    It is open while more is to be expected of it.
    """

    key: int
    run_id: str
    label: str
    slot: int
    start_time: int
    is_open: bool = False


@dataclass(frozen=True)
class Axis:
    """``kind`` is "number", "date" (in milliseconds) or "category" (``labels`` name 0, 1, 2 …).

    ``low`` and ``high`` are where it is to begin and end, if that was asked for.
    """

    title: str
    kind: str = "number"
    labels: Sequence[str] = ()
    is_log: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Mark:
    """A value that has no place on the Y-axis; ``kind`` is "nan", "above" or "below" the plot."""

    x: float
    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """What is drawn of one run: places and values, where NaN breaks the line.

    ``low`` and ``high``, if there are any, bound a band around the values. Where a chart has
    several measures, ``measure`` names this one's and ``dash`` is its place among them. What is
    faint is the raw line behind a smoothed one.
    """

    run: ChartedRun
    x: Sequence[float]
    y: Sequence[float]
    marks: Sequence[Mark] = ()
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    measure: str = ""
    dash: int | None = None
    is_faint: bool = False

    @property
    def numbers(self) -> int:
        """How many of the values have a place on the Y-axis."""
        return sum(map(math.isfinite, self.y))

    @property
    def label(self) -> str:
        return f"{self.run.label} · {self.measure}" if self.measure else self.run.label


@dataclass(frozen=True)
class Plot:
    """All that a figure, a drawing and a caption say; runs without the metric have no line."""

    type: Type
    metric: str
    x: Axis
    y: Axis
    lines: Sequence[Line]
    # Why something is not as it was asked for, or not there: sentences.
    notes: Sequence[str] = ()
    # A value that a line across the plot marks.
    rule: float | None = None


@dataclass(frozen=True)
class ChartData:
    """What a chart is made of but for the points: these change only if the stats do.

    ``measured`` are the stats of each measure by run; ``values`` what else the axes, colors,
    groups and labels need of the runs.
    """

    spec: ChartSpec
    runs: Sequence[ChartedRun]
    measured: Mapping[Field, Mapping[int, MetricStat]]
    values: Values = field(default_factory=dict)

    @property
    def stats(self) -> Mapping[int, MetricStat]:
        """Those of the first measure."""
        return self.measured.get(self.spec.measures[0], {})

    @property
    def logged(self) -> list[ChartedRun]:
        """The runs that have any of the measures."""
        return [run for run in self.runs if any(run.key in each for each in self.measured.values())]

    @property
    def groups(self) -> dict[ChartedRun, list[ChartedRun]]:
        """The runs by what they are grouped by, each group named as a run is; empty without."""
        by = self.spec.group_field
        if by is None:
            return {}
        values = self.values.get(by, {})
        named = {run.key: _shown(by, values.get(run.key), run) for run in self.logged}
        known = [named[run.key] for run in self.logged if named[run.key] != NOT_SET]
        order = [*in_order(known), *([NOT_SET] if NOT_SET in named.values() else [])]
        return {
            ChartedRun(
                key=-1 - place,
                run_id=f"group-{place}",
                label=middle_text(value if by.kind == "run" else f"{by.label} = {value}", 60),
                slot=place,
                start_time=0,
            ): [run for run in self.logged if named[run.key] == value]
            for place, value in enumerate(order)
        }

    @property
    def fingerprint(self) -> str:
        """Another one if anything of the chart is another; points only ever come with stats."""
        columns = [field.attname for field in MetricStat._meta.concrete_fields]
        stats = [
            [measure.text, [getattr(each[run.key], column) for column in columns]]
            for measure, each in self.measured.items()
            for run in self.runs
            if run.key in each
        ]
        values = [(by.text, sorted(each.items())) for by, each in self.values.items()]
        content = repr((self.spec, self.runs, stats, values))
        return blake2b(content.encode("utf-8", "replace"), digest_size=16).hexdigest()


def charted_runs(runs: Sequence[Run]) -> list[ChartedRun]:
    """The runs of a comparison, in its order; of equal names each gets a piece of its id."""
    names = [run.name for run in runs]
    return [
        ChartedRun(
            key=run.pk,
            run_id=run.run_id,
            label=_label(run, is_unique=names.count(run.name) == 1),
            slot=slot,
            start_time=run.start_time,
            is_open=run.status in {RunStatus.RUNNING, RunStatus.SCHEDULED},
        )
        for slot, run in enumerate(runs)
    ]


def one_metric(
    spec: ChartSpec, runs: Sequence[ChartedRun], stats: Mapping[int, MetricStat]
) -> ChartData:
    """A chart of one metric whose stats are at hand."""
    return ChartData(spec, runs, {spec.measures[0]: stats})


def read_chart(spec: ChartSpec, runs: Sequence[ChartedRun]) -> ChartData:
    """What is known for ``spec`` without reading a single point."""
    return read_charts([spec], runs)[0]


def read_charts(
    specs: Sequence[ChartSpec],
    runs: Sequence[ChartedRun],
    *,
    known: Mapping[str, Mapping[int, MetricStat]] | None = None,
) -> list[ChartData]:
    """The same for many charts, in as many queries as for one.

    ``known`` are the stats of these runs that are at hand, by metric; others are read.
    """
    starts = {run.key: run.start_time for run in runs}
    measures = {measure for spec in specs for measure in spec.measures}
    stats = _read_stats(measures, starts, known or {})
    found = {}
    for statistic in {spec.statistic for spec in specs}:
        fields = {each for spec in specs if spec.statistic == statistic for each in spec.fields}
        if fields:
            found[statistic] = read_values(fields, starts, statistic=statistic)
    return [
        _dressed(
            ChartData(
                spec,
                runs,
                {measure: stats.get(measure, {}) for measure in spec.measures},
                {each: found[spec.statistic][each] for each in spec.fields},
            )
        )
        for spec in specs
    ]


def _read_stats(
    measures: Iterable[Field],
    starts: Mapping[int, int],
    known: Mapping[str, Mapping[int, MetricStat]],
) -> dict[Field, dict[int, MetricStat]]:
    metrics = [each.name for each in measures if each.kind == "metric"]
    found = {Field("metric", name): dict(known[name]) for name in metrics if name in known}
    ids = metric_key_ids([name for name in metrics if name not in known])
    by_id = {key: Field("metric", name) for name, key in ids.items()}
    if by_id:
        for stat in MetricStat.objects.filter(key__in=by_id, run__in=starts):
            found.setdefault(by_id[stat.key_id], {})[stat.run_id] = stat
    params = [each for each in measures if each.kind == "param"]
    if params:
        for measure, values in read_values(params, starts, statistic=Statistic.LAST).items():
            numbers = {run: numbers_of({run: value}) for run, value in values.items()}
            found[measure] = {
                run: _single(run, number[run]) for run, number in numbers.items() if number
            }
    return found


def _single(run: int, value: float) -> MetricStat:
    """A hyperparameter as a metric that was logged once."""
    return MetricStat(
        run_id=run,
        last=value,
        last_step=0,
        last_timestamp=0,
        first=value,
        first_step=0,
        first_timestamp=0,
        minimum=value,
        minimum_step=0,
        maximum=value,
        maximum_step=0,
        count=1,
        nan_count=0,
    )


def _dressed(data: ChartData) -> ChartData:
    """The same with the labels and colors that its spec asks for."""
    spec, runs = data.spec, data.runs
    if spec.legend:
        runs = [
            replace(run, label=legend_text(spec.legend, run.label, run.key, data.values))
            for run in runs
        ]
    by = spec.color_field
    if by is not None and by.kind != "run":
        values = data.values.get(by, {})
        order = in_order(values.values())
        runs = [
            replace(run, slot=order.index(values[run.key]) if run.key in values else len(order))
            for run in runs
        ]
    return data if runs is data.runs else replace(data, runs=runs)


def _shown(by: Field, value: object, run: ChartedRun) -> str:
    if by.kind == "run":
        return run.label
    return NOT_SET if value is None else value_text(value)


def chosen_type(spec: ChartSpec, stats: Mapping[int, MetricStat]) -> Type:
    """How the values are drawn: as asked, or a line for curves, bars for a few single values."""
    if spec.type:
        return Type(spec.type)
    if spec.x in COURSES or (not spec.x and any(_has_course(stat) for stat in stats.values())):
        return Type.LINE
    if spec.x_field is not None and spec.x_field.kind in {"metric", "start"}:
        return Type.SCATTER
    return Type.BAR if len(stats) <= MAX_BARS else Type.SCATTER


def chosen_x(spec: ChartSpec, stats: Mapping[int, MetricStat]) -> str:
    """What the X-axis is: as asked, or step for lines if there are steps, or the run's name."""
    if spec.x:
        return spec.x
    if chosen_type(spec, stats) != Type.LINE:
        return X.RUN
    has_steps = any(stat.first_step != stat.last_step for stat in stats.values())
    return X.STEP if has_steps or not any(map(_has_course, stats.values())) else X.RELATIVE


def read_plot(data: ChartData) -> Plot:
    """What there is to draw of a line, bar or point chart."""
    is_course = chosen_x(data.spec, data.stats) in COURSES
    return _framed(_course_plot(data) if is_course else _value_plot(data), data.spec)


def _has_course(stat: MetricStat) -> bool:
    first = (stat.first_step, stat.first_timestamp)
    return stat.count > 1 and first != (stat.last_step, stat.last_timestamp)


def _label(run: Run, *, is_unique: bool) -> str:
    name = middle_text(run.name or run.run_id, MAX_LABEL_LENGTH)
    return name if is_unique else f"{name} · {run.run_id[:6]}"


# ---------------------------------------------------------------- The frame around the values


def _framed(plot: Plot, spec: ChartSpec) -> Plot:
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


# ---------------------------------------------------------------- The course of each run


def _course_plot(data: ChartData) -> Plot:
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
    line = replace(_line(run, course), low=low, high=high, **several)
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


# ---------------------------------------------------------------- One value a run


def _value_plot(data: ChartData) -> Plot:
    spec, stats = data.spec, data.stats
    type_ = chosen_type(spec, stats)
    measures = spec.measures
    runs, notes = _placed_runs(data)
    statistic = Statistic(spec.statistic)
    words = "" if statistic == Statistic.LAST else f" ({statistic.label.lower()})"
    y = Axis(f"{', '.join(measure.name for measure in measures)}{words}")
    if data.groups:
        x, lines = _group_values(data, runs, statistic)
    else:
        x, places = _axis(data, runs, type_)
        lines = [
            replace(
                _line(run, [(places[run], value_of(data.measured[measure][run.key], statistic))]),
                **({"measure": measure.name, "dash": place} if len(measures) > 1 else {}),
            )
            for place, measure in enumerate(measures)
            for run in sorted(runs, key=lambda run: places[run])
            if run.key in data.measured[measure]
        ]
    return Plot(type=type_, metric=spec.metric, x=x, y=y, lines=lines, notes=notes)


def _placed_runs(data: ChartData) -> tuple[list[ChartedRun], list[str]]:
    """The runs that have a place on the X-axis, and a sentence about the others."""
    runs, by = data.logged, data.spec.x_field
    if by is None or by.kind == "run":
        return runs, []
    places = data.values[by]
    placed = [run for run in runs if is_placed(places.get(run.key))]
    left_out = len(runs) - len(placed)
    if not left_out:
        return placed, []
    what = "1 run has" if left_out == 1 else f"{left_out} runs have"
    return placed, [f"{what} no {_noun(by)} {by.name}.".replace(" .", ".")]


def is_placed(value: object) -> bool:
    """Whether a value has a place on an axis: any text, and numbers but for NaN and infinities."""
    return value is not None and (isinstance(value, str) or is_finite(value))


def _noun(by: Field) -> str:
    return {"param": "hyperparameter", "start": "start time"}.get(by.kind, by.kind)


def _axis(
    data: ChartData, runs: Sequence[ChartedRun], type_: Type
) -> tuple[Axis, dict[ChartedRun, float]]:
    """The X-axis of a chart with one value a run, and the place of each run on it."""
    by = data.spec.x_field
    if by is None or by.kind == "run":
        labels = [run.label for run in runs]
        return Axis("", "category", labels), {run: place for place, run in enumerate(runs)}
    values = {run: data.values[by][run.key] for run in runs}
    if by.kind == "start" and type_ != Type.BAR:
        return Axis("Start time (UTC)", "date"), {run: float(values[run]) for run in runs}
    if by.kind == "start":
        order = sorted(runs, key=lambda run: (run.start_time, run.slot))
        return (
            Axis("By start time", "category", [run.label for run in order]),
            {run: place for place, run in enumerate(order)},
        )
    texts = {run: value_text(value) for run, value in values.items()}
    return _value_axis(by.name, values, texts, type_)


def _value_axis(
    name: str,
    values: Mapping[ChartedRun, object],
    texts: Mapping[ChartedRun, str],
    type_: Type,
) -> tuple[Axis, dict[ChartedRun, float]]:
    """The axis of a hyperparameter, metric or tag and the place of each run on it.

    Points of numbers stand where the numbers are. Bars stand side by side in the order of the
    values, one a run; points of texts share the place of their text.
    """
    numbers = numbers_of(values)
    if type_ != Type.BAR and numbers is not None:
        return Axis(name), numbers
    order = sorted(values, key=lambda run: (numbers[run] if numbers else texts[run], run.slot))
    if type_ == Type.BAR:
        return (
            Axis(name, "category", [texts[run] for run in order]),
            {run: place for place, run in enumerate(order)},
        )
    different = list(dict.fromkeys(texts[run] for run in order))
    return Axis(name, "category", different), {run: different.index(texts[run]) for run in values}


def _group_values(
    data: ChartData, runs: Sequence[ChartedRun], statistic: Statistic
) -> tuple[Axis, list[Line]]:
    """A bar or point a group: its center, with its band."""
    measures = data.spec.measures
    groups = data.groups
    lines = []
    for place, measure in enumerate(measures):
        several = {"measure": measure.name, "dash": place} if len(measures) > 1 else {}
        stats = data.measured[measure]
        for at, (group, members) in enumerate(groups.items()):
            values = [value_of(stats[run.key], statistic) for run in members if run.key in stats]
            values = [value for value in values if is_finite(value)]
            if not values:
                continue
            middle, low, high = deviations(values, center=data.spec.center, band=data.spec.band)
            line = _line(group, [(at, middle)])
            lines.append(replace(line, low=[low], high=[high], **several))
    by = data.spec.group_field
    return Axis(by.label, "category", [group.label for group in groups]), lines


def _line(run: ChartedRun, places: Sequence[tuple[float, float]]) -> Line:
    """Values without a place on the axis become marks, and leave a gap where they were."""
    marks = []
    x, y = [], []
    for place, value in places:
        x.append(float(place))
        is_drawn = is_finite(value) and abs(value) <= LARGEST_DRAWN
        y.append(value if is_drawn else math.nan)
        if not is_drawn:
            kind = "nan" if math.isnan(value) else "above" if value > 0 else "below"
            marks.append(Mark(float(place), kind, number_text(value)))
    return Line(run, x, y, marks)
