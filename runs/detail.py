"""What the page of one run shows, read in a number of queries that no row changes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode, urlsplit

from django.db.models import Count, Q

from artifacts.paths import ArtifactPath
from core.formatting import RELATIVE_LIMIT, is_finite
from core.time import now_ms
from experiments.models import NOTE_TAG, Direction, Experiment
from runs.charts.cards import ChartCard, chart_card
from runs.charts.page import card_id
from runs.charts.plots import charted_runs, one_metric
from runs.charts.spec import ChartSpec
from runs.colors import CHOICES, COLOR_TAG, readable_color
from runs.directions import Better, which_is_better
from runs.forms import RESERVED_PREFIX
from runs.models import OPEN_STATUSES, LoggedModel, MetricStat, Run, RunInput, RunStatus
from runs.outputs import RunFiles, Tally, run_files
from runs.schemas import Column, columns, row_count
from runs.sparklines import Sparkline, sparklines
from runs.status import shown_statuses

# What a table of a page holds before it has to be searched.
MAX_METRICS = 200
MAX_PARAMS = 200
MAX_TAGS = 100
MAX_CHILDREN = 200
MAX_CHARTS = 6
MAX_HEADLINES = 3

# How many runs one comparison holds in its address.
MAX_COMPARED = 40

SYSTEM_PREFIX = "system/"

# Where a failed run's last words are looked for, and how many of them are shown.
MAX_LOG_FOLDERS = 20
MAX_LOG_BYTES = 4096
MAX_LOG_LINES = 12
_LOG_FOLDERS = {"log", "logs", "output", "outputs"}
_LOG_NAME = re.compile(r"\.(log|err|out)$|(traceback|stderr|error).*\.txt$", re.IGNORECASE)
_ERROR_NAME = re.compile(r"err|trace|fail", re.IGNORECASE)

# Names that say how good a run is rather than how its training went.
_TELLING = re.compile(r"val|test|eval|holdout|valid", re.IGNORECASE)


@dataclass(frozen=True)
class Pair:
    """A hyperparameter or a tag."""

    key: str
    value: str

    @property
    def is_number(self) -> bool:
        try:
            float(self.value)
        except ValueError:
            return False
        return True


@dataclass(frozen=True)
class Source:
    """What code ran: ``url``, ``repo_url`` and ``commit_url`` only where they are addresses."""

    name: str
    kind: str
    url: str
    commit: str
    branch: str
    repo_url: str
    entry_point: str

    @property
    def short_name(self) -> str:
        return re.split(r"[/\\]", self.name.rstrip("/\\"))[-1] or self.name

    @property
    def short_commit(self) -> str:
        return self.commit[:7]

    @property
    def commit_url(self) -> str:
        return f"{self.repo_url}/commit/{self.commit}" if self.repo_url and self.commit else ""


@dataclass(frozen=True)
class Tags:
    """A run's tags, sorted: its people's own, and those that MLflow writes.

    ``shown`` are those of ``own`` that a page shows.
    """

    own: Sequence[Pair]
    shown: Sequence[Pair]
    reserved: Sequence[Pair]

    def reserved_value(self, key: str) -> str:
        """The value of a tag of MLflow's, empty if the run has none of that name."""
        return next((pair.value for pair in self.reserved if pair.key == key), "")

    @property
    def note(self) -> str:
        return self.reserved_value(NOTE_TAG)

    @property
    def color(self) -> str:
        return readable_color(self.reserved_value(COLOR_TAG))

    @property
    def colors(self) -> Sequence[tuple[str, str]]:
        """The colors to choose from, with their names."""
        return CHOICES

    @property
    def source(self) -> Source:
        name = self.reserved_value("mlflow.source.name")
        return Source(
            name=name,
            kind=self.reserved_value("mlflow.source.type").lower(),
            url=name if _is_address(name) else "",
            commit=self.reserved_value("mlflow.source.git.commit"),
            branch=self.reserved_value("mlflow.source.git.branch"),
            repo_url=_repo_address(self.reserved_value("mlflow.source.git.repoURL")),
            entry_point=self.reserved_value("mlflow.project.entryPoint"),
        )


