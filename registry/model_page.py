"""What the page of one model shows: its versions, and what their runs logged that differs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, OuterRef, QuerySet, Subquery

from registry.models import ModelAlias, ModelVersion, RegisteredModel, Stage
from runs.directions import which_is_better
from runs.keys import metric_key_ids
from runs.models import MetricStat, Param, Run
from runs.run_metrics import SYSTEM_PREFIX

VERSIONS_PER_PAGE = 50
MAX_METRICS = 4
MAX_PARAMS = 4

# Columns by which versions can be sorted besides their runs' metrics, as ``m.<metric>``.
SORTS = {"version": "version", "created": "creation_time"}
DEFAULT_SORT = "-version"
METRIC_SORT = "m."


@dataclass(frozen=True)
class Cell:
    """The last value of a metric. NaN is a value, None is none."""

    value: float | None
    is_best: bool = False


@dataclass(frozen=True)
class VersionRow:
    """One version, with the values of its run in the columns of the table."""

    version: ModelVersion
    aliases: Sequence[str]
    metrics: Sequence[Cell]
    params: Sequence[str | None]


@dataclass(frozen=True)
class MetricColumn:
    """A metric that is a column, and what is known of which values are better."""

    name: str
    hint: str


@dataclass(frozen=True)
class VersionTable:
    """One page of versions. Metrics and params are columns where they tell the versions apart."""

    page: Page
    rows: Sequence[VersionRow]
    metrics: Sequence[MetricColumn]
    params: Sequence[str]
    has_stages: bool

    @property
    def comparable(self) -> int:
        """How many of the versions came from a run that is here."""
        return sum(row.version.run is not None for row in self.rows)


def read_versions(model: RegisteredModel, *, sort: str, page: str | None) -> VersionTable:
    """Read one page of the versions of ``model``, in a number of queries that no row changes."""
    versions = model.versions.live().select_related("run__experiment__workspace")
    shown = Paginator(sort_versions(versions, sort), VERSIONS_PER_PAGE).get_page(page)
    found = list(shown)
    for version in found:
        version.model = model
    runs = {version.run_id: version.run for version in found if version.run_id}

    stats = _stats(runs)
    metrics = _chosen_metrics(runs.values(), stats)
    params = _params(runs)
    chosen_params = _chosen_params(runs, params)
    aliases = _aliases(found)
    best = _best_values(metrics, stats, runs.values())
    return VersionTable(
        page=shown,
        rows=[
            VersionRow(
                version=version,
                aliases=aliases[version.pk],
                metrics=[
                    _cell(stats.get(version.run_id, {}), name, best.get(name)) for name in metrics
                ],
                params=[params.get(version.run_id, {}).get(name) for name in chosen_params],
            )
            for version in found
        ],
        metrics=[_column(name, runs.values()) for name in metrics],
        params=chosen_params,
        has_stages=any(version.stage != Stage.NONE for version in found),
    )


def sort_versions(versions: QuerySet[ModelVersion], sort: str) -> QuerySet[ModelVersion]:
    """``versions`` by a column, from the other end with a minus; those without a value last.

    What cannot be sorted by leaves the newest first.
    """
    column = sort.removeprefix("-")
    key: Any = None
    if column in SORTS:
        key = F(SORTS[column])
    elif column.startswith(METRIC_SORT):
        name = column.removeprefix(METRIC_SORT)
        stats = MetricStat.objects.filter(
            run=OuterRef("run"), key=metric_key_ids([name]).get(name, -1)
        )
        versions = versions.annotate(sorted_by=Subquery(stats.values("last")))
        key = F("sorted_by")
    if key is None:
        return versions.newest_first()
    directed = key.desc(nulls_last=True) if sort.startswith("-") else key.asc(nulls_last=True)
    return versions.order_by(directed, "-version")


def _stats(runs: Mapping[int, Run]) -> dict[int, dict[str, float]]:
    """The last value of each metric of each run."""
    found: dict[int, dict[str, float]] = defaultdict(dict)
    rows = MetricStat.objects.filter(run__in=list(runs))
    for run, name, last in rows.values_list("run_id", "key__name", "last"):
        if not name.startswith(SYSTEM_PREFIX):
            found[run][name] = float("nan") if last is None else last
    return found


def _params(runs: Mapping[int, Run]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = defaultdict(dict)
    rows = Param.objects.filter(run__in=list(runs))
    for run, key, value in rows.values_list("run_id", "key", "value"):
        found[run][key] = value
    return found


def _chosen_metrics(runs: Iterable[Run], stats: Mapping[int, Mapping[str, float]]) -> Sequence[str]:
    """The metrics that differ between the versions: primary ones first, then those of which it
    is known what is better, then those that most versions have.
    """
    experiments = {run.experiment for run in runs}
    primary = {experiment.primary_metric for experiment in experiments}
    values: dict[str, list[float]] = defaultdict(list)
    for logged in stats.values():
        for name, value in logged.items():
            values[name].append(value)
    telling = [
        name
        for name, all_values in values.items()
        if len(stats) == 1 or len(set(all_values)) > 1 or name in primary
    ]
    telling.sort(
        key=lambda name: (
            name not in primary,
            which_is_better(name, experiments=experiments) is None,
            -len(values[name]),
            name.lower(),
            name,
        )
    )
    return telling[:MAX_METRICS]


def _chosen_params(
    runs: Mapping[int, Run], params: Mapping[int, Mapping[str, str]]
) -> Sequence[str]:
    """The hyperparameters that differ between the versions' runs, the commonest first.

    One that fewer than half of them have tells more of the code than of the versions.
    """
    counts: dict[str, int] = defaultdict(int)
    values: dict[str, set[str | None]] = defaultdict(set)
    names = sorted({name for logged in params.values() for name in logged})
    for run in runs:
        logged = params.get(run, {})
        for name in names:
            values[name].add(logged.get(name))
            counts[name] += name in logged
    differing = [name for name in names if len(values[name]) > 1 and 2 * counts[name] >= len(runs)]
    differing.sort(key=lambda name: (-counts[name], name.lower()))
    return differing[:MAX_PARAMS]


def _best_values(
    metrics: Iterable[str], stats: Mapping[int, Mapping[str, float]], runs: Iterable[Run]
) -> dict[str, float | None]:
    """The best value of each metric of which it is known what is better."""
    if len(stats) < 2:
        return {}
    experiments = {run.experiment for run in runs}
    found = {}
    for name in metrics:
        better = which_is_better(name, experiments=experiments)
        if better is not None:
            found[name] = better.best(logged.get(name) for logged in stats.values())
    return found


def _cell(logged: Mapping[str, float], name: str, best: float | None) -> Cell:
    value = logged.get(name)
    return Cell(value, is_best=best is not None and value == best)


def _column(name: str, runs: Iterable[Run]) -> MetricColumn:
    better = which_is_better(name, experiments={run.experiment for run in runs})
    return MetricColumn(name, better.words if better else "")


def _aliases(versions: Sequence[ModelVersion]) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    rows = ModelAlias.objects.filter(model_version__in=versions).order_by("alias")
    for version, alias in rows.values_list("model_version_id", "alias"):
        found[version].append(alias)
    return found
