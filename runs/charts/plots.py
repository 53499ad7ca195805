"""What there is to draw for a chart: axes, and of each run its places and values."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from core.formatting import is_finite, middle_text, number_text
from runs.charts import palette
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
from runs.charts.spec import COURSES, SEARCHES, ChartSpec, Type, View, X
from runs.colors import chosen_colors, slots
from runs.keys import metric_key_ids
from runs.models import OPEN_STATUSES, MetricStat, Param, Run
from runs.series import Statistic

# More bars than this cannot be told apart; points can.
MAX_BARS = 30
MAX_LABEL_LENGTH = 40
NOT_SET = "(not set)"


@dataclass(frozen=True)
class ChartedRun:
    """A run as charts name it, or a group of runs: its slot gives its color, unless it has its own.

    It is open while more is to be expected of it.
    """

    key: int
    run_id: str
    label: str
    slot: int
    start_time: int
    is_open: bool = False
    own_color: str = ""

    @property
    def color(self) -> str:
        """The color of all that is drawn of it."""
        return self.own_color or palette.color(self.slot)


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
    # Whether a part of the X-axis has more to show than the whole does.
    is_thinned: bool = False


@dataclass(frozen=True)
class ChartData:
    """What a chart is made of but for the points: these change only if the stats do.

    ``measured`` are the stats of each measure by run; ``values`` what else the axes, colors,
    groups and labels need of the runs. ``view`` is the part of the X-axis that is looked at, if
    that is not all of it.
    """

    spec: ChartSpec
    runs: Sequence[ChartedRun]
    measured: Mapping[Field, Mapping[int, MetricStat]]
    values: Values = field(default_factory=dict)
    view: View | None = None

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
        content = repr((self.spec, self.view, self.runs, stats, values))
        return blake2b(content.encode("utf-8", "replace"), digest_size=16).hexdigest()


def charted_runs(
    runs: Sequence[Run], *, colors: Mapping[int, str] | None = None
) -> list[ChartedRun]:
    """The runs of a comparison, in its order; of equal names each gets a piece of its id.

    ``colors`` are those that people gave them, by the run's key; if not at hand they are read.
    """
    if colors is None:
        colors = chosen_colors([run.pk for run in runs])
    places = slots([run.pk for run in runs], colors)
    names = [run.name for run in runs]
    return [
        ChartedRun(
            key=run.pk,
            run_id=run.run_id,
            label=_label(run, is_unique=names.count(run.name) == 1),
            slot=places[run.pk],
            start_time=run.start_time,
            is_open=run.status in OPEN_STATUSES,
            own_color=colors.get(run.pk, ""),
        )
        for run in runs
    ]


def measure_owners(data: ChartData) -> list[ChartedRun]:
    """The measures of a chart, named and colored as runs are."""
    return [
        ChartedRun(-1 - place, f"measure-{place}", measure.name, place, start_time=0)
        for place, measure in enumerate(data.spec.measures)
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
    params = _all_params(starts) if any(spec.type in SEARCHES for spec in specs) else {}
    return [
        _dressed(
            ChartData(
                spec,
                runs,
                {measure: stats.get(measure, {}) for measure in spec.measures},
                (params if spec.type in SEARCHES else {})
                | {each: found[spec.statistic][each] for each in spec.fields},
            )
        )
        for spec in specs
    ]


def _all_params(starts: Mapping[int, int]) -> dict[Field, dict[int, object]]:
    found: dict[Field, dict[int, object]] = {}
    rows = Param.objects.filter(run__in=starts).order_by("key")
    for run, key, value in rows.values_list("run_id", "key", "value"):
        found.setdefault(Field("param", key), {})[run] = value
    return found


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
        total=value,
        count=1,
        nan_count=0,
    )


def _dressed(data: ChartData) -> ChartData:
    """The same with the labels, colors and dashes that its spec asks for."""
    spec, runs = data.spec, data.runs
    if spec.legend:
        runs = [
            replace(run, label=legend_text(spec.legend, run.label, run.key, data.values))
            for run in runs
        ]
    if places := _places(data, spec.color_field):
        runs = [replace(run, slot=places[run.key], own_color="") for run in runs]
    if places := _places(data, spec.dash_field):
        runs = [replace(run, slot=palette.dashed(run.slot, places[run.key])) for run in runs]
    return data if runs is data.runs else replace(data, runs=runs)


def _places(data: ChartData, by: Field | None) -> dict[int, int]:
    """Where the value of each run stands among those of all; what is not known stands last.

    Empty if runs stand for themselves.
    """
    if by is None or by.kind == "run":
        return {}
    values = data.values.get(by, {})
    order = in_order(values.values())
    return {
        run.key: order.index(values[run.key]) if run.key in values else len(order)
        for run in data.runs
    }


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


def _has_course(stat: MetricStat) -> bool:
    first = (stat.first_step, stat.first_timestamp)
    return stat.count > 1 and first != (stat.last_step, stat.last_timestamp)


def _label(run: Run, *, is_unique: bool) -> str:
    name = middle_text(run.name or run.run_id, MAX_LABEL_LENGTH)
    return name if is_unique else f"{name} · {run.run_id[:6]}"


def line_of(run: ChartedRun, places: Sequence[tuple[float, float]]) -> Line:
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
