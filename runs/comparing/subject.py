"""What is compared: the runs, against which of them, and which keys tell them apart.

Of each hyperparameter, tag and metric the database says how many runs have it and whether their
values differ; the values themselves are read by the tab that shows them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, Max, Min

from core.time import now_ms
from experiments.models import Experiment
from runs.colors import COLOR_TAG, readable_color, slots
from runs.directions import Better, which_is_better
from runs.keys import metric_key_names
from runs.models import MetricStat, Param, Run, RunInput, RunTag
from runs.status import shown_statuses

# The colors tell eight runs apart, the dashes three times as many; beyond, a table is better.
MAX_CHARTED = 40
MAX_RUNS = 500

# MLflow's own tags stand among the properties, or are no one's to compare.
RESERVED_PREFIX = "mlflow."
# What people tag a run with that others are to be held against.
BASELINE_TAG = "baseline"
SYSTEM_PREFIX = "system/"


@dataclass(frozen=True)
class Key:
    """What is known of a name over all runs.

    ``low`` and ``high`` are a metric's last values, ``text`` is one value of a text.
    """

    name: str
    count: int
    differs: bool
    low: float | None = None
    high: float | None = None
    text: str = ""

    @property
    def spread(self) -> float:
        """How far the values lie apart, measured by their size; 0 where that says nothing."""
        if self.low is None or self.high is None:
            return 0.0
        # Halves, since the distance of the largest numbers is no number.
        size = max(abs(self.low), abs(self.high)) / 2
        spread = (self.high / 2 - self.low / 2) / size if size else 0.0
        return spread if spread == spread else 0.0


@dataclass(frozen=True)
class Subject:
    """Runs in their order, with what the database says of their names."""

    runs: Sequence[Run]
    baseline: Run
    experiments: Sequence[Experiment]
    params: Mapping[str, Key]
    tags: Mapping[str, Key]
    metrics: Mapping[str, Key]
    # The data that each run read, as "name (digest)", by the run's key.
    datasets: Mapping[int, Sequence[str]]
    # The colors that people gave runs, by the run's key.
    colors: Mapping[int, str]
    # What each run is said to be doing, by its key; one that went silent has stalled.
    statuses: Mapping[int, str]

    @cached_property
    def keys(self) -> list[int]:
        return [run.pk for run in self.runs]

    @property
    def charted(self) -> Sequence[Run]:
        return self.runs[:MAX_CHARTED]

    @property
    def primary_metrics(self) -> list[str]:
        """The metrics that the experiments say count, as far as a run logged them."""
        names = [each.primary_metric for each in self.experiments]
        return [name for name in dict.fromkeys(names) if name in self.metrics]

    @cached_property
    def ranked_metrics(self) -> list[str]:
        """The metrics, the most telling first: primary ones, then those that most runs share."""
        primary = self.primary_metrics
        return sorted(
            self.metrics,
            key=lambda name: (
                name not in primary,
                name.startswith(SYSTEM_PREFIX),
                -self.metrics[name].count,
                name.lower(),
                name,
            ),
        )

    @property
    def main_metric(self) -> str:
        """The metric that the runs are judged by: the primary one, else the most telling."""
        primary = self.primary_metrics
        if primary:
            return primary[0]
        judged = [name for name in self.ranked_metrics if self.better(name)]
        return next(iter([*judged, *self.ranked_metrics]), "")

    def better(self, metric: str) -> Better | None:
        return which_is_better(metric, experiments=self.experiments)

    def status(self, run: Run) -> str:
        """The status that the run is shown with: in the Trash it has no other."""
        return self.statuses[run.pk] if run.is_active else "DELETED"

    def slot(self, run: Run) -> int:
        """The place of a run."""
        return self._slots[run.pk]

    def color_slot(self, run: Run) -> int:
        """The place that gives a run its color and dash, as in charts."""
        return self._color_slots[run.pk]

    @cached_property
    def _slots(self) -> dict[int, int]:
        return {run.pk: slot for slot, run in enumerate(self.runs)}

    @cached_property
    def _color_slots(self) -> dict[int, int]:
        charted = [run.pk for run in self.charted]
        return self._slots | slots(charted, self.colors)


def read_subject(runs: Sequence[Run], *, baseline: str = "") -> Subject:
    """What is known of ``runs``, in as many queries for five hundred as for two.

    The baseline is the run with that id. Without one it is the first that people tagged as
    ``baseline``, or the first of all.
    """
    keys = [run.pk for run in runs]
    marks = values_of(RunTag, keys, [BASELINE_TAG, COLOR_TAG])
    experiments = list({run.experiment_id: run.experiment for run in runs}.values())
    return Subject(
        runs=runs,
        baseline=_baseline(runs, baseline, marks.get(BASELINE_TAG, {})),
        experiments=experiments,
        params=_texts(Param.objects.filter(run__in=keys), len(runs)),
        tags=_texts(RunTag.objects.filter(run__in=keys), len(runs)),
        metrics=_metrics(keys),
        datasets=_datasets(keys),
        colors={
            run: color
            for run, text in marks.get(COLOR_TAG, {}).items()
            if (color := readable_color(text))
        },
        statuses=shown_statuses(runs, now=now_ms()),
    )


def _baseline(runs: Sequence[Run], run_id: str, tagged: Mapping[int, str]) -> Run:
    asked = [run for run in runs if run.run_id == run_id]
    marked = [run for run in runs if tagged.get(run.pk, "").strip().lower() == "true"]
    return [*asked, *marked, *runs][0]


def values_of(model: type[Param | RunTag], runs: Sequence[int], names: Iterable[str] | None = None):
    """The texts of those names, by name and then by the run's key."""
    rows = model.objects.filter(run__in=runs)
    if names is not None:
        rows = rows.filter(key__in=list(names))
    found: dict[str, dict[int, str]] = {}
    for key, run, value in rows.values_list("key", "run_id", "value"):
        found.setdefault(key, {})[run] = value
    return found


def _texts(rows, runs: int) -> dict[str, Key]:
    found = rows.values("key").annotate(count=Count("run"), low=Min("value"), high=Max("value"))
    return {
        name: Key(name, count, count < runs or low != high, text=high)
        for name, count, low, high in found.values_list("key", "count", "low", "high")
    }


def _metrics(runs: Sequence[int]) -> dict[str, Key]:
    rows = MetricStat.objects.filter(run__in=runs).values("key")
    # A last value of NULL is NaN.
    found = rows.annotate(
        logged=Count("run"), numbers=Count("last"), low=Min("last"), high=Max("last")
    ).values_list("key", "logged", "numbers", "low", "high")
    found = list(found)
    names = metric_key_names(key for key, *_ in found)
    return {
        names[key]: Key(
            names[key],
            logged,
            logged < len(runs) or low != high or 0 < numbers < logged,
            low=low,
            high=high,
        )
        for key, logged, numbers, low, high in found
    }


def _datasets(runs: Sequence[int]) -> dict[int, list[str]]:
    inputs = RunInput.objects.filter(run__in=runs, dataset__isnull=False)
    names = inputs.values_list("run_id", "dataset__name", "dataset__digest")
    found: dict[int, list[str]] = {}
    for run, name, digest in names.order_by("dataset__name", "dataset__digest"):
        found.setdefault(run, []).append(f"{name} ({digest})")
    return found