@dataclass(frozen=True)
class MetricRow:
    """One metric: what is known of it, and the drawing of its course if it has one."""

    stat: MetricStat
    sparkline: Sparkline | None = None
    is_primary: bool = False
    # Which of its values are better; None where nobody can tell.
    better: Better | None = None
    # Where on the page its course is drawn; empty if it has none.
    chart_url: str = ""

    @property
    def name(self) -> str:
        return self.stat.key.name

    @property
    def is_series(self) -> bool:
        return self.stat.count > 1

    @property
    def last(self) -> float:
        return _value(self.stat.last)

    @property
    def minimum(self) -> float:
        return _value(self.stat.minimum)

    @property
    def maximum(self) -> float:
        return _value(self.stat.maximum)

    @property
    def is_minimum_best(self) -> bool:
        return self.better is not None and not self.better.is_higher

    @property
    def is_maximum_best(self) -> bool:
        return self.better is not None and self.better.is_higher


@dataclass(frozen=True)
class MetricSection:
    """Metrics under one heading; the first has none."""

    anchor: str
    title: str
    rows: Sequence[MetricRow]


@dataclass(frozen=True)
class Metrics:
    """The metrics that the page shows: those that match ``search``, up to a limit."""

    sections: Sequence[MetricSection]
    charts: Sequence[ChartCard]
    # How many of them have more than one point, and so a chart.
    chartable: int
    headlines: Sequence[MetricRow]
    total: int
    matching: int
    shown: int
    search: str

    @property
    def has_series(self) -> bool:
        """Whether any metric that shows has more than one point."""
        return any(row.is_series for section in self.sections for row in section.rows)


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
class Child:
    """A child run, with the last value of the metric that its siblings show too."""

    run: Run
    value: float | None = None
    is_best: bool = False


@dataclass(frozen=True)
class Children:
    """A run's children, the best first if there is a primary metric, else the newest."""

    rows: Sequence[Child] = ()
    total: int = 0
    # The metric whose values they show; empty if none logged any.
    metric: str = ""

    @property
    def compared(self) -> str:
        """The ids of those that one comparison can hold, as its address has them."""
        return ",".join(row.run.run_id for row in self.rows[:MAX_COMPARED])


@dataclass(frozen=True)
class Best:
    """The best value of the primary metric in the experiment, and the run that has it."""

    value: float
    run: Run


@dataclass(frozen=True)
class Standing:
    """How a run compares with the best one; ``behind`` is never negative."""

    behind: float

    @property
    def is_best(self) -> bool:
        return self.behind == 0


@dataclass(frozen=True)
class Other:
    """A run to compare with, and what it is to this one."""

    label: str
    run: Run


@dataclass(frozen=True)
class Failure:
    """The end of the log that a failed run left; empty if it left none."""

    path: ArtifactPath | None = None
    log: str = ""


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
        return self.run.user_id or self.tags.reserved_value("mlflow.user")


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
        newer=_newer(run),
        older=_older(run),
        parent=_parent(run),
        best=_best(run.experiment),
        models=models,
        files=files,
        tally=files.tally(),
    )


def read_files(run: Run) -> RunFiles:
    """The output files of ``run``."""
    return run_files(run, logged_models(run))


def read_tags(run: Run, *, shown: int | None = MAX_TAGS) -> Tags:
    """The tags of ``run``, of which a page shows as many as ``shown`` says; None means all."""
    pairs = [Pair(key, value) for key, value in run.tags.values_list("key", "value")]
    pairs.sort(key=lambda pair: pair.key.lower())
    own = [pair for pair in pairs if not pair.key.startswith(RESERVED_PREFIX)]
    return Tags(
        own=own,
        shown=own[:shown],
        reserved=[pair for pair in pairs if pair.key.startswith(RESERVED_PREFIX)],
    )


def read_detail(
    header: Header, *, metric_search: str = "", param_search: str = "", charted: str = ""
) -> Detail:
    """Read what the page of a run shows.

    The searches narrow its two long tables; ``charted`` names a metric whose chart comes first.
    """
    run = header.run
    metrics = _metrics(run, metric_search, charted)
    return Detail(
        metrics=metrics,
        params=_params(run, param_search),
        children=_children(run),
        datasets=_datasets(run),
        standing=_standing(metrics.headlines, header.best, run.experiment),
        failure=_failure(header.files) if run.status == RunStatus.FAILED else None,
        versions=_versions(run),
    )


