"""Runs in groups by what was tried, less what only tells repetitions apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.formatting import is_finite, middle_text
from runs.comparing.address import PageAddress
from runs.comparing.forest import Scale, forest_row, scale_of
from runs.comparing.importance import Importance, importance_of
from runs.comparing.metrics import read_values
from runs.comparing.statistics import (
    LEVEL,
    NEEDED,
    NEEDED_TO_DRAW,
    NO_PAIRS,
    Difference,
    Method,
    Spread,
    difference_of,
    holm,
    spread_of,
)
from runs.comparing.subject import Subject, values_of
from runs.directions import Better
from runs.models import Param, Run

MAX_GROUPS = 60
# As many hyperparameters can be chosen from.
MAX_CHOICES = 40
MAX_FOLLOWED = 200


@dataclass(frozen=True)
class Group:
    """Runs with the same values of the grouping hyperparameters."""

    label: str
    runs: Sequence[Run]
    spread: Spread
    best: float | None
    worst: float | None
    is_baseline: bool
    # Runs without a finite number, which the statistics leave out.
    left_out: int
    drawing: str = ""
    difference: Difference | None = None
    verdict: str = ""
    is_gain: bool | None = None

    @property
    def relative_text(self) -> str:
        if self.difference is None or self.difference.relative is None:
            return ""
        return f"{self.difference.relative * 100:+.3g} %"


@dataclass(frozen=True)
class KeyChoice:
    """A hyperparameter that can make groups."""

    name: str
    is_chosen: bool
    is_replicate: bool


@dataclass(frozen=True)
class Statistics:
    """What the tab shows."""

    metric: str
    better: Better | None
    groups: Sequence[Group]
    total: int
    keys: Sequence[KeyChoice]
    metrics: Sequence[str]
    scale: Scale | None
    # Why there is no verdict, or what is left out: sentences.
    notices: Sequence[str]
    compared: int
    importance: Sequence[Importance]
    needed: int = NEEDED

    @property
    def has_repetitions(self) -> bool:
        return any(group.spread.count > 1 for group in self.groups)


def read_statistics(subject: Subject, address: PageAddress) -> Statistics:
    """The groups of the subject's runs in one metric."""
    metric = address.metric if address.metric in subject.metrics else subject.main_metric
    varying = [name for name, key in subject.params.items() if key.differs]
    replicates = replicate_keys(subject)
    grouping = _grouping(subject, address, varying, replicates)
    # Of very many hyperparameters the first are looked at for what the metric follows.
    followed = sorted(varying)[:MAX_FOLLOWED]
    wanted = {*grouping, *followed, *(name for name in replicates if name in subject.params)}
    texts = values_of(Param, subject.keys, wanted)
    values = read_values(subject, address.value, [metric]).get(metric, {}) if metric else {}
    better = subject.better(metric)
    groups = _groups(subject, grouping, texts, values, better)
    groups = _compared(groups, texts, values, replicates, better, method=address.method)
    groups = _ordered(groups, better)
    shown = groups[:MAX_GROUPS]
    scale = scale_of([group.spread for group in shown])
    return Statistics(
        metric=metric,
        better=better,
        groups=[replace(group, drawing=_drawing(group, shown, scale)) for group in shown],
        total=len(groups),
        keys=[
            KeyChoice(name, name in grouping, name in replicates)
            for name in sorted(varying, key=lambda name: (name in replicates, name.lower()))
        ][:MAX_CHOICES],
        metrics=subject.ranked_metrics,
        scale=scale,
        notices=_notices(address, groups, subject, metric),
        compared=sum(group.difference is not None for group in groups),
        importance=importance_of({name: texts[name] for name in followed if name in texts}, values),
    )


def replicate_keys(subject: Subject) -> list[str]:
    """The hyperparameters that only tell repetitions apart, as the experiments say."""
    lines = [line.strip() for each in subject.experiments for line in _lines(each)]
    return list(dict.fromkeys(filter(None, lines)))


def _lines(experiment) -> list[str]:
    return experiment.replicate_keys.splitlines()


def _grouping(
    subject: Subject, address: PageAddress, varying: Sequence[str], replicates: Sequence[str]
) -> list[str]:
    if address.group is not None:
        return [name for name in address.group if name in subject.params]
    return sorted(set(varying) - set(replicates), key=lambda name: (name.lower(), name))


def _groups(
    subject: Subject,
    grouping: Sequence[str],
    texts: Mapping[str, Mapping[int, str]],
    values: Mapping[int, float],
    better: Better | None,
) -> list[Group]:
    members: dict[tuple, list[Run]] = {}
    for run in subject.runs:
        setting = tuple(texts.get(name, {}).get(run.pk) for name in grouping)
        members.setdefault(setting, []).append(run)
    groups = []
    for setting, runs in members.items():
        numbers = [values[run.pk] for run in runs if is_finite(values.get(run.pk))]
        low, high = min(numbers, default=None), max(numbers, default=None)
        is_lower = better is not None and not better.is_higher
        groups.append(
            Group(
                label=_label(grouping, setting),
                runs=runs,
                spread=spread_of(numbers),
                best=low if is_lower else high,
                worst=high if is_lower else low,
                is_baseline=subject.baseline in runs,
                left_out=len(runs) - len(numbers),
            )
        )
    return groups


