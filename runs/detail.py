"""What the page of one run shows, read in a number of queries that no row changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from core.formatting import RELATIVE_LIMIT
from core.time import now_ms
from runs.failures import Failure, read_failure
from runs.models import OPEN_STATUSES, LoggedModel, Run, RunInput, RunStatus
from runs.outputs import RunFiles, Tally, run_files
from runs.relatives import (
    Best,
    Children,
    Other,
    Standing,
    newer_run,
    older_run,
    parent_of,
    read_best,
    read_children,
    read_standing,
)
from runs.run_metrics import Metrics, read_metrics
from runs.run_tags import MAX_TAGS, Pair, Source, Tags, read_tags
from runs.schemas import Column, columns, row_count
from runs.status import shown_statuses

# What the table of hyperparameters holds before it has to be searched.
MAX_PARAMS = 200


@dataclass(frozen=True)
class Params:
    """The hyperparameters that match ``search``, up to a limit."""

    rows: Sequence[Pair]
    total: int
    matching: int
    search: str


@dataclass(frozen=True)
class DatasetUse:
    """A dataset that the run read, and what for."""

    name: str
    digest: str
    context: str
    source_type: str
    source: str
    columns: Sequence[Column]
    rows: int | None


@dataclass(frozen=True)
class Header:
    """What stands above every page of one run."""

    run: Run
    status: str
    duration_ms: int
    is_recent: bool
    tags: Tags
    newer: Run | None
    older: Run | None
    parent: Run | None
    best: Best | None
    models: Sequence[LoggedModel]
    files: RunFiles
    tally: Tally

    @property
    def has_model(self) -> bool:
        """Whether there is something that can be saved as an ML model."""
        return bool(self.models or self.tally.model_folders)

    @property
    def is_open(self) -> bool:
        """Whether more may come."""
        return self.run.status in OPEN_STATUSES

    @property
    def comparable(self) -> Sequence[Other]:
        """The runs that this one is most likely to be compared with, each once."""
        best = self.best.run if self.best else None
        others = [
            ("Best run", best),
            ("Previous run", self.older),
            ("Next run", self.newer),
            ("Parent run", self.parent),
        ]
        found: dict[str, Other] = {}
        for label, other in others:
            if other is not None and other.pk != self.run.pk:
                found.setdefault(other.run_id, Other(label, other))
        return list(found.values())

    @property
    def source(self) -> Source:
        return self.tags.source

    @property
    def user(self) -> str:
        return self.run.user_id or self.tags.reservednumber_of("mlflow.user")


@dataclass(frozen=True)
class Detail:
    """All that the page of one run shows below its header."""

    metrics: Metrics
    params: Params
    children: Children
    datasets: Sequence[DatasetUse]
    standing: Standing | None
    failure: Failure | None
    versions: Sequence[object] = ()


def read_header(run: Run, *, tags_shown: int | None = MAX_TAGS) -> Header:
    """Read what stands above every page of ``run``, and its tags."""
    now = now_ms()
    models = logged_models(run)
    files = run_files(run, models)
    return Header(
        run=run,
        status=shown_statuses([run], now=now)[run.pk],
        duration_ms=max(0, (now if run.end_time is None else run.end_time) - run.start_time),
        is_recent=0 <= now - run.start_time < RELATIVE_LIMIT,
        tags=read_tags(run, shown=tags_shown),
        newer=newer_run(run),
        older=older_run(run),
        parent=parent_of(run),
        best=read_best(run.experiment),
        models=models,
        files=files,
        tally=files.tally(),
    )


def read_files(run: Run) -> RunFiles:
    """The output files of ``run``."""
    return run_files(run, logged_models(run))


def read_detail(
    header: Header, *, metric_search: str = "", param_search: str = "", charted: str = ""
) -> Detail:
    """Read what the page of a run shows.

    The searches narrow its two long tables; ``charted`` names a metric whose chart comes first.
    """
    run = header.run
    metrics = read_metrics(run, metric_search, charted)
    return Detail(
        metrics=metrics,
        params=_params(run, param_search),
        children=read_children(run),
        datasets=_datasets(run),
        standing=read_standing(metrics.headlines, header.best, run.experiment),
        failure=read_failure(header.files) if run.status == RunStatus.FAILED else None,
        versions=_versions(run),
    )


def logged_models(run: Run) -> Sequence[LoggedModel]:
    """The models that the run made, newest first."""
    made = LoggedModel.objects.filter(
        Q(source_run_id=run.run_id) | Q(pk__in=run.outputs.values("model")),
        experiment__workspace=run.experiment.workspace,
        deleted_time=None,
    )
    return list(made.order_by("-creation_time", "model_id"))


def _datasets(run: Run) -> Sequence[DatasetUse]:
    inputs = RunInput.objects.filter(run=run, dataset__isnull=False).select_related("dataset")
    return [
        DatasetUse(
            name=used.dataset.name,
            digest=used.dataset.digest,
            context=used.context,
            source_type=used.dataset.source_type,
            source=used.dataset.source,
            columns=columns(used.dataset.schema),
            rows=row_count(used.dataset.profile),
        )
        for used in inputs.order_by("dataset__name", "pk")
    ]


def _versions(run: Run) -> Sequence[object]:
    """The model versions saved from the run; the registry stands above and adds the relation."""
    versions = run.model_versions.filter(deleted_time=None).select_related("model__workspace")
    return list(versions.prefetch_related("aliases").order_by("-creation_time", "-pk"))


def _params(run: Run, search: str) -> Params:
    pairs = [Pair(key, value) for key, value in run.params.values_list("key", "value")]
    pairs.sort(key=lambda pair: pair.key.lower())
    sought = search.lower()
    matching = [
        pair for pair in pairs if sought in pair.key.lower() or sought in pair.value.lower()
    ]
    return Params(
        rows=matching[:MAX_PARAMS], total=len(pairs), matching=len(matching), search=search
    )
