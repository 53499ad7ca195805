"""What one would say about the runs at a glance: sentences made by rules, with their evidence.

Each rule looks for one thing and says it once. Only the first ``MOST_NOTES`` show, so the rules
stand in the order in which they matter.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import Min

from core.formatting import duration_text, is_finite, middle_text, number_text
from runs.comparing.address import PageAddress, Tab
from runs.comparing.metrics import relative_text, signed_text
from runs.comparing.subject import SYSTEM_PREFIX, Subject
from runs.keys import metric_key_names
from runs.models import Metric, MetricStat, Run, RunStatus
from runs.series import Statistic, value_of
from runs.status import STALLED

MOST_NOTES = 6
# Longer or shorter by less is how machines are.
_TELLING_RATIO = 1.5
# What lies closer together is the same result.
_TELLING_SHARE = 0.001
# A metric that ends this much worse than it once was, measured by its range, has turned.
_TURNED_SHARE = 0.05
_NAMED = 3


@dataclass(frozen=True)
class Note:
    """A sentence, and where its evidence is."""

    text: str
    url: str
    evidence: str


def notes_on(
    subject: Subject,
    address: PageAddress,
    *,
    metric: str,
    stats: Mapping[int, MetricStat],
    params: Mapping[str, Mapping[int, str]],
) -> list[Note]:
    """At most ``MOST_NOTES``; ``stats`` are the metric's, ``params`` what differs."""
    if len(subject.runs) < 2:
        return []
    values = {
        run.pk: value_of(stats[run.pk], Statistic.LAST) for run in subject.runs if run.pk in stats
    }
    found = _Notes(subject, address, metric, stats, values, params)
    rules = [
        found.best(),
        found.broken(),
        found.nan(),
        found.missing(),
        found.same_settings(),
        found.longer(),
        found.turned(),
    ]
    return list(islice((note for rule in rules for note in rule), MOST_NOTES))


