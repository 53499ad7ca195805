"""The metrics of compared runs: one value of each, and how far from the baseline's it is."""

import math
from collections.abc import Mapping, Sequence

from django.db.models import OuterRef, QuerySet, Subquery

from core.formatting import is_finite, number_text
from runs.comparing.address import Delta, PageAddress, Shade, Value
from runs.comparing.subject import SYSTEM_PREFIX, Subject
from runs.comparing.tables import Cell, Row, Section, section
from runs.directions import Better
from runs.keys import metric_key_ids, metric_key_names
from runs.models import Metric, MetricStat

# Shades of a cell, from the worse end of its row to the better one.
_SHADES = 5

_COLUMNS = {
    Value.LAST: ["last"],
    Value.FIRST: ["first"],
    Value.MINIMUM: ["minimum"],
    Value.MAXIMUM: ["maximum"],
    Value.MEAN: ["total", "count", "nan_count"],
}


def metric_section(subject: Subject, address: PageAddress) -> Section:
    """Every metric that one of the runs logged, those of the machine last."""
    values = read_values(subject, address.value)
    names = sorted(values, key=lambda name: (name.startswith(SYSTEM_PREFIX), name.lower(), name))
    rows = [
        metric_row(subject, name, values[name], address.delta, shade=address.shade)
        for name in names
    ]
    return section(
        "metrics", "Metrics", "metric", rows, address=address, is_alone=len(subject.runs) < 2
    )


def read_values(
    subject: Subject, value: Value, names: Sequence[str] | None = None
) -> dict[str, dict[int, float]]:
    """That value of each metric, by its name and then by the run's key.

    Where nobody knows which values of the main metric are better, none was reached at its best
    step: then it is the last one.
    """
    stats = MetricStat.objects.filter(run__in=subject.keys)
    if names is not None:
        stats = stats.filter(key__in=metric_key_ids(names).values())
    if value == Value.AT_BEST and has_best_step(subject):
        rows = _at_best_step(subject, stats)
    else:
        columns = _COLUMNS.get(value, _COLUMNS[Value.LAST])
        rows = list(stats.values_list("run_id", "key_id", *columns))
    known = metric_key_names(row[1] for row in rows)
    found: dict[str, dict[int, float]] = {}
    for run, key, *numbers in rows:
        found.setdefault(known[key], {})[run] = _value(numbers)
    return found


def _at_best_step(
    subject: Subject, stats: QuerySet[MetricStat]
) -> list[tuple[int, int, float | None]]:
    """What each metric was when the main one was best in that run: then, or last before then.

    Each is one look into the points' primary key, which is ordered by step.
    """
    name = subject.main_metric
    step = "maximum_step" if subject.better(name).is_higher else "minimum_step"
    main = MetricStat.objects.filter(
        run=OuterRef("run"), key__in=metric_key_ids([name]).values()
    ).values(step)
    until = Metric.objects.filter(
        run=OuterRef("run"), key=OuterRef("key"), step__lte=OuterRef("best_step")
    ).order_by("-step", "-timestamp", "-value", "-is_nan")
    rows = stats.annotate(
        best_step=Subquery(main[:1]),
        at_best=Subquery(until.values("value")[:1]),
        was_nan=Subquery(until.values("is_nan")[:1]),
    ).values_list("run_id", "key_id", "at_best", "was_nan")
    return [
        (run, key, None if was_nan else value)
        for run, key, value, was_nan in rows
        if was_nan is not None
    ]


def _value(numbers: Sequence[float | None]) -> float:
    if len(numbers) == 1:
        return math.nan if numbers[0] is None else numbers[0]
    total, count, nan_count = numbers
    return math.nan if total is None or count == nan_count else total / (count - nan_count)


def metric_row(
    subject: Subject,
    name: str,
    values: Mapping[int, float],
    delta: Delta,
    *,
    shade: Shade = Shade.OFF,
) -> Row:
    """The values of one metric; the best and the worst of them are known if it is known which."""
    better = subject.better(name)
    base = values.get(subject.baseline.pk)
    best, worst = _extremes(values, better)
    ends = _ends(values, better) if shade == Shade.HEAT else None
    cells = []
    for run in subject.runs:
        value = values.get(run.pk)
        is_baseline = run.pk == subject.baseline.pk
        # By what it says, since NaN is not equal to itself.
        differs = not is_baseline and repr(value) != repr(base)
        text, is_gain = ("", None) if is_baseline else _distance(value, base, better, delta)
        cells.append(
            Cell(
                value,
                "number",
                differs=differs,
                is_best=best is not None and value == best,
                is_worst=worst is not None and value == worst,
                delta=text,
                is_gain=is_gain,
                heat=heat_of(value, *ends) if ends else 0,
            )
        )
    return Row(name, cells, better=better)


def _extremes(
    values: Mapping[int, float], better: Better | None
) -> tuple[float | None, float | None]:
    numbers = [value for value in values.values() if is_finite(value)]
    if better is None or len(values) < 2 or len({repr(each) for each in values.values()}) == 1:
        return None, None
    best = better.best(numbers)
    worst = (min if better.is_higher else max)(numbers, default=None)
    return best, None if worst == best or len(numbers) < 3 else worst


def _ends(values: Mapping[int, float], better: Better | None) -> tuple[float, float] | None:
    """The worst and the best number; where nobody knows what is better, the least and the most."""
    numbers = [value for value in values.values() if is_finite(value)]
    if not numbers or min(numbers) == max(numbers):
        return None
    low, high = min(numbers), max(numbers)
    return (low, high) if better is None or better.is_higher else (high, low)


def heat_of(value: float | None, faintest: float, strongest: float) -> int:
    """How strongly a number is tinted that lies between these two, from 1 to 5."""
    if not is_finite(value):
        return 0
    # Halves, since the distance of the largest numbers is no number; that of the smallest ones
    # is none any more.
    width = strongest / 2 - faintest / 2
    share = (value / 2 - faintest / 2) / width if width else 1.0
    return min(int(share * _SHADES) + 1, _SHADES)


def _distance(
    value: float | None, base: float | None, better: Better | None, delta: Delta
) -> tuple[str, bool | None]:
    """How far it is from the baseline's value, in words, and whether that is a gain."""
    if delta == Delta.OFF or not is_finite(value) or not is_finite(base):
        return "", None
    distance = value - base
    if not math.isfinite(distance):
        return "", None
    is_gain = better.gain(value, base) > 0 if better and distance else None
    if not distance:
        return "=", None
    if delta == Delta.RELATIVE:
        return relative_text(distance, base), is_gain
    return signed_text(distance), is_gain


def signed_text(number: float) -> str:
    """``number`` with its sign."""
    return f"{'+' if number > 0 else ''}{number_text(number)}"


def relative_text(distance: float, base: float) -> str:
    """``distance`` as a share of ``base``; empty where that has none."""
    share = distance / abs(base) * 100 if base else math.inf
    if not math.isfinite(share):
        return ""
    if abs(share) >= 1000:
        return f"{'+' if share > 0 else ''}{number_text(round(share))} %"
    return f"{share:+.2f} %" if abs(share) < 1 else f"{share:+.1f} %"


def has_best_step(subject: Subject) -> bool:
    """Whether it is known which values of the main metric are better."""
    return subject.better(subject.main_metric) is not None


def value_notices(subject: Subject, address: PageAddress) -> list[str]:
    """Why a value is another than the one asked for."""
    if address.value != Value.AT_BEST or not subject.metrics or has_best_step(subject):
        return []
    return [
        f"Nobody knows which values of {subject.main_metric} are better, so it has no best step: "
        "these are the last values."
    ]
