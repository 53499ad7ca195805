"""The status that a run is shown with, which may be more than it says of itself."""

from collections.abc import Iterable

from django.db.models import Max

from runs.models import MetricStat, Run, RunStatus

# A run that is running and has said nothing for this long has probably ended without a word.
STALLED_AFTER_MS = 10 * 60 * 1000

STALLED = "STALLED"

# What more may come from.
GOING_ON = frozenset({RunStatus.RUNNING, RunStatus.SCHEDULED})


def shown_statuses(runs: Iterable[Run], *, now: int) -> dict[int, str]:
    """The status of each run, by its key: its own, or STALLED if it runs and has gone silent."""
    runs = list(runs)
    long_running = [
        run
        for run in runs
        if run.status == RunStatus.RUNNING and now - run.start_time >= STALLED_AFTER_MS
    ]
    heard = {}
    if long_running:
        stats = MetricStat.objects.filter(run__in=long_running).order_by()
        heard = dict(stats.values_list("run_id").annotate(heard=Max("last_timestamp")))
    statuses = {run.pk: run.status for run in runs}
    for run in long_running:
        last_word = max(run.start_time, min(heard.get(run.pk, 0), now))
        if now - last_word > STALLED_AFTER_MS:
            statuses[run.pk] = STALLED
    return statuses
