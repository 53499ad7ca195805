"""The ingest path: one client batch, one short transaction, a fixed number of statements."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from django.db import connection
from django.db.models import Q

from core.db import GoneMeanwhile, action, after_commit, upsert_rows
from core.names import (
    MAX_KEY_LENGTH,
    MAX_PARAM_LENGTH,
    MAX_RUN_TAG_LENGTH,
    check_key,
    check_length,
    invalid_value,
)
from runs.actions.errors import (
    BadPoint,
    BatchTooLarge,
    ParamChanged,
    ParamRepeated,
    RunNotActive,
    UnknownModel,
)
from runs.keys import ensure_metric_key_ids
from runs.models import (
    KeyKind,
    LoggedModel,
    LoggedModelMetric,
    Metric,
    MetricStat,
    Param,
    Run,
    RunKey,
    RunTag,
)
from runs.stats import Point, Stat

MAX_METRICS = 1000
MAX_PARAMS = 100
MAX_TAGS = 100
MAX_ENTRIES = 1000

# Tags that mirror a field of the run.
NAME_TAG = "mlflow.runName"
PARENT_TAG = "mlflow.parentRunId"

_INT64 = range(-(2**63), 2**63)

STAT_COLUMNS = {
    "run_id": "bigint",
    "key_id": "bigint",
    "experiment_id": "bigint",
    "last": "float8",
    "last_step": "bigint",
    "last_timestamp": "bigint",
    "first": "float8",
    "first_step": "bigint",
    "first_timestamp": "bigint",
    "minimum": "float8",
    "minimum_step": "bigint",
    "maximum": "float8",
    "maximum_step": "bigint",
    "total": "float8",
    "count": "bigint",
    "nan_count": "bigint",
}
_STAT_FIELDS = list(STAT_COLUMNS)[3:]
_STAT_UPSERT = "(run_id, key_id) DO UPDATE SET " + ", ".join(
    f'"{field}" = excluded."{field}"' for field in _STAT_FIELDS
)


class MetricLike(Protocol):
    """A logged point: ``timestamp`` in milliseconds, ``step`` any 64-bit integer."""

    key: str
    value: float
    timestamp: int
    step: int
    # The logged model that the point is also about, and the data set it was measured on.
    model_id: str | None
    dataset_name: str | None
    dataset_digest: str | None


class PairLike(Protocol):
    """A param or a tag."""

    key: str
    value: str


@action
def log_batch(
    run: Run,
    *,
    metrics: Sequence[MetricLike] = (),
    params: Sequence[PairLike] = (),
    tags: Sequence[PairLike] = (),
) -> None:
    """Write one client batch: all of it, or, if anything in it is wrong, nothing.

    Points that are there already are left alone, so a retry is harmless. A param value beyond
    6,000 characters and a tag value beyond 8,000 is cut to that, as MLflow does.

    Raises ``RunNotActive``, ``BatchTooLarge``, ``BadName``, ``TooLong``, ``BadPoint``,
    ``ParamRepeated``, ``UnknownModel``, and ``ParamChanged`` when a param already has another
    value.
    """
    _check_sizes(metrics, params, tags)
    for index, metric in enumerate(metrics):
        _check_point(metric, path=f"metrics[{index}].")
    param_values = _checked_params(params)
    tag_values = checked_tags(tags)

    open_for_writing(run)
    write_params(run, param_values)
    write_tags(run, tag_values)
    _write_metrics(run, metrics)


@action
def log_metric(run: Run, metric: MetricLike) -> None:
    """Write one point; the same again is harmless.

    Raises ``RunNotActive``, ``BadName``, ``TooLong``, ``BadPoint`` or ``UnknownModel``.
    """
    _check_point(metric, path="")
    open_for_writing(run)
    _write_metrics(run, [metric])


@action
def log_param(run: Run, param: PairLike) -> None:
    """Write one param; the same again is harmless.

    Raises ``RunNotActive``, ``BadName``, ``TooLong`` or ``ParamChanged``.
    """
    value = _checked_param(param, path="key")
    open_for_writing(run)
    try:
        write_params(run, {param.key: value})
    except ParamChanged as changed:
        raise changed.as_single() from None


def open_for_writing(run: Run) -> None:
    """From here on nobody else writes what is known of the run.

    Raises ``RunNotActive`` or ``GoneMeanwhile``.
    """
    if not run.is_active:
        raise RunNotActive(run)
    if connection.vendor == "postgresql":
        # Statistics are read and written back. The lock keeps two batches for one run apart;
        # on SQLite only one writer can be here at a time.
        locked = Run.objects.select_for_update(no_key=True).filter(pk=run.pk)
        if not locked.values_list("pk", flat=True):
            raise GoneMeanwhile


def write_params(run: Run, values: Mapping[str, str]) -> None:
    """Write checked params; those that are there must be the same. Raises ``ParamChanged``."""
    if not values:
        return
    there = dict(run.params.filter(key__in=values).values_list("key", "value"))
    changes = [
        (key, there[key], value)
        for key, value in values.items()
        if key in there and there[key] != value
    ]
    if changes:
        raise ParamChanged(run, changes)
    upsert_rows(
        Param._meta.db_table,
        {"run_id": "bigint", "key": "varchar", "value": "text"},
        [(run.pk, key, value) for key, value in values.items() if key not in there],
        on_conflict="DO NOTHING",
    )
    note_keys(run.experiment_id, KeyKind.PARAM, values)


def checked_tags(tags: Iterable[PairLike]) -> dict[str, str]:
    """The tags by key, the last of a repeated one; raises ``BadName`` or ``TooLong``."""
    values = {}
    for index, tag in enumerate(tags):
        check_key(tag.key, path=f"tags[{index}].key")
        check_length(tag.key, MAX_KEY_LENGTH, what=f"tags[{index}].key")
        values[tag.key] = (tag.value or "")[:MAX_RUN_TAG_LENGTH]
    return values


def write_tags(run: Run, values: Mapping[str, str]) -> None:
    """Write checked tags over what is there, and the fields of the run that they mirror.

    A run keeps its name: the tag mlflow.runName that is empty says nothing.
    """
    if values.get(NAME_TAG) == "":
        values = {key: value for key, value in values.items() if key != NAME_TAG}
    if not values:
        return
    upsert_rows(
        RunTag._meta.db_table,
        {"run_id": "bigint", "key": "varchar", "value": "text"},
        [(run.pk, key, value) for key, value in values.items()],
        on_conflict="(run_id, key) DO UPDATE SET value = excluded.value",
    )
    mirrored = {}
    if values.get(NAME_TAG, run.name) != run.name:
        mirrored["name"] = run.name = values[NAME_TAG]
    parent = values.get(PARENT_TAG, run.parent_run_id)[:32]
    if parent != run.parent_run_id:
        mirrored["parent_run_id"] = run.parent_run_id = parent
    if mirrored:
        Run.objects.filter(pk=run.pk).update(**mirrored)
    note_keys(run.experiment_id, KeyKind.TAG, values)


def _write_metrics(run: Run, metrics: Sequence[MetricLike]) -> None:
    if not metrics:
        return
    ids = ensure_metric_key_ids({metric.key for metric in metrics})
    series: dict[int, set[Point]] = {}
    for metric in metrics:
        is_nan = math.isnan(metric.value)
        series.setdefault(ids[metric.key], set()).add(
            (metric.step, metric.timestamp, 0.0 if is_nan else metric.value, is_nan)
        )

    known = _read_stats(run, series)
    for key_id, points in _already_written(run, series, known).items():
        series[key_id] -= points
    series = {key_id: points for key_id, points in series.items() if points}

    upsert_rows(
        Metric._meta.db_table,
        {
            "run_id": "bigint",
            "key_id": "bigint",
            "step": "bigint",
            "timestamp": "bigint",
            "value": "float8",
            "is_nan": "bool",
        },
        [(run.pk, key_id, *point) for key_id, points in series.items() for point in points],
        on_conflict="DO NOTHING",
    )
    rows = []
    for key_id, points in series.items():
        stat = Stat.of(points)
        if key_id in known:
            stat = known[key_id].joined(stat)
        rows.append(
            (run.pk, key_id, run.experiment_id, *(getattr(stat, name) for name in _STAT_FIELDS))
        )
    upsert_rows(MetricStat._meta.db_table, STAT_COLUMNS, rows, on_conflict=_STAT_UPSERT)
    note_keys(run.experiment_id, KeyKind.METRIC, {m.key: repr(m.value) for m in metrics})
    _write_model_metrics(run, [metric for metric in metrics if metric.model_id])


def _write_model_metrics(run: Run, metrics: Sequence[MetricLike]) -> None:
    """Note the points on the logged models they are about, too."""
    if not metrics:
        return
    wanted = {metric.model_id for metric in metrics}
    models = dict(
        LoggedModel.objects.filter(
            model_id__in=wanted,
            deleted_time=None,
            experiment__workspace=run.experiment.workspace_id,
        ).values_list("model_id", "pk")
    )
    if wanted - models.keys():
        raise UnknownModel(f"Logged models {sorted(wanted - models.keys())} do not exist.")
    upsert_rows(
        LoggedModelMetric._meta.db_table,
        {
            "model_id": "bigint",
            "run_id": "varchar",
            "key": "varchar",
            "step": "bigint",
            "timestamp": "bigint",
            "value": "float8",
            "is_nan": "bool",
            "dataset_name": "varchar",
            "dataset_digest": "varchar",
        },
        [
            (
                models[metric.model_id],
                run.run_id,
                metric.key,
                metric.step,
                metric.timestamp,
                0.0 if math.isnan(metric.value) else metric.value,
                math.isnan(metric.value),
                metric.dataset_name or "",
                metric.dataset_digest or "",
            )
            for metric in metrics
        ],
        on_conflict="DO NOTHING",
    )


def _read_stats(run: Run, keys: Iterable[int]) -> dict[int, Stat]:
    rows = MetricStat.objects.filter(run=run, key__in=list(keys))
    return {row[0]: Stat(*row[1:]) for row in rows.values_list("key_id", *_STAT_FIELDS)}


def _already_written(
    run: Run, series: Mapping[int, set[Point]], known: Mapping[int, Stat]
) -> dict[int, set[Point]]:
    """Those of the points that are in the table; asks it only where they may be.

    A point after the last known one is new, which in a training loop is every point.
    """
    overlapping = Q()
    for key_id, points in series.items():
        stat = known.get(key_id)
        if stat is None:
            continue
        first = min(points)
        if first[:2] > (stat.last_step, stat.last_timestamp):
            continue
        steps = [point[0] for point in points]
        times = [point[1] for point in points]
        overlapping |= Q(
            key_id=key_id,
            step__range=(min(steps), max(steps)),
            timestamp__range=(min(times), max(times)),
        )
    found: dict[int, set[Point]] = {}
    if overlapping:
        rows = Metric.objects.filter(overlapping, run=run)
        for key_id, *point in rows.values_list("key_id", "step", "timestamp", "value", "is_nan"):
            found.setdefault(key_id, set()).add(tuple(point))
    return found


# Names with a value, as far as this process knows them written: (experiment, kind, name) to the
# sample, or to None once the key is known to vary. What is here needs no statement any more.
_noted: dict[tuple[int, str, str], str | None] = {}


def note_keys(experiment_id: int, kind: str, values: Mapping[str, str]) -> None:
    """Remember that an experiment has seen these names, and which of them vary."""
    news = {}
    for name, value in values.items():
        sample = value[:MAX_KEY_LENGTH]
        noted = _noted.get((experiment_id, kind, name), "")
        if noted is not None and (noted != sample or not sample):
            news[name] = sample
    if not news:
        return
    there = {
        name: None if varies else sample
        for name, sample, varies in RunKey.objects.filter(
            experiment_id=experiment_id, kind=kind, name__in=news
        ).values_list("name", "sample", "varies")
    }
    rows = [
        (experiment_id, kind, name, sample, False)
        for name, sample in news.items()
        if name not in there or there[name] not in (None, sample)
    ]
    _write_keys(rows)
    learned = {
        (experiment_id, kind, name): (None if name in there and there[name] != sample else sample)
        for name, sample in news.items()
    }
    after_commit(lambda: _remember(learned))


def note_value(experiment_ids: Sequence[int], kind: str, name: str, value: str) -> None:
    """Remember that runs of several experiments have one value under one name."""
    sample = value[:MAX_KEY_LENGTH]
    _write_keys([(experiment, kind, name, sample, False) for experiment in experiment_ids])


def _write_keys(rows: Sequence[tuple]) -> None:
    upsert_rows(
        RunKey._meta.db_table,
        {
            "experiment_id": "bigint",
            "kind": "varchar",
            "name": "varchar",
            "sample": "varchar",
            "varies": "bool",
        },
        # In one order, so that two batches never wait for each other's rows.
        sorted(rows),
        on_conflict=(
            "(experiment_id, kind, name) DO UPDATE SET varies = "
            'runs_runkey.varies OR runs_runkey."sample" <> excluded."sample"'
        ),
    )


def forget() -> None:
    """Drop what is remembered, for tests that throw the database away."""
    _noted.clear()


def _remember(learned: Mapping[tuple[int, str, str], str | None]) -> None:
    if len(_noted) > 500_000:
        _noted.clear()
    _noted.update(learned)


def _check_sizes(metrics: Sequence, params: Sequence, tags: Sequence) -> None:
    total = len(metrics) + len(params) + len(tags)
    for what, limit, count in (
        ("metrics", MAX_METRICS, len(metrics)),
        ("params", MAX_PARAMS, len(params)),
        ("tags", MAX_TAGS, len(tags)),
        ("metrics, params, and tags", MAX_ENTRIES, total),
    ):
        if count > limit:
            raise BatchTooLarge(
                f"A batch logging request can contain at most {limit} {what}. Got {count} {what}. "
                f"Please split up {what} across multiple requests and try again."
            )


def _check_point(metric: MetricLike, *, path: str) -> None:
    check_key(metric.key, path=f"{path}name")
    check_length(metric.key, MAX_KEY_LENGTH, what="Metric name")
    if metric.timestamp < 0:
        raise BadPoint(
            invalid_value(
                f"{path}timestamp",
                metric.timestamp,
                f"metric '{metric.key}' (value={metric.value}). "
                "Timestamp must be a nonnegative long (64-bit integer) ",
            )
        )
    if metric.step not in _INT64 or metric.timestamp not in _INT64:
        raise BadPoint(
            invalid_value(
                f"{path}step",
                metric.step,
                f"metric '{metric.key}' (value={metric.value}). "
                "Step must be a valid long (64-bit integer).",
            )
        )


def _checked_params(params: Sequence[PairLike]) -> dict[str, str]:
    values: dict[str, str] = {}
    repeated = []
    for index, param in enumerate(params):
        if param.key in values:
            repeated.append(param.key)
        values[param.key] = _checked_param(param, path=f"params[{index}].key")
    if repeated:
        raise ParamRepeated(
            f"Duplicate parameter keys have been submitted: {repeated}. Please ensure the request "
            "contains only one param value per param key."
        )
    return values


def _checked_param(param: PairLike, *, path: str) -> str:
    check_key(param.key, path=path)
    check_length(param.key, MAX_KEY_LENGTH, what="Param key")
    return (param.value or "")[:MAX_PARAM_LENGTH]
