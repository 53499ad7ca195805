"""``manage.py verify``: what is known of each metric, held against its points."""

import math
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from runs.models import Metric, MetricKey, MetricStat, Run
from runs.stats import Stat

# How many series are looked at with the same two queries, and how many points at once.
_SERIES = 500
_POINTS = 50_000

_EXACT = [name for name in Stat.__slots__ if name != "total"]
# Sums of the same numbers differ by the order in which they were added.
_TOLERANCE = 1e-9

# A series: the keys of its run and of its metric.
Key = tuple[int, int]


class Command(BaseCommand):
    help = "Recompute every metric's statistics from its points and say which differ. Reads only."

    def handle(self, *args, **options) -> None:
        checked, different = 0, []
        for low, high in _stretches():
            stats, points = _known(low, high), dict(_reckoned(low, high))
            checked += len(stats)
            # Who logs meanwhile may have come between the two: those are looked at once more.
            different += [
                key
                for key in sorted(stats.keys() | points.keys())
                if not _agree(stats.get(key), points.get(key)) and not _agree(*_again(key))
            ]
        for key in different:
            self.stderr.write(f"differs from its points: {_name(key)}")
        self.stdout.write(f"{checked} metrics checked, {len(different)} differ.")
        if different:
            raise CommandError("Some statistics are not what their points say.")


def _stretches() -> Iterator[tuple[Key | None, Key | None]]:
    """Where to begin, beyond a series, and where to end; None is the very end on either side."""
    low = None
    while True:
        keys = MetricStat.objects.filter(_beyond(low)).order_by("run_id", "key_id")
        some = list(keys.values_list("run_id", "key_id")[:_SERIES])
        # Points that nothing is known of may lie behind the last series.
        high = some[-1] if len(some) == _SERIES else None
        yield low, high
        if high is None:
            return
        low = high


def _beyond(low: Key | None) -> Q:
    """Series after ``low``. What is said twice of the run is for the sake of the index."""
    if low is None:
        return Q()
    run, key = low
    return Q(run_id__gte=run) & (Q(run_id__gt=run) | Q(key_id__gt=key))


def _up_to(high: Key | None) -> Q:
    if high is None:
        return Q()
    run, key = high
    return Q(run_id__lte=run) & (Q(run_id__lt=run) | Q(key_id__lte=key))


def _known(low: Key | None, high: Key | None) -> dict[Key, MetricStat]:
    stats = MetricStat.objects.filter(_beyond(low), _up_to(high))
    return {(stat.run_id, stat.key_id): stat for stat in stats.iterator()}


def _reckoned(low: Key | None, high: Key | None) -> Iterator[tuple[Key, Stat]]:
    """The statistics of each series by its points, of which few are in memory at a time."""
    points = Metric.objects.filter(_beyond(low), _up_to(high))
    ordered = points.order_by("run_id", "key_id", "step", "timestamp", "value", "is_nan")
    rows = ordered.values_list("run_id", "key_id", "step", "timestamp", "value", "is_nan")
    for key, series in groupby(rows.iterator(chunk_size=5_000), key=itemgetter(0, 1)):
        yield key, _of(row[2:] for row in series)


def _of(points: Iterable[tuple]) -> Stat:
    points = iter(points)
    whole = None
    while some := list(islice(points, _POINTS)):
        whole = Stat.of(some) if whole is None else whole.joined(Stat.of(some))
    return whole


def _again(key: Key) -> tuple[MetricStat | None, Stat | None]:
    run, metric = key
    stat = MetricStat.objects.filter(run=run, key=metric).first()
    points = Metric.objects.filter(run=run, key=metric)
    rows = points.values_list("step", "timestamp", "value", "is_nan").iterator(chunk_size=5_000)
    return stat, _of(rows)


def _agree(stat: MetricStat | None, expected: Stat | None) -> bool:
    """Whether both say the same; a series that was removed meanwhile has neither."""
    if stat is None or expected is None:
        return stat is expected is None
    if any(getattr(stat, name) != getattr(expected, name) for name in _EXACT):
        return False
    if stat.total is None or expected.total is None:
        return stat.total is expected.total
    return stat.total == expected.total or math.isclose(
        stat.total, expected.total, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE
    )


def _name(key: Key) -> str:
    run, metric = key
    names = MetricKey.objects.filter(pk=metric).values_list("name", flat=True)
    run_ids = Run.objects.filter(pk=run).values_list("run_id", flat=True)
    return f"{names.first()} of run {run_ids.first()}"
