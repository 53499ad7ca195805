"""What a chart shows, as it stands in an address: ``metric=val_acc&type=bar&x=param:lr``."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.utils.datastructures import MultiValueDict

from core.errors import Invalid
from core.names import MAX_KEY_LENGTH
from runs.charts.fields import PREFIXES, Field, legend_fields
from runs.series import Statistic

MAX_TITLE_LENGTH = 200
MAX_LEGEND_LENGTH = 200
# Metrics of one chart, the first counted.
MAX_MEASURES = 8
PARAM_PREFIX = "param:"


class Type(TextChoices):
    """How values are drawn."""

    LINE = "line", "Line"
    BAR = "bar", "Bar"
    GROUPED = "grouped", "Grouped bars"
    SCATTER = "scatter", "Points"
    BOX = "box", "Strip and box"
    VIOLIN = "violin", "Violin"
    HISTOGRAM = "histogram", "Histogram"
    ECDF = "ecdf", "Cumulative shares"
    PARALLEL = "parallel", "Parallel coordinates"
    HEATMAP = "heatmap", "Heatmap"
    IMPORTANCE = "importance", "Hyperparameter importance"
    PARETO = "pareto", "Pareto front"
    HISTORY = "history", "History of the search"
    TABLE = "table", "Table"


class X(TextChoices):
    """What an X-axis may be, beside a hyperparameter, a metric or a tag."""

    RUN = "run", "Run name"
    START = "start", "Start time"
    STEP = "step", "Step"
    RELATIVE = "relative", "Time since the run's start"
    TIME = "time", "Time"


class Center(TextChoices):
    """What stands for the runs of a group."""

    MEAN = "mean", "Mean"
    MEDIAN = "median", "Median"


class Band(TextChoices):
    """What is drawn around the center of a group."""

    RANGE = "range", "Lowest to highest"
    DEVIATION = "sd", "± standard deviation"
    CONFIDENCE = "ci", "95 % confidence interval"


class Outliers(TextChoices):
    """How far the Y-axis reaches."""

    FIT = "fit", "Fit the axis to 5–95 %"


class AxisScale(TextChoices):
    """How numbers become places."""

    LOG = "log", "Logarithmic"


class Smoothing(TextChoices):
    """How a line is smoothed; each has an amount."""

    EMA = "ema", "Exponential moving average"
    MEAN = "mean", "Moving mean"
    GAUSS = "gauss", "Gaussian"


# What shows how values spread over runs, and how they depend on one another.
DISTRIBUTIONS = frozenset({Type.BOX, Type.VIOLIN, Type.HISTOGRAM, Type.ECDF})
RELATIONS = frozenset(
    {
        Type.GROUPED,
        Type.PARALLEL,
        Type.HEATMAP,
        Type.IMPORTANCE,
        Type.PARETO,
        Type.HISTORY,
        Type.TABLE,
    }
)
# These need all hyperparameters of their runs.
SEARCHES = frozenset({Type.PARALLEL, Type.IMPORTANCE})

# Along these every point is drawn; along the others one value a run.
COURSES = (X.STEP, X.RELATIVE, X.TIME)

# Of each kind of smoothing, the least and the greatest amount, and what it is.
AMOUNTS = {
    Smoothing.EMA: (0.0, 0.999, "a weight"),
    Smoothing.MEAN: (2, 500, "a number of points"),
    Smoothing.GAUSS: (0.5, 100, "a number of points"),
}
_NUMBER_LIMIT = 1e300


class BadChart(Invalid):
    """What a chart is to show makes no sense."""


class View(NamedTuple):
    """The part of the X-axis that a reader has zoomed into, in the axis' own units."""

    left: float
    right: float

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "View | None":
        """What ``left`` and ``right`` say; None without them. Raises ``BadChart``."""
        ends = [query.get(name, "").strip() for name in cls._fields]
        if not all(ends):
            return None
        for name, text in zip(cls._fields, ends, strict=True):
            _check_number(name, text)
        left, right = map(float, ends)
        if left >= right:
            raise BadChart("left must be below right.")
        return cls(left, right)


