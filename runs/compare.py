"""What the page that compares runs shows: their columns side by side, and what differs.

Everything is read once, in as many queries for forty runs as for two.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.formatting import is_finite, number_text
from experiments.models import NOTE_TAG, Experiment
from runs.directions import Better, which_is_better
from runs.keys import metric_key_names
from runs.models import MetricStat, Param, Run, RunInput, RunStatus, RunTag
from runs.series import Statistic, value_of

# The colors tell eight runs apart, the dashes three times as many; beyond, a table is better.
MAX_RUNS = 40

# MLflow's own tags stand among the properties, or are no one's to compare.
RESERVED_PREFIX = "mlflow."
_TAG_PROPERTIES = {
    "Source": "mlflow.source.name",
    "Git branch": "mlflow.source.git.branch",
    "Git commit": "mlflow.source.git.commit",
    "Description": NOTE_TAG,
}


@dataclass(frozen=True)
class Cell:
    """One value of one run.

    ``kind`` says how it is shown: "text", "param", "number", "status", "datetime", "duration" or
    "experiment". ``delta`` is the distance to the baseline's number. None is what is missing,
    which an empty text is not.
    """

    value: object
    kind: str
    differs: bool = False
    is_best: bool = False
    delta: float | None = None
    is_gain: bool | None = None

    @property
    def is_missing(self) -> bool:
        return self.value is None

    @property
    def is_marked(self) -> bool:
        """Whether the cell is to stand out: no two runs start at the same time anyway."""
        return self.differs and self.kind not in {"number", "datetime", "duration"}

    @property
    def delta_text(self) -> str:
        if self.delta is None:
            return ""
        return f"{'+' if self.delta > 0 else ''}{number_text(self.delta)}" if self.delta else "="


@dataclass(frozen=True)
class Row:
    """One key and what each run has of it, in the order of the runs."""

    key: str
    cells: Sequence[Cell]
    differs: bool
    better: Better | None = None


@dataclass(frozen=True)
class Section:
    """Rows of one kind: those to show, of all that there are."""

    id: str
    title: str
    noun: str
    rows: Sequence[Row]
    total: int
    differing: int

    @property
    def nouns(self) -> str:
        return f"{self.noun}s" if not self.noun.endswith("y") else f"{self.noun[:-1]}ies"

    @property
    def summary(self) -> str:
        """Such as "7 of 42 hyperparameters differ"."""
        if not self.total:
            return f"No {self.nouns}"
        nouns = self.noun if self.total == 1 else self.nouns
        verb = "differs" if self.differing == 1 else "differ"
        return f"{self.differing:,} of {self.total:,} {nouns} {verb}"


@dataclass(frozen=True)
class Comparison:
    """Runs side by side. ``stats`` is by metric, then by the run's key."""

    runs: Sequence[Run]
    baseline: Run
    sections: Sequence[Section]
    stats: Mapping[str, Mapping[int, MetricStat]]
    # Hyperparameters, those that differ first.
    params: Sequence[str]
    experiments: Sequence[Experiment]
    # What makes a comparison doubtful, in sentences.
    warnings: Sequence[str] = field(default_factory=list)

    @property
    def metrics(self) -> Sequence[str]:
        """The metrics, the most telling first: primary ones, then those that most runs share."""
        primary = {each.primary_metric for each in self.experiments}
        return sorted(
            self.stats,
            key=lambda name: (
                name not in primary,
                name.startswith("system/"),
                -len(self.stats[name]),
                name.lower(),
                name,
            ),
        )

    def better(self, metric: str) -> Better | None:
        return which_is_better(metric, experiments=self.experiments)


def in_order(runs: Iterable[Run]) -> list[Run]:
    """The order of a comparison, from which runs have their colors: by their start."""
    return sorted(runs, key=lambda run: (run.start_time, run.run_id))


