"""``manage.py verify``: what is known of each metric, held against its points."""

import math

from django.core.management.base import BaseCommand, CommandError

from runs.models import Metric, MetricStat
from runs.stats import Stat

_EXACT = [name for name in Stat.__slots__ if name != "total"]
# Sums of the same numbers differ by the order in which they were added.
_TOLERANCE = 1e-9


class Command(BaseCommand):
    help = "Recompute every metric's statistics from its points and say which differ. Reads only."

    def handle(self, *args, **options) -> None:
        checked, different = 0, []
        for stat in MetricStat.objects.select_related("run", "key").iterator(chunk_size=500):
            checked += 1
            points = Metric.objects.filter(run=stat.run_id, key=stat.key_id).values_list(
                "step", "timestamp", "value", "is_nan"
            )
            if not _agrees(stat, list(points)):
                different.append(f"{stat.key.name} of run {stat.run.run_id}")
        for name in different:
            self.stderr.write(f"differs from its points: {name}")
        self.stdout.write(f"{checked} metrics checked, {len(different)} differ.")
        if different:
            raise CommandError("Some statistics are not what their points say.")


def _agrees(stat: MetricStat, points: list[tuple]) -> bool:
    if not points:
        return False
    expected = Stat.of(points)
    if any(getattr(stat, name) != getattr(expected, name) for name in _EXACT):
        return False
    if stat.total is None or expected.total is None:
        return stat.total is expected.total
    return stat.total == expected.total or math.isclose(
        stat.total, expected.total, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE
    )
