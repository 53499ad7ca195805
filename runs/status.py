"""The status that a run is shown with, which may be more than it says of itself."""

from collections.abc import Iterable

from django.db.models import BigIntegerField, Exists, F, Max, OuterRef, Q, Value

from runs.models import MetricStat, Run, RunStatus

_MINUTE_MS = 60 * 1000

STALLED = "STALLED"


def shown_statuses(runs: Iterable[Run], *, now: int) -> dict[int, str]:
    """The status of each run, by its key: its own, or STALLED if it runs and has gone silent.

    For how long, its experiment says, which the runs come with.
    """
    runs = list(runs)
    long_running = [
        run
        for run in runs
        if run.status == RunStatus.RUNNING and now - run.start_time >= _patience(run)
    ]
    heard = {}
    if long_running:
        stats = MetricStat.objects.filter(run__in=long_running).order_by()
        heard = dict(stats.values_list("run_id").annotate(heard=Max("last_timestamp")))
    statuses = {run.pk: run.status for run in runs}
    for run in long_running:
        last_word = max(run.start_time, min(heard.get(run.pk, 0), now))
        if now - last_word > _patience(run):
            statuses[run.pk] = STALLED
    return statuses


def _patience(run: Run) -> int:
    return run.experiment.stalled_after_minutes * _MINUTE_MS


def have_stalled(*, now: int) -> Q:
    """The same as a condition: of the runs that say that they are running, the silent ones."""
    patience = F("experiment__stalled_after_minutes") * _MINUTE_MS
    heard = MetricStat.objects.filter(
        run=OuterRef("pk"),
        last_timestamp__gte=Value(now, output_field=BigIntegerField())
        - OuterRef("experiment__stalled_after_minutes") * _MINUTE_MS,
    )
    silent = Q(start_time__lt=Value(now, output_field=BigIntegerField()) - patience)
    return Q(status=RunStatus.RUNNING) & silent & ~Q(Exists(heard))
