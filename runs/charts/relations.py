"""How values depend on one another over runs: the charts of a search through hyperparameters."""

import math
from collections.abc import Hashable, Mapping, Sequence

from core.formatting import is_finite, middle_text, number_text
from experiments.models import Experiment
from runs.charts.fields import Field, as_number, in_order, numbers_of, value_text
from runs.charts.grouping import deviations
from runs.charts.layers import (
    Bars,
    Cells,
    Dimension,
    Dots,
    Grid,
    Layer,
    Parallel,
    Path,
    Picture,
)
from runs.charts.plots import NOT_SET, Axis, ChartData, ChartedRun, measure_owners
from runs.charts.spec import Type
from runs.directions import which_is_better
from runs.series import value_of

MAX_DIMENSIONS = 8
MAX_CELLS = 24
MAX_IMPORTANT = 20
# Of fewer runs a rank correlation says nothing.
MIN_RUNS_FOR_IMPORTANCE = 5

_LABEL = 28


def relation(data: ChartData) -> Picture:
    """The chart of that type."""
    return {
        Type.GROUPED: _grouped_bars,
        Type.PARALLEL: _parallel,
        Type.HEATMAP: _heatmap,
        Type.IMPORTANCE: _importance,
        Type.PARETO: _pareto,
        Type.HISTORY: _history,
        Type.TABLE: _table,
    }[Type(data.spec.type)](data)


def _measured(data: ChartData, measure: Field | None = None) -> dict[ChartedRun, float]:
    """The values of a measure that have a place on an axis, the first if none is named."""
    stats = data.stats if measure is None else data.measured.get(measure, {})
    values = {
        run: value_of(stats[run.key], data.spec.statistic) for run in data.runs if run.key in stats
    }
    return {run: value for run, value in values.items() if as_number(value) is not None}


def _left_out(data: ChartData, runs: Sequence[ChartedRun], lacking: str) -> list[str]:
    """A sentence about the runs that are not drawn, since they lack something."""
    count = len(data.logged) - len(runs)
    if not count:
        return []
    if count == 1:
        return [f"1 run is left out: it lacks {lacking}."]
    return [f"{count} runs are left out: they lack {lacking}."]


# ---------------------------------------------------------------- Grouped bars


def _grouped_bars(data: ChartData) -> Picture:
    """A cluster of bars for each place on the X-axis, a bar for each group or measure."""
    spec = data.spec
    series: dict[ChartedRun, dict[ChartedRun, float]] = {}
    if spec.group_field:
        values = _measured(data)
        for group, members in data.groups.items():
            series[group] = {run: values[run] for run in members if run in values}
    else:
        for owner, measure in zip(measure_owners(data), spec.measures, strict=True):
            series[owner] = _measured(data, measure)
    by = spec.x_field or Field("run")
    places = data.values.get(by, {})

    def text_of(run: ChartedRun) -> str:
        if by.kind == "run":
            return run.label
        return value_text(places[run.key]) if run.key in places else NOT_SET

    runs = [run for run in data.runs if any(run in values for values in series.values())]
    labels = list(dict.fromkeys(map(text_of, runs)))
    labels = labels if by.kind == "run" else in_order(labels)
    width = 0.8 / max(len(series), 1)
    layers: list[Layer] = []
    for place, (owner, values) in enumerate(series.items()):
        x, heights, lows, highs, texts = [], [], [], [], []
        for at, label in enumerate(labels):
            some = [value for run, value in values.items() if text_of(run) == label]
            if not some:
                continue
            middle, low, high = deviations(some, center=spec.center, band=spec.band)
            x.append(at - 0.4 + width * (place + 0.5))
            heights.append(middle)
            lows.append(low)
            highs.append(high)
            texts.append(f"{owner.label}, {label}: {number_text(middle)} ({len(some)} runs)")
        layers.append(Bars(owner, x, width * 0.92, heights, texts, lows, highs))
    title = ", ".join(measure.name for measure in spec.measures)
    x_axis = Axis("" if by.kind == "run" else by.label, "category", labels)
    return Picture(Type.GROUPED, spec.metric, x_axis, Axis(title), layers)


# ---------------------------------------------------------------- Parallel coordinates


