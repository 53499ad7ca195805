"""One value a run, or a group of runs: bars, and points along anything of the runs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.formatting import is_finite
from runs.charts.fields import Field, numbers_of, value_text
from runs.charts.grouping import deviations
from runs.charts.plots import Axis, ChartData, ChartedRun, Line, Plot, chosen_type, line_of
from runs.charts.spec import Type
from runs.series import Statistic, value_of


def value_plot(data: ChartData) -> Plot:
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
                line_of(run, [(places[run], value_of(data.measured[measure][run.key], statistic))]),
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
            line = line_of(group, [(at, middle)])
            lines.append(replace(line, low=[low], high=[high], **several))
    by = data.spec.group_field
    names = [group.label.removeprefix(f"{by.label} = ") for group in groups]
    return Axis(by.label, "category", names), lines