def _label(grouping: Sequence[str], setting: Sequence[str | None]) -> str:
    if not grouping:
        return "All runs"
    # What a group does not have tells it apart by not standing there.
    said = [
        f"{name}={middle_text(text, 40) or '(empty)'}"
        for name, text in zip(grouping, setting, strict=True)
        if text is not None
    ]
    return ", ".join(said) or "None of these hyperparameters"


def _compared(
    groups: Sequence[Group],
    texts: Mapping[str, Mapping[int, str]],
    values: Mapping[int, float],
    replicates: Sequence[str],
    better: Better | None,
    *,
    method: Method,
) -> list[Group]:
    """The groups with their distance to the baseline's, adjusted for how many there are."""
    base = next((group for group in groups if group.is_baseline), None)
    if base is None:
        return list(groups)

    def repetitions(group: Group) -> dict[object, float]:
        found: dict[object, float] = {}
        for run in group.runs:
            if not is_finite(values.get(run.pk)):
                continue
            told_by = tuple(texts.get(name, {}).get(run.pk) for name in replicates)
            # Twice the same seed, or none, makes no pairs: every run stands for itself.
            is_pair = any(told_by) and told_by not in found
            found[told_by if is_pair else run.pk] = values[run.pk]
        return found

    own = repetitions(base)
    found = {
        place: difference
        for place, group in enumerate(groups)
        if not group.is_baseline
        and (difference := difference_of(repetitions(group), own, method=method))
    }
    needed = NEEDED_TO_DRAW if method == Method.BOOTSTRAP else NEEDED
    # Only what has enough runs is judged; only that counts as looked at.
    judged = [
        place
        for place, difference in found.items()
        if difference.p is not None and min(groups[place].spread.count, base.spread.count) >= needed
    ]
    adjusted = dict(zip(judged, holm([found[place].p for place in judged]), strict=True))
    return [
        _with_difference(group, base, found.get(place), adjusted.get(place), better, needed=needed)
        for place, group in enumerate(groups)
    ]


def _with_difference(
    group: Group,
    base: Group,
    difference: Difference | None,
    adjusted: float | None,
    better: Better | None,
    *,
    needed: int,
) -> Group:
    if difference is None:
        return group
    is_gain = None
    if better is not None and difference.value:
        is_gain = (difference.value > 0) == better.is_higher
    if min(group.spread.count, base.spread.count) < needed:
        verdict = f"No verdict: need at least {needed} runs per group"
        return replace(group, difference=difference, verdict=verdict)
    if adjusted is None:
        verdict = "No verdict: all runs of a group are alike"
        if difference.method == NO_PAIRS:
            verdict = "No verdict: the groups do not have the same repetitions"
        return replace(group, difference=difference, verdict=verdict)
    judged = replace(difference, adjusted=adjusted)
    if adjusted >= LEVEL:
        return replace(group, difference=judged, verdict="No clear difference")
    words = {True: "Better", False: "Worse", None: "Different"}[is_gain]
    return replace(
        group, difference=judged, verdict=f"{words}, more than by chance", is_gain=is_gain
    )


def _ordered(groups: Sequence[Group], better: Better | None) -> list[Group]:
    """The best mean first, or, where nobody knows what is better, the highest."""
    is_lower = better is not None and not better.is_higher

    def place(group: Group) -> tuple:
        mean = group.spread.mean
        return (mean is None, 0 if mean is None else mean if is_lower else -mean, group.label)

    return sorted(groups, key=place)


def _drawing(group: Group, groups: Sequence[Group], scale: Scale | None) -> str:
    if scale is None:
        return ""
    base = next((each.spread.mean for each in groups if each.is_baseline), None)
    return forest_row(group.spread, scale, base=base)


def _notices(
    address: PageAddress, groups: Sequence[Group], subject: Subject, metric: str
) -> list[str]:
    notices = []
    if address.metric and address.metric != metric:
        notices.append(f"None of these runs logged {middle_text(address.metric, 80)}.")
    unknown = [name for name in address.group or () if name not in subject.params]
    if unknown:
        names = middle_text(", ".join(unknown), 80)
        notices.append(f"None of these runs has the hyperparameter {names}.")
    if len(groups) > MAX_GROUPS:
        notices.append(
            f"The {MAX_GROUPS} best of {len(groups)} groups are shown; group by fewer "
            "hyperparameters to see all."
        )
    left_out = sum(group.left_out for group in groups)
    if left_out and metric:
        runs = "1 run has" if left_out == 1 else f"{left_out} runs have"
        are = "is" if left_out == 1 else "are"
        notices.append(f"{runs} no finite value of {metric} and {are} left out.")
    return notices
