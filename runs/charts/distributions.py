"""How values spread over runs: strips and boxes, violins, histograms and cumulative shares."""

import math
from collections.abc import Mapping, Sequence

import numpy

from core.formatting import number_text
from runs.charts.fields import as_number
from runs.charts.layers import Area, Bars, Box, Dots, Layer, Path, Picture
from runs.charts.plots import Axis, ChartData, ChartedRun
from runs.charts.spec import Type
from runs.series import value_of

MAX_BINS = 60
# How far a strip and a violin reach to either side of their place.
_STRIP, _VIOLIN = 0.18, 0.4
_OUTLINE = 64

Groups = Mapping[ChartedRun, Sequence[tuple[ChartedRun, float]]]


def distribution(data: ChartData) -> Picture:
    """The spread of the first measure, of all runs or of each group."""
    spec = data.spec
    groups, notes = _grouped(data)
    measured = Axis(spec.metric)
    names = Axis(
        spec.group_field.label if spec.group_field else "",
        "category",
        [_name(group, data) for group in groups],
    )
    match spec.type:
        case Type.BOX:
            return Picture(Type.BOX, spec.metric, names, measured, _boxes(groups), notes)
        case Type.VIOLIN:
            layers, more = _violins(groups)
            return Picture(Type.VIOLIN, spec.metric, names, measured, layers, [*notes, *more])
        case Type.HISTOGRAM:
            return Picture(
                Type.HISTOGRAM, spec.metric, measured, Axis("Runs"), _histogram(groups), notes
            )
        case _:
            share = Axis("Share of runs at most so high", low=0, high=1.02)
            return Picture(Type.ECDF, spec.metric, measured, share, _shares(groups), notes)


def _grouped(data: ChartData) -> tuple[Groups, list[str]]:
    """The finite values of each group, and a sentence about the others."""
    stats = data.stats
    everyone = ChartedRun(key=-1, run_id="all", label="All runs", slot=0, start_time=0)
    groups = data.groups or {everyone: [run for run in data.logged if run.key in stats]}
    found, left_out = {}, 0
    for group, members in groups.items():
        values = [
            (run, value_of(stats[run.key], data.spec.statistic))
            for run in members
            if run.key in stats
        ]
        finite = [(run, value) for run, value in values if as_number(value) is not None]
        left_out += len(values) - len(finite)
        if finite:
            found[group] = finite
    notes = []
    if left_out:
        runs = "1 run has" if left_out == 1 else f"{left_out} runs have"
        notes.append(f"{runs} NaN, an infinite or a far too large value, which has no place here.")
    return found, notes


def _name(group: ChartedRun, data: ChartData) -> str:
    by = data.spec.group_field
    return group.label.removeprefix(f"{by.label} = ") if by else group.label


def _boxes(groups: Groups) -> list[Layer]:
    """Quartiles by linear interpolation; whiskers to the farthest values within 1.5 times their
    distance (Tukey, Exploratory Data Analysis, 1977). Every run is a point beside them.
    """
    layers: list[Layer] = []
    for place, (group, pairs) in enumerate(groups.items()):
        values = numpy.asarray([value for _, value in pairs], dtype=float)
        first, median, third = (float(each) for each in numpy.percentile(values, [25, 50, 75]))
        reach = 1.5 * (third - first)
        inside = values[(values >= first - reach) & (values <= third + reach)]
        if len(values) > 1:
            layers.append(
                Box(
                    group,
                    place,
                    low=float(inside.min()),
                    first=first,
                    median=median,
                    third=third,
                    high=float(inside.max()),
                    mean=float(values.mean()),
                )
            )
        layers.append(_strip(group, place, pairs))
    return layers


def _strip(group: ChartedRun, place: float, pairs: Sequence[tuple[ChartedRun, float]]) -> Dots:
    """The points of a group beside one another, always in the same way."""
    count = len(pairs)
    # Steps by the golden section fall evenly, and neighbors fall far from one another.
    offsets = [((i * 0.618034) % 1 - 0.5) * 2 * _STRIP if count > 1 else 0 for i in range(count)]
    return Dots(
        group,
        [place + offset for offset in offsets],
        [value for _, value in pairs],
        [f"{run.label}: {number_text(value)}" for run, value in pairs],
        is_small=True,
    )


def _violins(groups: Groups) -> tuple[list[Layer], list[str]]:
    """Outlines by a Gaussian kernel of Scott's width (Scott 1992; ``scipy.stats.gaussian_kde``)."""
    from scipy import stats

    layers: list[Layer] = []
    notes = []
    for place, (group, pairs) in enumerate(groups.items()):
        values = numpy.asarray([value for _, value in pairs], dtype=float)
        spread = float(values.std())
        if len(values) > 2 and math.isfinite(spread) and spread > 0:
            density = stats.gaussian_kde(values)
            reach = 2 * density.factor * float(values.std(ddof=1))
            heights = numpy.linspace(values.min() - reach, values.max() + reach, _OUTLINE)
            widths = density(heights)
            widths = _VIOLIN * widths / widths.max()
            x = [*(place + widths).tolist(), *(place - widths).tolist()[::-1]]
            y = [*heights.tolist(), *heights.tolist()[::-1]]
            layers.append(Area(group, x, y, f"{group.label}: {len(values)} runs"))
        else:
            notes.append(f"{group.label} has too few different values for an outline.")
        layers.append(_strip(group, place, pairs))
    return layers, notes


def bin_edges(values: Sequence[float]) -> list[float]:
    """The edges of bins of equal width: as many as the rule of Freedman and Diaconis (1981) or
    that of Sturges (1926) asks for, whichever are more, and at most ``MAX_BINS``.
    """
    low, high = min(values), max(values)
    if not high > low:
        room = max(abs(low) / 10, 0.5)
        return [low - room, low + room]
    first, third = (float(each) for each in numpy.percentile(values, [25, 75]))
    width = 2 * (third - first) / len(values) ** (1 / 3)
    count = max(math.ceil(math.log2(len(values))) + 1, 1)
    if width > 0:
        count = max(count, math.ceil(min((high - low) / width, MAX_BINS)))
    return numpy.linspace(low, high, min(count, MAX_BINS) + 1).tolist()


def _histogram(groups: Groups) -> list[Layer]:
    """Counts in bins that are the same for all groups."""
    everything = [value for pairs in groups.values() for _, value in pairs]
    if not everything:
        return []
    edges = bin_edges(everything)
    width = float(edges[1] - edges[0])
    layers: list[Layer] = []
    for group, pairs in groups.items():
        counts, _ = numpy.histogram([value for _, value in pairs], bins=edges)
        layers.append(
            Bars(
                group,
                [float(edge) + width / 2 for edge in edges[:-1]],
                width * 0.96,
                [float(count) for count in counts],
                [
                    f"{number_text(float(low))} to {number_text(float(high))}: {count} runs"
                    for low, high, count in zip(edges, edges[1:], counts, strict=False)
                ],
                is_faint=len(groups) > 1,
            )
        )
    return layers


def _shares(groups: Groups) -> list[Layer]:
    layers: list[Layer] = []
    for group, pairs in groups.items():
        values = sorted(value for _, value in pairs)
        shares = [(place + 1) / len(values) for place in range(len(values))]
        layers.append(
            Path(group, [values[0], *values], [0.0, *shares], group.label, is_stepped=True)
        )
    return layers