@dataclass(frozen=True)
class ChartSpec:
    """One chart. What is empty is chosen by what the runs logged, or left out.

    ``of`` says what ``metric`` names: a metric, or with "param" a hyperparameter. ``more`` are
    further measures of the same chart, metrics or ``param:<name>``. ``group``, ``color`` and
    ``dash`` are fields (``runs.charts.fields``); numbers are kept as they were typed.
    """

    metric: str
    of: str = ""
    more: Sequence[str] = ()
    type: str = ""
    x: str = ""
    statistic: str = Statistic.LAST
    title: str = ""
    group: str = ""
    center: str = Center.MEAN
    band: str = ""
    color: str = ""
    dash: str = ""
    xscale: str = ""
    yscale: str = ""
    xmin: str = ""
    xmax: str = ""
    ymin: str = ""
    ymax: str = ""
    smooth: str = ""
    outliers: str = ""
    rule: str = ""
    legend: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "ChartSpec":
        """The chart that ``query`` asks for. Raises ``BadChart``."""
        spec = cls.sent(query)
        spec.check()
        return spec

    @classmethod
    def sent(cls, query: Mapping[str, str], metric: str = "") -> "ChartSpec":
        """What ``query`` says, whether or not there is such a chart."""
        values = {
            field.name: query.get(field.name, "").strip()
            for field in fields(cls)
            if field.name != "more"
        }
        # A form names the X-axis apart from that of the whole page, the first measure with its
        # kind, and the smoothing apart from its amount.
        values["x"] = query.get("axis", values["x"]).strip()
        measure = Field.read(query.get("measure", ""))
        if measure is not None:
            values["metric"] = measure.name
            values["of"] = measure.kind if measure.kind == "param" else ""
        if values["smooth"] in AMOUNTS:
            values["smooth"] += f":{query.get('amount', '').strip()}"
        values["metric"] = values["metric"] or metric
        values["statistic"] = values["statistic"] or Statistic.LAST
        values["center"] = values["center"] or Center.MEAN
        more = query.getlist("y") if isinstance(query, MultiValueDict) else []
        others = dict.fromkeys(filter(None, map(str.strip, more)))
        first = f"{PARAM_PREFIX}{values['metric']}" if values["of"] else values["metric"]
        return cls(**values, more=tuple(each for each in others if each != first))

    def check(self) -> None:
        """Raises ``BadChart`` unless there is such a chart."""
        if not self.metric:
            raise BadChart("A chart needs a metric: metric=<its name>.")
        _check_text("metric", self.metric, MAX_KEY_LENGTH)
        _check_choice("of", self.of, ["", "param"])
        if len(self.more) + 1 > MAX_MEASURES:
            raise BadChart(f"A chart has at most {MAX_MEASURES} metrics; these are more.")
        for name in self.more:
            _check_text("y", name.removeprefix(PARAM_PREFIX), MAX_KEY_LENGTH)
        _check_text("title", self.title, MAX_TITLE_LENGTH)
        _check_text("legend", self.legend, MAX_LEGEND_LENGTH)
        _check_choice("type", self.type, ["", *Type.values])
        _check_choice("statistic", self.statistic, Statistic.values)
        _check_choice("center", self.center, Center.values)
        _check_choice("band", self.band, ["", *Band.values])
        _check_choice("xscale", self.xscale, ["", *AxisScale.values])
        _check_choice("yscale", self.yscale, ["", *AxisScale.values])
        _check_choice("outliers", self.outliers, ["", *Outliers.values])
        for name in ("xmin", "xmax", "ymin", "ymax", "rule"):
            _check_number(name, getattr(self, name))
        for axis in ("x", "y"):
            low, high = self.number(f"{axis}min"), self.number(f"{axis}max")
            if low is not None and high is not None and low >= high:
                raise BadChart(f"{axis}min must be below {axis}max.")
        _check_field("x", self.x, X.values)
        _check_field("group", self.group, [X.RUN])
        _check_field("color", self.color, [X.RUN, X.START])
        _check_field("dash", self.dash, [X.RUN])
        _check_smoothing(self.smooth)
        if self.type == Type.LINE and self.x and self.x not in COURSES:
            raise BadChart(
                "A line follows the course of a run: its X-axis is step, relative or time. "
                "For one value a run choose bar or scatter."
            )
        if self.type not in {"", Type.LINE, Type.SCATTER} and self.x in COURSES:
            raise BadChart(
                f"{Type(self.type).label} shows one value a run: its X-axis is run, start, "
                "a hyperparameter, a metric or a tag. For the course of a run choose line."
            )

        if self.type == Type.HEATMAP and not (self.x_field and self.group_field):
            raise BadChart(
                "A heatmap needs two things to lay runs out by: an X-axis, and what to group by."
            )
        has_second = len(self.measures) > 1 or (self.x_field and self.x_field.kind != "run")
        if self.type == Type.PARETO and not has_second:
            raise BadChart(
                "A Pareto front needs two metrics: choose the second one as X-axis, or as one "
                "more on the Y-axis."
            )

    @property
    def param(self) -> str:
        """The hyperparameter along the X-axis; empty if something else is."""
        field = self.x_field
        return field.name if field and field.kind == "param" else ""

    @property
    def x_field(self) -> Field | None:
        """What of a run is along the X-axis, where that is one value a run."""
        return Field.read(self.x)

    @property
    def group_field(self) -> Field | None:
        return Field.read(self.group)

    @property
    def color_field(self) -> Field | None:
        return Field.read(self.color)

    @property
    def dash_field(self) -> Field | None:
        return Field.read(self.dash)

    @property
    def fields(self) -> list[Field]:
        """Everything that has to be read of the runs, beside the measures."""
        named = [self.x_field, self.group_field, self.color_field, self.dash_field]
        asked = [*named, *legend_fields(self.legend)]
        return list(dict.fromkeys(field for field in asked if field))

    @property
    def measures(self) -> list[Field]:
        """What is along the Y-axis: metrics and hyperparameters, each once."""
        first = Field("param" if self.of == "param" else "metric", self.metric)
        others = [
            Field("param", name.removeprefix(PARAM_PREFIX))
            if name.startswith(PARAM_PREFIX)
            else Field("metric", name)
            for name in self.more
        ]
        return list(dict.fromkeys([first, *others]))

    @property
    def smoothing(self) -> tuple[Smoothing, float] | None:
        """How lines are smoothed, and how much."""
        kind, _, amount = self.smooth.partition(":")
        return (Smoothing(kind), float(amount)) if amount else None

    def number(self, name: str) -> float | None:
        """What was typed as that bound; None if nothing was."""
        text = getattr(self, name)
        return float(text) if text else None

    @property
    def query(self) -> str:
        """The chart as it stands in an address, without what is left to choose."""
        pairs = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "more":
                pairs += [("y", each) for each in value]
            elif field.name == "metric" or value != field.default:
                pairs.append((field.name, value))
        return urlencode(pairs)


