"""What the charts of compared runs are made of, and which runs stand beside one another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from experiments.models import Experiment
from runs.comparing.subject import MAX_CHARTED, Subject
from runs.directions import Better, which_is_better
from runs.keys import metric_key_ids, metric_key_names
from runs.models import MetricStat, Run

MAX_RUNS = MAX_CHARTED


@dataclass(frozen=True)
class Comparison:
    """Runs and their charts. ``stats`` is by metric, then by the run's key."""

    runs: Sequence[Run]
    baseline: Run
    # The metrics, the most telling first; ``stats`` has those of the charts that are shown.
    metrics: Sequence[str]
    stats: Mapping[str, Mapping[int, MetricStat]]
    # Hyperparameters, those that differ first.
    params: Sequence[str]
    experiments: Sequence[Experiment]
    # The colors that people gave some of the runs, by the run's key.
    colors: Mapping[int, str]

    def better(self, metric: str) -> Better | None:
        return which_is_better(metric, experiments=self.experiments)


def in_order(runs: Iterable[Run]) -> list[Run]:
    """The order of a comparison, from which runs have their colors: by their start."""
    return sorted(runs, key=lambda run: (run.start_time, run.run_id))


def neighbors(runs: Sequence[Run], *, limit: int = 10) -> list[Run]:
    """The newest other runs of their experiments: what they are most likely compared with."""
    others = Run.objects.active().filter(experiment__in={run.experiment_id for run in runs})
    return list(others.exclude(pk__in=[run.pk for run in runs]).newest_first()[:limit])


def charted(subject: Subject, metrics: Iterable[str]) -> Comparison:
    """The first runs with all that is known of those metrics."""
    return Comparison(
        runs=subject.charted,
        baseline=subject.baseline,
        metrics=subject.ranked_metrics,
        stats=_stats([run.pk for run in subject.charted], metrics),
        params=sorted(
            subject.params,
            key=lambda name: (not subject.params[name].differs, name.lower(), name),
        ),
        experiments=subject.experiments,
        colors=subject.colors,
    )


def _stats(runs: Sequence[int], metrics: Iterable[str]) -> dict[str, dict[int, MetricStat]]:
    ids = metric_key_ids(set(metrics))
    stats = list(MetricStat.objects.filter(run__in=runs, key__in=ids.values()))
    names = metric_key_names({stat.key_id for stat in stats})
    found: dict[str, dict[int, MetricStat]] = {}
    for stat in stats:
        found.setdefault(names[stat.key_id], {})[stat.run_id] = stat
    return found
