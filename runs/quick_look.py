"""What a list shows of one run beside it: the run's values against the baseline's, and its note.

``look=<run id>`` in the address of a list opens it. The run need not be among those listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, IntegerField, Value, When
from django.http import QueryDict

from artifacts.media import content_type
from artifacts.paths import ArtifactPath
from core.time import now_ms
from runs.access import is_run_id
from runs.baseline import Baseline, Delta, find_baseline
from runs.browse import first_choice
from runs.column_values import metric_values
from runs.columns import Column
from runs.detail import read_files
from runs.models import KeyKind, MetricStat, Param, Run, RunKey, RunStatus
from runs.run_metrics import SYSTEM_PREFIX, MetricRow, metric_row
from runs.run_tags import Tags, read_tags
from runs.scope import Scope
from runs.sparklines import sparklines
from runs.status import shown_statuses

LOOK_KEY = "look"

MAX_PARAMS = 24
MAX_METRICS = 16
MAX_TAGS = 16


@dataclass(frozen=True)
class ParamRow:
    """A hyperparameter; ``base`` is the baseline's value, None where it has none."""

    key: str
    value: str | None
    base: str | None = None


@dataclass(frozen=True)
class LookParams:
    """Those that differ from the baseline's or, without one, that vary between the runs.

    ``hidden`` are as many more of these as the panel has no room for, ``total`` all of the run.
    """

    rows: Sequence[ParamRow]
    hidden: int
    total: int


@dataclass(frozen=True)
class LookMetric:
    """A metric, with its course, and how far it is from the baseline's."""

    row: MetricRow
    delta: Delta | None = None


@dataclass(frozen=True)
class Look:
    """What the panel says of a run. ``baseline`` is None if it is held against none."""

    run: Run
    status: str
    duration_ms: int
    is_running: bool
    baseline: Run | None
    params: LookParams
    metrics: Sequence[LookMetric]
    metric_total: int
    tags: Tags
    image: ArtifactPath | None


def looked_at(query: QueryDict) -> str:
    """The id of the run that an address has open; "" if it has none."""
    return query.get(LOOK_KEY, "").strip()


def without_look(query: QueryDict) -> QueryDict:
    """The rest of an address: what its list is."""
    rest = query.copy()
    rest.pop(LOOK_KEY, None)
    return rest


def look_url(address: str | None) -> str:
    """The list at ``address``, up to the id of the run that is looked at."""
    path, _, text = (address or "").partition("?")
    query = without_look(QueryDict(text)).urlencode()
    return f"{path}?{query}&{LOOK_KEY}=" if query else f"{path}?{LOOK_KEY}=" if path else ""


def read_look(run_id: str, scope: Scope, query: QueryDict) -> Look | None:
    """What there is to see of a run of the workspace; None if it is not there."""
    run = None
    if is_run_id(run_id):
        runs = Run.objects.in_workspace(scope.workspace)
        run = runs.select_related("experiment__workspace").filter(run_id=run_id).first()
    if run is None:
        return None
    baseline = find_baseline(query, scope)
    if baseline == run:
        baseline = None
    now = now_ms()
    stats, total = _stats(run)
    return Look(
        run=run,
        status=shown_statuses([run], now=now)[run.pk],
        duration_ms=max(0, (now if run.end_time is None else run.end_time) - run.start_time),
        is_running=run.status == RunStatus.RUNNING and run.end_time is None,
        baseline=baseline,
        params=_params(run, baseline),
        metrics=_metrics(run, stats, baseline, scope),
        metric_total=total,
        tags=read_tags(run, shown=MAX_TAGS),
        image=_first_image(run),
    )


def _params(run: Run, baseline: Run | None) -> LookParams:
    owners = [run.pk] if baseline is None else [run.pk, baseline.pk]
    values: dict[int, dict[str, str]] = {pk: {} for pk in owners}
    for pk, key, value in Param.objects.filter(run__in=owners).values_list("run", "key", "value"):
        values[pk][key] = value
    own = values[run.pk]
    if baseline is None:
        varying = RunKey.objects.filter(
            experiment=run.experiment, kind=KeyKind.PARAM, varies=True
        ).values_list("name", flat=True)
        shown = own.keys() & set(varying)
        base = {}
    else:
        base = values[baseline.pk]
        shown = {key for key in own.keys() | base.keys() if own.get(key) != base.get(key)}
    names = sorted(shown, key=lambda key: (key.lower(), key))
    return LookParams(
        rows=[ParamRow(key, own.get(key), base.get(key)) for key in names[:MAX_PARAMS]],
        hidden=max(0, len(names) - MAX_PARAMS),
        total=len(own),
    )


def _stats(run: Run) -> tuple[Sequence[MetricStat], int]:
    """The metrics that the panel has room for, the primary one first, and how many there are."""
    order = Case(
        When(key__name=run.experiment.primary_metric, then=Value(0)),
        When(key__name__startswith=SYSTEM_PREFIX, then=Value(2)),
        default=Value(1),
        output_field=IntegerField(),
    )
    stats = list(run.stats.select_related("key").order_by(order, "key__name")[: MAX_METRICS + 1])
    total = run.stats.count() if len(stats) > MAX_METRICS else len(stats)
    return stats[:MAX_METRICS], total


def _metrics(
    run: Run, stats: Sequence[MetricStat], baseline: Run | None, scope: Scope
) -> Sequence[LookMetric]:
    drawings = sparklines(run, stats)
    held_against = None
    if baseline is not None:
        columns = [Column(KeyKind.METRIC, stat.key.name) for stat in stats]
        of_run = metric_values([baseline.pk], columns, scope.experiments)
        values = {column: of[baseline.pk] for column, of in of_run.items() if baseline.pk in of}
        held_against = Baseline(baseline, baseline.run_id, values, "", scope)
    rows = [metric_row(stat, run.experiment, sparkline=drawings.get(stat.key_id)) for stat in stats]
    return [
        LookMetric(
            row, held_against and held_against.delta(Column(KeyKind.METRIC, row.name), row.last)
        )
        for row in rows
    ]


def _first_image(run: Run) -> ArtifactPath | None:
    """The picture that the page of the run's files begins with, if it does with one."""
    chosen = first_choice(read_files(run))
    return chosen if content_type(chosen.name).startswith("image/") else None