def neighbors(runs: Sequence[Run], *, limit: int = 10) -> list[Run]:
    """The newest other runs of their experiments: what they are most likely compared with."""
    others = Run.objects.active().filter(experiment__in={run.experiment_id for run in runs})
    return list(others.exclude(pk__in=[run.pk for run in runs]).newest_first()[:limit])


def compare_runs(
    runs: Sequence[Run], *, baseline: Run, statistic: Statistic, only_differing: bool
) -> Comparison:
    """Everything that at least one run has, side by side.

    Of each section only the rows that differ are there if ``only_differing``; metrics are by
    ``statistic``.
    """
    experiments = list({run.experiment_id: run.experiment for run in runs}.values())
    keys = [run.pk for run in runs]
    params = _by_key(Param.objects.filter(run__in=keys).values_list("key", "run_id", "value"))
    tags = _by_key(RunTag.objects.filter(run__in=keys).values_list("key", "run_id", "value"))
    datasets = _datasets(keys)
    stats = _stats(keys)
    own_tags = {key: tags[key] for key in tags if not key.startswith(RESERVED_PREFIX)}
    param_rows = _texts(runs, baseline, params, "param")
    rows = [
        ("properties", "Properties", "property", _properties(runs, baseline, tags, datasets)),
        ("params", "Hyperparameters", "hyperparameter", param_rows),
        ("metrics", "Metrics", "metric", _metrics(runs, baseline, stats, experiments, statistic)),
        ("tags", "Tags", "tag", _texts(runs, baseline, own_tags, "text")),
    ]
    return Comparison(
        runs=runs,
        baseline=baseline,
        sections=[_section(*row, only_differing=only_differing) for row in rows],
        stats=stats,
        params=[row.key for row in sorted(param_rows, key=lambda row: not row.differs)],
        experiments=experiments,
        warnings=_warnings(runs, stats, datasets),
    )