def _varying(data: ChartData) -> list[Field]:
    """The hyperparameters that differ between the runs, those that most runs have first."""
    params = {field: values for field, values in data.values.items() if field.kind == "param"}
    different = {field: set(values.values()) for field, values in params.items()}
    return sorted(
        (field for field in params if len(different[field]) > 1),
        key=lambda field: (-len(params[field]), field.name),
    )


def _dimension(field: Field, values: Mapping[int, object], runs: Sequence[ChartedRun]) -> Dimension:
    some = {run.key: values[run.key] for run in runs}
    numbers = numbers_of(some)
    if numbers is not None:
        return Dimension(middle_text(field.name, _LABEL), [numbers[run.key] for run in runs])
    names = in_order(str(value) for value in some.values())
    return Dimension(
        middle_text(field.name, _LABEL),
        [float(names.index(str(some[run.key]))) for run in runs],
        [middle_text(name, 16) for name in names],
    )


def _parallel(data: ChartData) -> Picture:
    measures = [_measured(data, measure) for measure in data.spec.measures]
    varying = _varying(data)
    params = varying[: MAX_DIMENSIONS - len(measures)]
    runs = [
        run
        for run in data.runs
        if all(run in values for values in measures)
        and all(run.key in data.values[field] for field in params)
    ]
    notes = _left_out(data, runs, "one of the values")
    if len(varying) > len(params):
        notes.append(f"{len(params)} of {len(varying)} hyperparameters that differ are shown.")
    dimensions = [_dimension(field, data.values[field], runs) for field in params]
    # The first measure stands last, and colors the lines.
    for measure, values in reversed(list(zip(data.spec.measures, measures, strict=True))):
        dimensions.append(
            Dimension(middle_text(measure.name, _LABEL), [values[run] for run in runs])
        )
    layer = Parallel(dimensions, runs)
    return Picture(Type.PARALLEL, data.spec.metric, Axis(""), Axis(""), [layer], notes)


# ---------------------------------------------------------------- Heatmap


def _heatmap(data: ChartData) -> Picture:
    """The mean of the runs in each cell of two things of theirs."""
    spec = data.spec
    across, up = spec.x_field, spec.group_field
    values = _measured(data)
    runs = [run for run in values if run.key in data.values[across] and run.key in data.values[up]]
    x_of, x_labels = _binned(across, data, runs)
    y_of, y_labels = _binned(up, data, runs)
    cells: dict[tuple[int, int], list[float]] = {}
    for run in runs:
        cells.setdefault((y_of[run], x_of[run]), []).append(values[run])
    rows, texts = [], []
    for i in range(len(y_labels)):
        means = [
            sum(cells[i, j]) / len(cells[i, j]) if (i, j) in cells else math.nan
            for j in range(len(x_labels))
        ]
        rows.append(means)
        texts.append(
            [
                f"{number_text(mean)} ({len(cells[i, j])} runs)" if (i, j) in cells else "no run"
                for j, mean in enumerate(means)
            ]
        )
    return Picture(
        Type.HEATMAP,
        spec.metric,
        Axis(across.label, "category", x_labels),
        Axis(up.label, "category", y_labels),
        [Cells(rows, texts, spec.metric)],
        _left_out(data, runs, f"{across.label} or {up.label}"),
    )


def _binned(
    field: Field, data: ChartData, runs: Sequence[ChartedRun]
) -> tuple[dict[ChartedRun, int], list[str]]:
    """Each run's place along a side of the heatmap, and the names of the places."""
    if field.kind == "run":
        return {run: i for i, run in enumerate(runs)}, [run.label for run in runs]
    values = {run: data.values[field][run.key] for run in runs}
    different = in_order(values.values())
    numbers = numbers_of(values)
    if len(different) <= MAX_CELLS or numbers is None:
        shown = different[:MAX_CELLS]
        # More texts than there is room for share the last place.
        place = {value: min(i, MAX_CELLS - 1) for i, value in enumerate(different)}
        labels = [value_text(value) for value in shown]
        if len(different) > MAX_CELLS:
            labels[-1] = "others"
        return {run: place[value] for run, value in values.items()}, labels
    low, high = min(numbers.values()), max(numbers.values())
    bins = MAX_CELLS // 2
    step = (high - low) / bins
    labels = [
        f"{number_text(low + i * step)} – {number_text(low + (i + 1) * step)}" for i in range(bins)
    ]
    return {
        run: min(int((number - low) / step), bins - 1) for run, number in numbers.items()
    }, labels