def _check_text(name: str, value: str, length: int) -> None:
    if len(value) > length:
        raise BadChart(f"{name} has {len(value)} characters; {length} is the limit.")
    # Databases and drawings refuse it, and no name has one.
    if "\0" in value:
        raise BadChart(f"{name} holds a NUL character.")


def _check_choice(name: str, value: str, choices: Sequence[str], more: str = "") -> None:
    if value not in choices:
        raise BadChart(not_one_of(name, value, [*choices, more]))


def not_one_of(name: str, value: str, choices: Sequence[str]) -> str:
    """What is said of a value that is none of the choices, in an address as in a form."""
    return f"{name} is one of: {', '.join(filter(None, choices))}; not {value[:50]!r}."


def _check_field(name: str, value: str, choices: Sequence[str]) -> None:
    if not value or value in choices:
        return
    prefix, colon, key = value.partition(":")
    if prefix in PREFIXES and colon and key:
        _check_text(name, key, MAX_KEY_LENGTH)
        return
    more = ", ".join(f"{prefix}:<{word}>" for prefix, word in PREFIXES.items())
    _check_choice(name, value, choices, more)


def _check_number(name: str, text: str) -> None:
    if not text:
        return
    try:
        number = float(text) if len(text) <= 40 else math.nan
    except ValueError:
        number = math.nan
    if not abs(number) <= _NUMBER_LIMIT:
        raise BadChart(f"{name} is not a number: {text[:50]!r}.")


def _check_smoothing(text: str) -> None:
    if not text:
        return
    kind, _, amount = text.partition(":")
    _check_choice("smooth", kind, Smoothing.values)
    low, high, what = AMOUNTS[Smoothing(kind)]
    # A plain number: "1e3" and "nan" are none here.
    if not re.fullmatch(r"\d{1,3}(\.\d{1,6})?", amount) or not low <= float(amount) <= high:
        raise BadChart(f"smooth={kind} takes {what} from {low:g} to {high:g}: {kind}:<number>.")
