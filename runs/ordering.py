"""How a run list is sorted, and how its pages are cut so that new runs do not shift them.

A page is found by the values of the row it starts after (a keyset), never by counting rows. Every
key sorts missing values last in both directions.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    OrderBy,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from experiments.models import Experiment
from runs.column_values import statistic_of
from runs.columns import Column, Statistic, parse_column
from runs.expressions import DURATION, TextAsNumber, statistic_expression
from runs.keys import metric_key_ids
from runs.models import KeyKind, MetricStat, Run, RunTag

MAX_KEYS = 5

_SOURCE_TAG = "mlflow.source.name"


@dataclass(frozen=True)
class SortKey:
    """One column to sort by."""

    column: Column
    descending: bool

    @property
    def text(self) -> str:
        return f"{'-' if self.descending else ''}{self.column.id}"


@dataclass(frozen=True)
class _Key:
    """An annotation that rows are ordered by."""

    name: str
    descending: bool

    def order(self, *, backwards: bool) -> OrderBy:
        if backwards:
            return (
                F(self.name).asc(nulls_first=True)
                if self.descending
                else F(self.name).desc(nulls_first=True)
            )
        return (
            F(self.name).desc(nulls_last=True)
            if self.descending
            else F(self.name).asc(nulls_last=True)
        )

    def same(self, value: object) -> Q:
        return Q((f"{self.name}__isnull", True)) if value is None else Q((self.name, value))

    def beyond(self, value: object, *, backwards: bool) -> Q:
        """Rows that come after ``value`` in this key, or before it."""
        if value is None:
            return Q((f"{self.name}__isnull", False)) if backwards else Q(pk__in=[])
        comparison = "lt" if self.descending != backwards else "gt"
        condition = Q((f"{self.name}__{comparison}", value))
        return condition if backwards else condition | Q((f"{self.name}__isnull", True))


@dataclass(frozen=True)
class RunPage:
    """Some runs, and the cursors of the pages beside them; None where there is none."""

    runs: Sequence[Run]
    previous: str | None
    next: str | None


def parse_sort(text: str) -> list[SortKey]:
    """What ``-m.loss,name`` means; what cannot be sorted by is left out."""
    keys: list[SortKey] = []
    for part in text.split(",")[: 2 * MAX_KEYS]:
        column = parse_column(part.strip().removeprefix("-"))
        if column is None or not column.is_sortable:
            continue
        if column not in [key.column for key in keys]:
            keys.append(SortKey(column, descending=part.strip().startswith("-")))
    return keys[:MAX_KEYS]


def page_of_runs(
    runs: QuerySet[Run],
    *,
    sort: Sequence[SortKey],
    cursor: str,
    size: int,
    experiment: Experiment | None = None,
    experiments: Sequence[Experiment] = (),
) -> RunPage:
    """The ``size`` runs after, or before, the row that ``cursor`` names; the first ones without.

    A cursor that is broken, or of another order, is the first page: what a link meant matters
    less than that it shows the list.

    ``experiment`` is given if all runs are of it, and are many of its runs. Then a page in the
    order of a metric is read from the index of the experiment's values. ``experiments`` say which
    values are better, where that matters.
    """
    all_runs = runs
    runs, keys = _annotated(runs, sort, experiments)
    start = _read_cursor(cursor, keys)

    def first_page() -> RunPage:
        return page_of_runs(
            all_runs,
            sort=sort,
            cursor="",
            size=size,
            experiment=experiment,
            experiments=experiments,
        )

    backwards = start is not None and start[0]
    if start is not None:
        try:
            runs = runs.filter(_beyond(keys, start[1], backwards=backwards))
        except (ValueError, OverflowError):
            # Text where a column has numbers: nothing that we wrote.
            return first_page()
    found = []
    # Values that are missing stand behind all others: none of them is between these and the start.
    if experiment and _is_one_metric(sort) and (start is None or start[1][0] is not None):
        found = _read_by_index(runs, experiment, sort[0], backwards=backwards, count=size + 1)
    if len(found) <= size:
        ordered = runs.order_by(*(key.order(backwards=backwards) for key in keys))
        found = list(ordered[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
        if not more:
            # Fewer than a page stand before: show the first page whole.
            return first_page()
    has_next = backwards or more
    has_previous = more if backwards else start is not None
    return RunPage(
        found,
        previous=_cursor(keys, found[0], backwards=True) if found and has_previous else None,
        next=_cursor(keys, found[-1], backwards=False) if found and has_next else None,
    )


def sorted_runs(
    runs: QuerySet[Run], sort: Sequence[SortKey], *, experiments: Sequence[Experiment] = ()
) -> QuerySet[Run]:
    """All of the runs in the order that pages of them are cut from."""
    runs, keys = _annotated(runs, sort, experiments)
    return runs.order_by(*(key.order(backwards=False) for key in keys))


def _is_one_metric(sort: Sequence[SortKey]) -> bool:
    """Whether the order is that of the index: by the last values of one metric."""
    return [(key.column.kind, key.column.statistic) for key in sort] == [
        (KeyKind.METRIC, Statistic.LAST)
    ]


def _read_by_index(
    runs: QuerySet[Run], experiment: Experiment, sort_key: SortKey, *, backwards: bool, count: int
) -> list[Run]:
    """The first ``count`` of the runs that have a number, in the order of one metric."""
    metric = metric_key_ids([sort_key.column.key]).get(sort_key.column.key, -1)
    stats = MetricStat.objects.filter(
        Exists(runs.filter(pk=OuterRef("run"))),
        experiment=experiment,
        key=metric,
        last__isnull=False,
    )
    value = "-last" if sort_key.descending != backwards else "last"
    ties = ["run__start_time", "-run__run_id"] if backwards else ["-run__start_time", "run__run_id"]
    keys = list(stats.order_by(value, *ties).values_list("run", flat=True)[:count])
    by_key = {run.pk: run for run in runs.filter(pk__in=keys)}
    return [by_key[key] for key in keys if key in by_key]


def _annotated(
    runs: QuerySet[Run], sort: Sequence[SortKey], experiments: Sequence[Experiment]
) -> tuple[QuerySet[Run], list[_Key]]:
    """The runs with what they are ordered by, ending in keys that tell any two runs apart."""
    keys: list[_Key] = []
    for index, sort_key in enumerate(sort):
        runs, names = _sorted_by(
            runs, sort_key.column, alias=f"sort_{index}", experiments=experiments
        )
        keys += [_Key(name, sort_key.descending and not fixed) for name, fixed in names]
    if "start_time" not in {key.name for key in keys}:
        keys.append(_Key("start_time", descending=True))
    return runs, [*keys, _Key("run_id", descending=False)]


def _sorted_by(
    runs: QuerySet[Run], column: Column, *, alias: str, experiments: Sequence[Experiment]
) -> tuple[QuerySet[Run], list[tuple[str, bool]]]:
    """The annotations for one column, each with whether it always ascends."""
    if column.kind == KeyKind.METRIC:
        key = metric_key_ids([column.key]).get(column.key, -1)
        runs = runs.annotate(
            **{f"{alias}_stat": FilteredRelation("stats", condition=Q(stats__key=key))}
        ).annotate(
            **{
                alias: statistic_expression(
                    statistic_of(column, experiments), of=f"{alias}_stat__"
                ),
                # A NaN is kept as NULL: it comes after the numbers, and before what is missing.
                f"{alias}_rank": Case(
                    When(Q((f"{alias}_stat__run__isnull", True)), then=Value(1)),
                    default=Value(0),
                    output_field=IntegerField(),
                ),
            }
        )
        return runs, [(alias, False), (f"{alias}_rank", True)]
    if column.kind in {KeyKind.PARAM, KeyKind.TAG}:
        return _sorted_by_text(runs, column, alias)
    match column.key:
        case "duration":
            return runs.annotate(**{alias: DURATION}), [(alias, False)]
        case "source":
            source = RunTag.objects.filter(run=OuterRef("pk"), key=_SOURCE_TAG)
            return runs.annotate(**{alias: Subquery(source.values("value")[:1])}), [(alias, False)]
        case "experiment":
            return runs.annotate(**{alias: F("experiment__name")}), [(alias, False)]
        case "user":
            return runs, [("user_id", False)]
        case field:
            return runs, [(field, False)]


def _sorted_by_text(
    runs: QuerySet[Run], column: Column, alias: str
) -> tuple[QuerySet[Run], list[tuple[str, bool]]]:
    """Texts that are numbers by their value, then the others by their letters."""
    relation = "params" if column.kind == KeyKind.PARAM else "tags"
    condition = Q((f"{relation}__key", column.key))
    runs = runs.annotate(**{f"{alias}_row": FilteredRelation(relation, condition=condition)})
    text = F(f"{alias}_row__value")
    runs = runs.annotate(**{alias: text, f"{alias}_number": TextAsNumber(text)})
    return runs, [(f"{alias}_number", False), (alias, False)]


def _beyond(keys: Sequence[_Key], values: Sequence[object], *, backwards: bool) -> Q:
    """Rows after (or before) the row with these values: the first key that differs decides."""
    condition, same = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        condition |= same & key.beyond(value, backwards=backwards)
        same &= key.same(value)
    return condition


def _cursor(keys: Sequence[_Key], run: Run, *, backwards: bool) -> str:
    values = [getattr(run, key.name) for key in keys]
    text = json.dumps([int(backwards), *values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(text: str, keys: Sequence[_Key]) -> tuple[bool, list[object]] | None:
    """Whether it points backwards, and the values it names; None for no good cursor."""
    try:
        padded = text + "=" * (-len(text) % 4)
        backwards, *values = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        # Half a surrogate pair can be escaped in JSON, and no database takes it.
        json.dumps(values, ensure_ascii=False).encode()
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return None
    fits = len(values) == len(keys) and all(
        value is None or isinstance(value, int | float | str) for value in values
    )
    # The last two tell runs apart, and are never missing.
    if not fits or not isinstance(values[-1], str) or any("\x00" in str(v) for v in values):
        return None
    if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values):
        return None
    return bool(backwards), values