# ---------------------------------------------------------------- Importance


def _importance(data: ChartData) -> Picture:
    """How closely the measure follows each hyperparameter, from -1 to 1.

    Of numbers Spearman's rank correlation (Spearman 1904; ``scipy.stats.spearmanr``), whose sign
    is the direction. Of texts the correlation ratio, the square root of the share of the variance
    between their values (Pearson 1905; Fisher 1925), which has none.
    """
    values = _measured(data)
    notes = []
    found: list[tuple[str, float, bool]] = []
    for field in _varying(data):
        some = {run: data.values[field][run.key] for run in values if run.key in data.values[field]}
        if len(some) < MIN_RUNS_FOR_IMPORTANCE:
            continue
        share, has_sign = association(some, {run: values[run] for run in some})
        if is_finite(share):
            found.append((field.name, share, has_sign))
    if not found:
        notes.append(
            f"No hyperparameter differs in at least {MIN_RUNS_FOR_IMPORTANCE} runs: "
            "of fewer its importance cannot be told."
        )
    found.sort(key=lambda each: (-abs(each[1]), each[0]))
    if len(found) > MAX_IMPORTANT:
        notes.append(f"The first {MAX_IMPORTANT} of {len(found)} hyperparameters.")
    found = found[:MAX_IMPORTANT]
    if any(not has_sign for _, _, has_sign in found):
        notes.append("Texts have a strength, and no direction.")
    if found:
        notes.append("What goes together need not be a cause.")
    owners = {
        "up": ChartedRun(-1, "up", "Higher goes with higher", 0, 0),
        "down": ChartedRun(-2, "down", "Higher goes with lower", 1, 0),
        "none": ChartedRun(-3, "none", "Texts", 7, 0),
    }
    layers: list[Layer] = []
    for kind, owner in owners.items():
        bars = [
            (place, name, share)
            for place, (name, share, has_sign) in enumerate(found)
            if kind == ("none" if not has_sign else "up" if share >= 0 else "down")
        ]
        if bars:
            layers.append(
                Bars(
                    owner,
                    [float(place) for place, _, _ in bars],
                    0.7,
                    [share for _, _, share in bars],
                    [f"{name}: {number_text(share)}" for _, name, share in bars],
                )
            )
    names = Axis("", "category", [name for name, _, _ in found])
    y = Axis(f"Follows {middle_text(data.spec.metric, 40)}", low=-1.05, high=1.05)
    return Picture(Type.IMPORTANCE, data.spec.metric, names, y, layers, notes)


def association(
    values: Mapping[Hashable, object], measured: Mapping[Hashable, float]
) -> tuple[float, bool]:
    """How closely ``measured`` follows ``values``, and whether the sign of that means anything.

    Of numbers Spearman's rank correlation, of texts the correlation ratio.
    """
    numbers = numbers_of(values)
    if numbers is not None:
        from scipy import stats

        # Equal values have no ranks to compare: then the correlation is NaN.
        if len(set(measured.values())) < 2 or len(set(numbers.values())) < 2:
            return math.nan, True
        result = stats.spearmanr(list(numbers.values()), [measured[run] for run in numbers])
        return float(result.statistic), True
    # The ratio is the same of all numbers made smaller alike, and their squares have to be numbers.
    _, exponent = math.frexp(max(map(abs, measured.values()), default=0.0))
    groups: dict[object, list[float]] = {}
    for run, value in values.items():
        groups.setdefault(value, []).append(math.ldexp(measured[run], -exponent))
    everything = [value for group in groups.values() for value in group]
    mean = math.fsum(everything) / len(everything)
    total = math.fsum((value - mean) ** 2 for value in everything)
    between = math.fsum(
        len(group) * (math.fsum(group) / len(group) - mean) ** 2 for group in groups.values()
    )
    return (math.sqrt(min(between / total, 1.0)) if total > 0 else math.nan), False


# ---------------------------------------------------------------- Pareto front, history


def _is_higher(data: ChartData, name: str) -> tuple[bool, list[str]]:
    """Whether higher values of a measure are better, and a sentence if that is a guess."""
    keys = [run.key for run in data.runs]
    experiments = Experiment.objects.filter(runs__in=keys).distinct()
    better = which_is_better(name, experiments=list(experiments))
    if better is not None:
        return better.is_higher, []
    return True, [f"Nothing says which values of {name} are better: higher ones, it is taken."]


