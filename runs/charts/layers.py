"""What charts beyond lines, bars and points are drawn from: a few shapes, each with its owner.

A figure and a drawing turn the same layers into Plotly's traces and into SVG. An owner is the
run or group whose button in the legend hides the layer; None stands for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from runs.charts.plots import Axis, ChartedRun
from runs.charts.spec import Type


@dataclass(frozen=True)
class Dots:
    """Points; ``texts`` say what each is."""

    owner: ChartedRun
    x: Sequence[float]
    y: Sequence[float]
    texts: Sequence[str]
    is_small: bool = False


@dataclass(frozen=True)
class Path:
    """A line through its points, in steps or straight."""

    owner: ChartedRun | None
    x: Sequence[float]
    y: Sequence[float]
    label: str
    is_stepped: bool = False


@dataclass(frozen=True)
class Area:
    """A filled outline."""

    owner: ChartedRun
    x: Sequence[float]
    y: Sequence[float]
    label: str


@dataclass(frozen=True)
class Bars:
    """Rectangles from 0 to ``heights``; ``lows`` and ``highs`` are the ends of whiskers, or NaN."""

    owner: ChartedRun
    x: Sequence[float]
    width: float
    heights: Sequence[float]
    texts: Sequence[str]
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()
    is_faint: bool = False


@dataclass(frozen=True)
class Box:
    """Quartiles and whiskers of the values at one place."""

    owner: ChartedRun
    place: float
    low: float
    first: float
    median: float
    third: float
    high: float
    mean: float


@dataclass(frozen=True)
class Cells:
    """A matrix of numbers, row by row from the bottom; NaN is a cell without a run."""

    rows: Sequence[Sequence[float]]
    texts: Sequence[Sequence[str]]
    title: str


@dataclass(frozen=True)
class Dimension:
    """One upright axis: each run's number, and the names of the numbers if it is of texts."""

    label: str
    numbers: Sequence[float]
    names: Sequence[str] = ()


@dataclass(frozen=True)
class Parallel:
    """A line a run across upright axes, colored by the last of them."""

    dimensions: Sequence[Dimension]
    owners: Sequence[ChartedRun]


@dataclass(frozen=True)
class Grid:
    """A table."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


Layer = Dots | Path | Area | Bars | Box | Cells | Parallel | Grid


@dataclass(frozen=True)
class Picture:
    """All that a figure and a drawing of such a chart show."""

    type: Type
    metric: str
    x: Axis
    y: Axis
    layers: Sequence[Layer]
    notes: Sequence[str] = ()
    rule: float | None = None

    @property
    def has_axes(self) -> bool:
        return not any(isinstance(layer, Parallel | Grid) for layer in self.layers)
