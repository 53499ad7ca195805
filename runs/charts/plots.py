"""What there is to draw for a chart: axes, and of each run its places and values."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from core.formatting import is_finite, middle_text, number_text
from runs.charts.spec import COURSES, ChartSpec, Type, X
from runs.keys import metric_key_ids
from runs.models import MetricStat, Param, Run, RunStatus
from runs.series import Point, Statistic, points_a_line, read_series, value_of

# More bars than this cannot be told apart; points can.
MAX_BARS = 30
MAX_LABEL_LENGTH = 40

# Beyond this size the distance of two numbers is no number any more.
LARGEST_DRAWN = 1e300

_UNITS = ((4 * 86_400_000, 86_400_000, "d"), (7_200_000, 3_600_000, "h"), (300_000, 60_000, "min"))


@dataclass(frozen=True)
class ChartedRun:
    """A run as charts name it: its place in the comparison gives its color.

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
    """``kind`` is "number", "date" (in milliseconds) or "category" (``labels`` name 0, 1, 2 …)."""

    title: str
    kind: str = "number"
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class Mark:
    """A value that has no place on the Y-axis; ``kind`` is "nan", "above" or "below" the plot."""

    x: float
    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """What is drawn of one run: places and values, where NaN breaks the line."""

    run: ChartedRun
    x: Sequence[float]
    y: Sequence[float]
    marks: Sequence[Mark]

    @property
    def numbers(self) -> int:
        """How many of the values have a place on the Y-axis."""
        return sum(map(math.isfinite, self.y))


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


@dataclass(frozen=True)
class ChartData:
    """What a chart is made of but for the points: these change only if ``stats`` do.

    ``stats`` are those of the runs that logged the metric, ``texts`` the values of the
    hyperparameter on the X-axis, both by the run's key.
    """

    spec: ChartSpec
    runs: Sequence[ChartedRun]
    stats: Mapping[int, MetricStat]
    texts: Mapping[int, str]

    @property
    def logged(self) -> list[ChartedRun]:
        """The runs that logged the metric."""
        return [run for run in self.runs if run.key in self.stats]

    @property
    def fingerprint(self) -> str:
        """Another one if anything of the chart is another; points only ever come with stats."""
        columns = [field.attname for field in MetricStat._meta.concrete_fields]
        stats = [
            [getattr(self.stats[run.key], column) for column in columns] for run in self.logged
        ]
        content = repr((self.spec, self.runs, stats, sorted(self.texts.items())))
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


def read_chart(spec: ChartSpec, runs: Sequence[ChartedRun]) -> ChartData:
    """What is known for ``spec`` without reading a single point."""
    keys = [run.key for run in runs]
    key = metric_key_ids([spec.metric]).get(spec.metric)
    stats = MetricStat.objects.filter(key=key, run__in=keys) if key is not None else ()
    texts = {}
    if spec.param:
        params = Param.objects.filter(run__in=keys, key=spec.param)
        texts = dict(params.values_list("run_id", "value"))
    return ChartData(spec, runs, {stat.run_id: stat for stat in stats}, texts)


def chosen_type(spec: ChartSpec, stats: Mapping[int, MetricStat]) -> Type:
    """How the values are drawn: as asked, or a line for curves, bars for a few single values."""
    if spec.type:
        return Type(spec.type)
    if spec.x in COURSES or (not spec.x and any(_has_course(stat) for stat in stats.values())):
        return Type.LINE
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
    """What there is to draw."""
    if chosen_x(data.spec, data.stats) in COURSES:
        return _course_plot(data)
    return _value_plot(data)


def _has_course(stat: MetricStat) -> bool:
    first = (stat.first_step, stat.first_timestamp)
    return stat.count > 1 and first != (stat.last_step, stat.last_timestamp)


def _label(run: Run, *, is_unique: bool) -> str:
    name = middle_text(run.name or run.run_id, MAX_LABEL_LENGTH)
    return name if is_unique else f"{name} · {run.run_id[:6]}"


# ---------------------------------------------------------------- The course of each run


def _course_plot(data: ChartData) -> Plot:
    spec, runs, stats = data.spec, data.logged, data.stats
    x = chosen_x(spec, stats)
    series = read_series([stats[run.key] for run in runs], limit=points_a_line(len(runs)))
    courses = {run: _along(x, series[run.key].points, run) for run in runs}
    unit, word = _unit(courses.values()) if x == X.RELATIVE else (1, "")
    axes = {
        X.STEP: Axis("Step"),
        X.RELATIVE: Axis(f"Time since the run's start ({word})"),
        X.TIME: Axis("Time (UTC)", "date"),
    }
    notes = []
    if x == X.RELATIVE and not spec.x:
        notes.append("All points have the same step, so they are drawn along time.")
    longest = max((series[run.key].total for run in runs), default=0)
    if not all(series[run.key].is_whole for run in runs):
        shown = max(len(series[run.key].points) for run in runs)
        notes.append(
            f"Drawn from {shown:,} points a line of up to {longest:,}, all peaks among them."
        )
    return Plot(
        type=chosen_type(spec, stats),
        metric=spec.metric,
        x=axes[X(x)],
        y=Axis(spec.metric),
        lines=[
            _line(run, [(place / unit, value) for place, value in courses[run]]) for run in runs
        ],
        notes=notes,
    )


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
    spec, runs, stats, texts = data.spec, data.logged, data.stats, data.texts
    type_ = chosen_type(spec, stats)
    notes = []
    if spec.param:
        left_out = sum(run.key not in texts for run in runs)
        if left_out:
            what = "1 run has" if left_out == 1 else f"{left_out} runs have"
            notes.append(f"{what} no hyperparameter {spec.param}.")
        runs = [run for run in runs if run.key in texts]
        x, places = _param_axis(spec.param, {run: texts[run.key] for run in runs}, type_)
    else:
        x = Axis("", "category", [run.label for run in runs])
        places = {run: place for place, run in enumerate(runs)}
    statistic = Statistic(spec.statistic)
    words = "" if statistic == Statistic.LAST else f" ({statistic.label.lower()})"
    return Plot(
        type=type_,
        metric=spec.metric,
        x=x,
        y=Axis(f"{spec.metric}{words}"),
        lines=[
            _line(run, [(places[run], value_of(stats[run.key], statistic))])
            for run in sorted(runs, key=lambda run: places[run])
        ],
        notes=notes,
    )


def _param_axis(
    name: str, values: Mapping[ChartedRun, str], type_: Type
) -> tuple[Axis, dict[ChartedRun, float]]:
    """The axis of a hyperparameter and the place of each run on it.

    Points of numbers stand where the numbers are. Bars stand side by side in the order of the
    values, one a run; points of texts share the place of their text.
    """
    numbers = {run: _number(value) for run, value in values.items()}
    are_numbers = all(number is not None for number in numbers.values())
    if type_ != Type.BAR and are_numbers:
        return Axis(name), numbers
    order = sorted(values, key=lambda run: (numbers[run] if are_numbers else values[run], run.slot))
    if type_ == Type.BAR:
        return (
            Axis(name, "category", [values[run] for run in order]),
            {run: place for place, run in enumerate(order)},
        )
    texts = list(dict.fromkeys(values[run] for run in order))
    return Axis(name, "category", texts), {run: texts.index(values[run]) for run in values}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if is_finite(number) and abs(number) <= LARGEST_DRAWN else None


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