def front(points: Sequence[tuple[float, float]], *, higher: tuple[bool, bool]) -> list[int]:
    """The places of the points that no other beats in one value and reaches in the other."""
    signs = [1 if is_higher else -1 for is_higher in higher]
    order = sorted(
        range(len(points)),
        key=lambda i: (-signs[0] * points[i][0], -signs[1] * points[i][1]),
    )
    found: list[int] = []
    best = -math.inf
    for i in order:
        value = signs[1] * points[i][1]
        # Of equal points all belong to it.
        if value > best or (found and points[i] == points[found[-1]]):
            found.append(i)
            best = value
    return found


def _pareto(data: ChartData) -> Picture:
    spec = data.spec
    across = spec.x_field if spec.x_field and spec.x_field.kind != "run" else spec.measures[1]
    up = _measured(data)
    along = (
        {run.key: value for run, value in _measured(data, across).items()}
        if across in data.measured
        else data.values.get(across, {})
    )
    places = {run: as_number(along.get(run.key)) for run in up}
    runs = [run for run, place in places.items() if place is not None]
    points = [(places[run], up[run]) for run in runs]
    x_higher, first = _is_higher(data, across.name)
    y_higher, second = _is_higher(data, spec.metric)
    best = front(points, higher=(x_higher, y_higher))
    edge = sorted(points[i] for i in best)
    layers: list[Layer] = [
        Dots(
            run,
            [x],
            [y],
            [f"{run.label}: {number_text(x)}, {number_text(y)}" + (" (front)" * (i in best))],
            is_small=i not in best,
        )
        for i, (run, (x, y)) in enumerate(zip(runs, points, strict=True))
    ]
    if edge:
        layers.append(Path(None, [x for x, _ in edge], [y for _, y in edge], "Pareto front"))
    noun = "1 run is" if len(best) == 1 else f"{len(best)} runs are"
    arrows = [f"{'↑' if up_is else '↓'}" for up_is in (x_higher, y_higher)]
    notes = [
        f"{noun} on the front: no other is better in one of {spec.metric} {arrows[1]} and "
        f"{across.name} {arrows[0]} without being worse in the other.",
        *first,
        *second,
        *_left_out(data, runs, "one of the two"),
    ]
    return Picture(Type.PARETO, spec.metric, Axis(across.label), Axis(spec.metric), layers, notes)


def _history(data: ChartData) -> Picture:
    """Each run's value by its start, and the best that was reached until then."""
    values = sorted(_measured(data).items(), key=lambda pair: (pair[0].start_time, pair[0].slot))
    is_higher, notes = _is_higher(data, data.spec.metric)
    best: list[float] = []
    for _, value in values:
        best.append(value if not best else (max if is_higher else min)(best[-1], value))
    layers: list[Layer] = [
        Dots(run, [place], [value], [f"{run.label}: {number_text(value)}"])
        for place, (run, value) in enumerate(values, start=1)
    ]
    if best:
        layers.insert(
            0,
            Path(
                None,
                [float(i) for i in range(1, len(best) + 1)],
                best,
                "Best so far",
                is_stepped=True,
            ),
        )
    return Picture(
        Type.HISTORY,
        data.spec.metric,
        Axis("Run, by its start"),
        Axis(data.spec.metric),
        layers,
        notes,
    )


# ---------------------------------------------------------------- Table


def _table(data: ChartData) -> Picture:
    fields = [field for field in data.spec.fields if field.kind != "run"]
    head = ["Run", *(field.label for field in fields), *(m.name for m in data.spec.measures)]
    columns = [_measured_or_not(data, measure) for measure in data.spec.measures]
    rows = []
    for run in data.logged:
        row = [run.label]
        for field in fields:
            value = data.values[field].get(run.key)
            row.append("–" if value is None else value_text(value))
        row += [column.get(run.key, "–") for column in columns]
        rows.append(row)
    return Picture(Type.TABLE, data.spec.metric, Axis(""), Axis(""), [Grid(head, rows)])


def _measured_or_not(data: ChartData, measure: Field) -> dict[int, str]:
    stats = data.measured[measure]
    return {key: number_text(value_of(stat, data.spec.statistic)) for key, stat in stats.items()}
