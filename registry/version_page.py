"""What the page of one version shows, read in a number of queries that no row changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from artifacts.paths import ArtifactPath
from registry.actions.versions import PROMPT_TEXT_TAG
from registry.files import FileTree, file_tree, version_files
from registry.models import ModelVersion
from runs.mlmodel import ModelDescription
from runs.models import LoggedModel, Run
from runs.previews import model_in
from runs.run_metrics import SYSTEM_PREFIX
from runs.run_tags import Pair

# What a table of the page holds; the run's own page has all.
MAX_METRICS = 200
MAX_PARAMS = 500

# How many of a logged model's points are looked through for the latest of each metric.
MAX_POINTS = 5000


@dataclass(frozen=True)
class MetricRow:
    """One metric's last value; ``dataset`` if the logged model was measured on one."""

    name: str
    value: float
    dataset: str = ""
    is_primary: bool = False


@dataclass(frozen=True)
class Other:
    """A version to compare with, and what it is to this one."""

    label: str
    version: ModelVersion


@dataclass(frozen=True)
class Detail:
    """All that the page of one version shows beyond the version's own fields."""

    aliases: Sequence[str]
    metrics: Sequence[MetricRow]
    metric_count: int
    params: Sequence[Pair]
    param_count: int
    newer: ModelVersion | None
    older: ModelVersion | None
    comparable: Sequence[Other]
    files: FileTree | None
    description: ModelDescription | None
    prompt: str | None


def read_detail(version: ModelVersion) -> Detail:
    """Read what the page of ``version`` shows."""
    metrics = _metrics(version)
    params = _params(version)
    files = version_files(version)
    newer = _beside(version).filter(version__gt=version.version).order_by("version").first()
    older = _beside(version).filter(version__lt=version.version).newest_first().first()
    return Detail(
        aliases=sorted(version.aliases.values_list("alias", flat=True)),
        metrics=metrics[:MAX_METRICS],
        metric_count=len(metrics),
        params=params[:MAX_PARAMS],
        param_count=len(params),
        newer=newer,
        older=older,
        comparable=_comparable(version, older, newer),
        files=None if files is None else file_tree(version, files),
        description=None if files is None else model_in(files, ArtifactPath()),
        prompt=version.tags.filter(key=PROMPT_TEXT_TAG).values_list("value", flat=True).first(),
    )


def _beside(version: ModelVersion):
    return version.model.versions.live().select_related("model__workspace", "run")


def _comparable(
    version: ModelVersion, older: ModelVersion | None, newer: ModelVersion | None
) -> Sequence[Other]:
    """The versions that this one is most likely to be compared with, each once."""
    if version.run is None:
        return ()
    held = version.model.aliases.select_related("model_version__run").order_by("alias")
    others = [(alias.alias, alias.model_version) for alias in held]
    others += [("Previous version", older), ("Next version", newer)]
    found: dict[int, Other] = {}
    for label, other in others:
        if other is not None and other.run_id not in (None, version.run_id):
            found.setdefault(other.pk, Other(label, other))
    return list(found.values())


def _metrics(version: ModelVersion) -> list[MetricRow]:
    """The last values of the run's metrics, then of what the logged model was measured by."""
    primary = version.run.experiment.primary_metric if version.run else ""
    rows = {} if version.run is None else _run_metrics(version.run, primary)
    for name, dataset, value in _model_metrics(version.logged_model):
        known = rows.get((name, ""))
        if known is None:
            rows[name, dataset] = MetricRow(name, value, dataset)
        elif dataset and known.value == value:
            # A run's metric that is the model's too: one value, and the dataset is worth saying.
            rows[name, ""] = replace(known, dataset=dataset)
        elif dataset:
            rows[name, dataset] = MetricRow(name, value, dataset)
    return sorted(
        rows.values(), key=lambda row: (not row.is_primary, row.name.lower(), row.dataset)
    )


def _run_metrics(run: Run, primary: str) -> dict[tuple[str, str], MetricRow]:
    stats = run.stats.values_list("key__name", "last")
    return {
        (name, ""): MetricRow(name, _value(last), is_primary=name == primary)
        for name, last in stats
        if not name.startswith(SYSTEM_PREFIX)
    }


def _model_metrics(model: LoggedModel | None) -> Iterable[tuple[str, str, float]]:
    """The latest point of each metric on each dataset, among the last ``MAX_POINTS``."""
    if model is None:
        return []
    points = model.metrics.order_by("-step", "-timestamp", "-value")[:MAX_POINTS]
    latest: dict[tuple[str, str], float] = {}
    for key, dataset, value, is_nan in points.values_list("key", "dataset_name", "value", "is_nan"):
        latest.setdefault((key, dataset), _value(None if is_nan else value))
    return [(key, dataset, value) for (key, dataset), value in latest.items()]


def _params(version: ModelVersion) -> list[Pair]:
    """The run's hyperparameters, and those that only the logged model has."""
    found: dict[str, str] = {}
    if version.logged_model is not None:
        found |= dict(version.logged_model.params.values_list("key", "value"))
    if version.run is not None:
        found |= dict(version.run.params.values_list("key", "value"))
    return [Pair(key, found[key]) for key in sorted(found, key=str.lower)]


def _value(stored: float | None) -> float:
    return float("nan") if stored is None else stored