def _newer(run: Run) -> Run | None:
    beside = _siblings(run).filter(start_time__gte=run.start_time)
    beside = beside.exclude(start_time=run.start_time, run_id__gte=run.run_id)
    return beside.order_by("start_time", "-run_id").first()


def _older(run: Run) -> Run | None:
    beside = _siblings(run).filter(start_time__lte=run.start_time)
    beside = beside.exclude(start_time=run.start_time, run_id__lte=run.run_id)
    return beside.newest_first().first()


def _siblings(run: Run):
    return run.experiment.runs.active().select_related("experiment__workspace")


def _parent(run: Run) -> Run | None:
    if not run.parent_run_id:
        return None
    return (
        Run.objects.in_workspace(run.experiment.workspace)
        .select_related("experiment__workspace")
        .filter(run_id=run.parent_run_id)
        .first()
    )


def _children(run: Run) -> Children:
    children = (
        Run.objects.in_workspace(run.experiment.workspace)
        .active()
        .filter(parent_run_id=run.run_id)
        .select_related("experiment__workspace")
    )
    newest = list(children.newest_first()[:MAX_CHILDREN])
    if not newest:
        return Children()
    experiment = run.experiment
    metric = experiment.primary_metric or _commonest_metric(newest)
    values = dict(
        MetricStat.objects.filter(run__in=newest, key__name=metric).values_list("run_id", "last")
    )
    rows = [
        Child(child, _value(values[child.pk])) if child.pk in values else Child(child)
        for child in newest
    ]
    better = which_is_better(metric, experiments=[experiment])
    return Children(
        rows=_best_first(rows, better) if better else rows,
        total=len(newest) if len(newest) < MAX_CHILDREN else children.count(),
        metric=metric,
    )


def _commonest_metric(runs: Sequence[Run]) -> str:
    """The metric that most of ``runs`` logged; empty if there is none."""
    counted = MetricStat.objects.filter(run__in=runs).values("key__name")
    commonest = counted.annotate(runs=Count("run")).order_by("-runs", "key__name").first()
    return commonest["key__name"] if commonest else ""


def _best_first(rows: Sequence[Child], better: Better) -> Sequence[Child]:
    """Children by their value, those without a number last, in the order they came in."""
    numbers = [row for row in rows if is_finite(row.value)]
    if not numbers:
        return rows
    ranked = sorted(numbers, key=lambda row: row.value, reverse=better.is_higher)
    rest = [row for row in rows if not is_finite(row.value)]
    return [replace(ranked[0], is_best=True), *ranked[1:], *rest]


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


def _best(experiment: Experiment) -> Best | None:
    if not experiment.primary_metric:
        return None
    order = "-last" if experiment.primary_direction == Direction.HIGHER else "last"
    stat = (
        MetricStat.objects.filter(
            experiment=experiment,
            key__name=experiment.primary_metric,
            last__isnull=False,
            run__lifecycle_stage="active",
        )
        .order_by(order, "run")
        .select_related("run__experiment__workspace")
        .first()
    )
    return None if stat is None else Best(stat.last, stat.run)


def _metrics(run: Run, search: str, charted: str) -> Metrics:
    experiment = run.experiment
    primary = experiment.primary_metric
    stats = sorted(run.stats.select_related("key"), key=lambda stat: _metric_order(stat, primary))
    matching = [stat for stat in stats if search.lower() in stat.key.name.lower()]
    shown = matching[:MAX_METRICS]
    drawings = sparklines(run, shown)
    series = [stat for stat in stats if stat.count > 1]
    charts = _charts(run, sorted(series, key=lambda stat: stat.key.name != charted)[:MAX_CHARTS])
    links = {stat.key.name: f"?{urlencode({'show': stat.key.name})}#charts" for stat in series}
    links |= {card.spec.metric: f"#{card.id}" for card in charts}
    rows = [
        replace(
            metric_row(stat, experiment, sparkline=drawings.get(stat.key_id)),
            chart_url=links.get(stat.key.name, ""),
        )
        for stat in shown
    ]
    system = [row for row in rows if row.name.startswith(SYSTEM_PREFIX)]
    own = [row for row in rows if not row.name.startswith(SYSTEM_PREFIX)]
    sections = [
        MetricSection("metric-rows", "", own),
        MetricSection("system-metric-rows", "System metrics", system),
    ]
    return Metrics(
        sections=[section for section in sections if section.rows],
        charts=charts,
        chartable=len(series),
        headlines=[metric_row(stat, experiment) for stat in _headlines(stats, primary)],
        total=len(stats),
        matching=len(matching),
        shown=len(shown),
        search=search,
    )