@dataclass(frozen=True)
class _Notes:
    subject: Subject
    address: PageAddress
    metric: str
    stats: Mapping[int, MetricStat]
    values: Mapping[int, float]
    params: Mapping[str, Mapping[int, str]]

    def best(self) -> Iterator[Note]:
        subject, url = self.subject, self.address.at(Tab.METRICS)
        better = subject.better(self.metric)
        ranked = self._ranked()
        if better is None or len(ranked) < 2:
            return
        first, second = ranked[0], ranked[1]
        value, base = self.values[first.pk], self.values.get(subject.baseline.pk)
        if self.values[ranked[-1].pk] == value:
            yield Note(
                f"All runs that logged {self.metric} end at the same value, {number_text(value)}.",
                url,
                "Metrics",
            )
        elif self.values[second.pk] == value:
            ties = [run for run in ranked if self.values[run.pk] == value]
            yield Note(
                f"{_names(ties)} are equally good on {self.metric}, at {number_text(value)}.",
                url,
                "Metrics",
            )
        elif first == subject.baseline:
            behind = _distance(self.values[second.pk], value)
            yield Note(
                f"The baseline {_name(first)} is best on {self.metric}, at {number_text(value)}; "
                f"{_name(second)} comes next, {behind}.",
                url,
                "Metrics",
            )
        else:
            over = f", {_distance(value, base)} against the baseline" if is_finite(base) else ""
            yield Note(
                f"{_name(first)} is best on {self.metric}: {number_text(value)}{over}.",
                url,
                "Metrics",
            )

    def broken(self) -> Iterator[Note]:
        url = f"{self.address.at(Tab.PARAMS, shows_all=True)}#properties"
        words = [
            (RunStatus.FAILED, "failed", "failed"),
            (RunStatus.KILLED, "was killed", "were killed"),
            (RunStatus.RUNNING, "is still running", "are still running"),
            (STALLED, "has stalled", "have stalled"),
            (RunStatus.SCHEDULED, "has not begun", "have not begun"),
        ]
        said = []
        for status, one, many in words:
            runs = [run for run in self.subject.runs if self.subject.statuses[run.pk] == status]
            if runs:
                said.append(f"{_names(runs)} {one if len(runs) == 1 else many}")
        if said:
            yield Note(f"{'; '.join(said)}: their values may not be final.", url, "Status")

    def nan(self) -> Iterator[Note]:
        stats = MetricStat.objects.filter(run__in=self.subject.keys, nan_count__gt=0)
        found = list(stats.values_list("run_id", "key_id")[:1_000])
        if not found:
            return
        names = metric_key_names(key for _, key in found)
        found.sort(key=lambda pair: (names[pair[1]].startswith(SYSTEM_PREFIX), names[pair[1]]))
        # The metric that counts first.
        run_key, key = next((pair for pair in found if names[pair[1]] == self.metric), found[0])
        points = Metric.objects.filter(run=run_key, key=key, is_nan=True)
        step = points.aggregate(step=Min("step"))["step"]
        run = next(run for run in self.subject.runs if run.pk == run_key)
        others = len({pair[0] for pair in found} - {run_key})
        more = f"; so did {_count(others, 'other run')} somewhere" if others else ""
        yield Note(
            f"{_name(run)} logged NaN in {names[key]}, first at step {step:,}{more}.",
            self.address.at(Tab.CHARTS),
            "Charts",
        )

    def missing(self) -> Iterator[Note]:
        without = [run for run in self.subject.runs if run.pk not in self.values]
        if self.metric and without:
            yield Note(
                f"{_names(without)} did not log {self.metric}.",
                self.address.at(Tab.METRICS, shows_all=True),
                "Metrics",
            )

    def same_settings(self) -> Iterator[Note]:
        """Runs that were given the same and came to something else."""
        groups: dict[tuple, list[Run]] = {}
        for run in self.subject.runs:
            if is_finite(self.values.get(run.pk)):
                given = tuple(texts.get(run.pk) for texts in self.params.values())
                groups.setdefault(given, []).append(run)
        for runs in groups.values():
            numbers = [self.values[run.pk] for run in runs]
            low, high = min(numbers), max(numbers)
            if high / 2 - low / 2 <= max(abs(low), abs(high)) / 2 * _TELLING_SHARE:
                continue
            yield Note(
                f"{_names(runs)} have the same hyperparameters, yet {self.metric} lies between "
                f"{number_text(low)} and {number_text(high)}.",
                self.address.at(Tab.PARAMS),
                "Hyperparameters",
            )
            return

    def longer(self) -> Iterator[Note]:
        ranked = self._ranked()
        base = self.subject.baseline
        run = next((run for run in ranked[:1] if run != base), None)
        if run is None or not run.duration_ms or not base.duration_ms:
            return
        ratio = run.duration_ms / base.duration_ms
        if max(ratio, 1 / ratio) < _TELLING_RATIO:
            return
        times = f"{ratio:.1f}" if ratio > 1 else f"{ratio:.2g}"
        yield Note(
            f"{_name(run)} ran {times}× as long as the baseline: {duration_text(run.duration_ms)} "
            f"against {duration_text(base.duration_ms)}.",
            f"{self.address.at(Tab.PARAMS, shows_all=True)}#properties",
            "Duration",
        )

    def turned(self) -> Iterator[Note]:
        """The run that lost most of what it had reached before its end."""
        better = self.subject.better(self.metric)
        worst: tuple[float, Run, MetricStat] | None = None
        for run in self.subject.runs:
            stat = self.stats.get(run.pk)
            if better is None or stat is None or stat.count < 5:
                continue
            low, high, last = stat.minimum, stat.maximum, stat.last
            if not (is_finite(low) and is_finite(high) and is_finite(last)) or low == high:
                continue
            reached = high if better.is_higher else low
            lost = abs(reached / 2 - last / 2) / (high / 2 - low / 2)
            if lost >= _TURNED_SHARE and (worst is None or lost > worst[0]):
                worst = (lost, run, stat)
        if worst is None:
            return
        _, run, stat = worst
        reached = stat.maximum if better.is_higher else stat.minimum
        step = stat.maximum_step if better.is_higher else stat.minimum_step
        yield Note(
            f"{_name(run)} was better on {self.metric} before its end: {number_text(reached)} at "
            f"step {step:,}, {number_text(stat.last)} at step {stat.last_step:,}.",
            self.address.at(Tab.CHARTS),
            "Charts",
        )

    def _ranked(self) -> list[Run]:
        """The runs with a number, the best first; none if nobody knows what is better."""
        better = self.subject.better(self.metric)
        if better is None:
            return []
        runs = [run for run in self.subject.runs if is_finite(self.values.get(run.pk))]
        return sorted(runs, key=lambda run: self.values[run.pk], reverse=better.is_higher)


def _distance(value: float, base: float) -> str:
    """Such as "+1.4 %", or the number where a share says nothing."""
    distance = value - base
    if not math.isfinite(distance):
        return "far"
    return relative_text(distance, base) or signed_text(distance)


def _name(run: Run) -> str:
    return middle_text(run.name, 40)


def _names(runs: Sequence[Run]) -> str:
    """Up to three names; of more, two and how many others."""
    if len(runs) <= _NAMED:
        names = [_name(run) for run in runs]
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"{_name(runs[0])}, {_name(runs[1])} and {_count(len(runs) - 2, 'other run')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