def _by_key(rows: Iterable[tuple[str, int, str]]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for key, run, value in rows:
        found.setdefault(key, {})[run] = value
    return found


def _stats(runs: Sequence[int]) -> dict[str, dict[int, MetricStat]]:
    stats = list(MetricStat.objects.filter(run__in=runs))
    names = metric_key_names({stat.key_id for stat in stats})
    found: dict[str, dict[int, MetricStat]] = {}
    for stat in stats:
        found.setdefault(names[stat.key_id], {})[stat.run_id] = stat
    return found


def _datasets(runs: Sequence[int]) -> dict[int, list[str]]:
    """The data that each run read, as "name (digest)"."""
    inputs = RunInput.objects.filter(run__in=runs, dataset__isnull=False)
    names = inputs.values_list("run_id", "dataset__name", "dataset__digest")
    found: dict[int, list[str]] = {}
    for run, name, digest in names.order_by("dataset__name", "dataset__digest"):
        found.setdefault(run, []).append(f"{name} ({digest})")
    return found


# ---------------------------------------------------------------- Rows


def _section(id_: str, title: str, noun: str, rows: Sequence[Row], *, only_differing: bool):
    return Section(
        id=id_,
        title=title,
        noun=noun,
        rows=[row for row in rows if row.differs or not only_differing],
        total=len(rows),
        differing=sum(row.differs for row in rows),
    )


def _row(
    key: str, values: Mapping[int, object], runs: Sequence[Run], baseline: Run, kind: str
) -> Row:
    """A row of texts, times or the like, where a cell differs if the baseline has another value."""
    base = values.get(baseline.pk)
    cells = [
        Cell(values.get(run.pk), kind, differs=run != baseline and values.get(run.pk) != base)
        for run in runs
    ]
    return Row(key, cells, differs=any(cell.differs for cell in cells))


def _texts(
    runs: Sequence[Run], baseline: Run, values: Mapping[str, Mapping[int, str]], kind: str
) -> list[Row]:
    return [
        _row(key, values[key], runs, baseline, kind)
        for key in sorted(values, key=lambda key: (key.lower(), key))
    ]


def _properties(
    runs: Sequence[Run],
    baseline: Run,
    tags: Mapping[str, Mapping[int, str]],
    datasets: Mapping[int, Sequence[str]],
) -> list[Row]:
    def each(read: Callable[[Run], object]) -> dict[int, object]:
        return {run.pk: read(run) for run in runs}

    columns = [
        ("Experiment", each(lambda run: run.experiment), "experiment"),
        ("Status", each(_status), "status"),
        ("Started", each(lambda run: run.start_time), "datetime"),
        ("Duration", each(lambda run: run.duration_ms), "duration"),
        ("User", each(lambda run: run.user_id or None), "text"),
        *((title, tags.get(key, {}), "text") for title, key in _TAG_PROPERTIES.items()),
        ("Datasets", {run: ", ".join(names) for run, names in datasets.items()}, "text"),
    ]
    return [
        _row(title, values, runs, baseline, kind)
        for title, values, kind in columns
        if any(value is not None for value in values.values())
    ]


def _status(run: Run) -> str:
    return run.status if run.is_active else "DELETED"


def _metrics(
    runs: Sequence[Run],
    baseline: Run,
    stats: Mapping[str, Mapping[int, MetricStat]],
    experiments: Sequence[Experiment],
    statistic: Statistic,
) -> list[Row]:
    rows = []
    for name in sorted(stats, key=lambda name: (name.startswith("system/"), name.lower(), name)):
        values = {run: value_of(stat, statistic) for run, stat in stats[name].items()}
        better = which_is_better(name, experiments=experiments)
        best = better.best(values.values()) if better and len(values) > 1 else None
        base = values.get(baseline.pk)
        is_level = len({repr(value) for value in values.values()}) == 1
        cells = [
            _metric_cell(
                values.get(run.pk),
                base,
                better,
                best=None if is_level else best,
                run=run,
                baseline=baseline,
            )
            for run in runs
        ]
        rows.append(Row(name, cells, differs=any(cell.differs for cell in cells), better=better))
    return rows


def _metric_cell(
    value: float | None,
    base: float | None,
    better: Better | None,
    *,
    best: float | None,
    run: Run,
    baseline: Run,
) -> Cell:
    # By what it says, since NaN is not equal to itself.
    differs = run != baseline and repr(value) != repr(base)
    delta = None
    if run != baseline and is_finite(value) and is_finite(base) and math.isfinite(value - base):
        delta = value - base
    return Cell(
        value,
        "number",
        differs=differs,
        is_best=best is not None and value == best,
        delta=delta,
        is_gain=better.gain(value, base) > 0 if better and delta else None,
    )


# ---------------------------------------------------------------- Doubts


def _warnings(
    runs: Sequence[Run],
    stats: Mapping[str, Mapping[int, MetricStat]],
    datasets: Mapping[int, Sequence[str]],
) -> list[str]:
    if len(runs) < 2:
        return []
    warnings = []
    used = {run.pk: tuple(datasets.get(run.pk, ())) for run in runs}
    kinds = set(used.values())
    if len(kinds) > 1 and all(kinds):
        warnings.append("These runs read different datasets.")
    elif len(kinds) > 1:
        unknown = sum(not names for names in used.values())
        warnings.append(f"Of {_runs(unknown)} it is not known what data they read.")
    open_ = [run for run in runs if run.status in {RunStatus.RUNNING, RunStatus.SCHEDULED}]
    if open_:
        are = "is" if len(open_) == 1 else "are"
        warnings.append(f"{_runs(len(open_))} {are} not finished: values may still change.")
    broken = [run for run in runs if run.status in {RunStatus.FAILED, RunStatus.KILLED}]
    if broken:
        warnings.append(f"{_runs(len(broken))} did not end well.")
    shared = sum(len(found) == len(runs) for found in stats.values())
    if stats and not shared:
        warnings.append("No metric was logged by all of these runs.")
    return warnings


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