def metric_row(
    stat: MetricStat, experiment: Experiment, *, sparkline: Sparkline | None = None
) -> MetricRow:
    """One metric of a run; its key comes with it."""
    return MetricRow(
        stat=stat,
        sparkline=sparkline,
        is_primary=stat.key.name == experiment.primary_metric,
        better=which_is_better(stat.key.name, experiments=[experiment]),
    )


def _charts(run: Run, stats: Sequence[MetricStat]) -> list[ChartCard]:
    runs = charted_runs([run])
    return [
        chart_card(
            one_metric(ChartSpec(stat.key.name), runs, {run.pk: stat}),
            id=card_id(stat.key.name),
            workspace=run.experiment.workspace.slug,
            better=which_is_better(stat.key.name, experiments=[run.experiment]),
        )
        for stat in stats
    ]


def _metric_order(stat: MetricStat, primary: str) -> tuple:
    name = stat.key.name
    return (name != primary, name.startswith(SYSTEM_PREFIX), name.lower(), name)


def _headlines(stats: Sequence[MetricStat], primary: str) -> Sequence[MetricStat]:
    """The few metrics that say most of the run: the primary one, then those of validation."""
    own = [stat for stat in stats if not stat.key.name.startswith(SYSTEM_PREFIX)]
    telling = sorted(
        own, key=lambda stat: (stat.key.name != primary, not _TELLING.search(stat.key.name))
    )
    return telling[:MAX_HEADLINES]


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


def _value(stored: float | None) -> float:
    return float("nan") if stored is None else stored


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _repo_address(text: str) -> str:
    """A repository's page on the web; empty if ``text`` names none.

    Secrets that a clone's address may carry are left out.
    """
    secure_shell = re.fullmatch(r"(?:ssh://)?git@([\w.\-]+)[:/]([\w.\-/~]+?)(?:\.git)?/?", text)
    if secure_shell:
        return f"https://{secure_shell.group(1)}/{secure_shell.group(2)}"
    if not _is_address(text):
        return ""
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/').removesuffix('.git')}"


def _standing(
    headlines: Sequence[MetricRow], best: Best | None, experiment: Experiment
) -> Standing | None:
    own = next((row for row in headlines if row.is_primary), None)
    if best is None or own is None or not is_finite(own.last) or not is_finite(best.value):
        return None
    sign = 1 if experiment.primary_direction == Direction.HIGHER else -1
    # A run in the Trash may be better than the best that is not.
    return Standing(behind=max(0.0, sign * (best.value - own.last)))


def _failure(files: RunFiles) -> Failure:
    """The end of the file that most looks like the log of a failed run."""
    top = files.list(ArtifactPath())
    nearby = [entry for entry in top if not entry.is_folder]
    for folder in top[:MAX_LOG_FOLDERS]:
        if folder.is_folder and folder.name.lower() in _LOG_FOLDERS:
            nearby += [entry for entry in files.list(folder.path) if not entry.is_folder]
    logs = [entry for entry in nearby if _LOG_NAME.search(entry.name) and entry.size]
    if not logs:
        return Failure()
    log = min(logs, key=lambda entry: not _ERROR_NAME.search(entry.name))
    start = max(0, log.size - MAX_LOG_BYTES)
    text = b"".join(files.open(log.path, start=start)).decode(errors="replace")
    return Failure(path=log.path, log="\n".join(text.rstrip().splitlines()[-MAX_LOG_LINES:]))
