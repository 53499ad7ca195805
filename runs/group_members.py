"""Which runs of a list are in which group, and what was logged of them, as arrays.

Every kind of value is read in one query for all runs, and reckoned in NumPy: databases know neither
quartiles nor a variance that keeps its digits. How much is read is bounded.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, FilteredRelation, Q, QuerySet

from core.db import any_of
from experiments.models import Experiment
from runs.column_values import statistic_of
from runs.columns import Column, Statistic
from runs.expressions import statistic_expression
from runs.grouping import MAX_KEYS, PROPERTY_TAGS, GroupKey
from runs.keys import metric_key_ids
from runs.models import KeyKind, MetricStat, Param, Run, RunInput, RunTag

# No more runs are grouped than that, the newest ones, and of them no more values read.
MAX_RUNS = 100_000
MAX_VALUES = 500_000
# Of so many runs the values of a metric are read together with those of the experiment's others.
_MANY = 20_000
# Keys up to so many times as far apart as there are of them are found in a table.
_SPARSE = 20


@dataclass(frozen=True)
class Members:
    """The runs, newest first, the group of each, and of each group a code for every key's value.

    ``values`` says of each key what its codes mean. ``lasted`` is NaN of what has not ended.
    """

    pks: np.ndarray
    statuses: Sequence[str]
    started: np.ndarray
    lasted: np.ndarray
    group: np.ndarray
    codes: np.ndarray
    values: Sequence[Sequence[object]]
    counts: np.ndarray
    is_partly: bool

    def places_of(self, runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where those of the runs with these keys stand that are here, and which of them are."""
        if not len(self.pks) or not len(runs):
            return np.zeros(0, dtype=np.int64), np.zeros(len(runs), dtype=bool)
        lowest, table = self._table
        if table is None:
            order, ascending = self._ascending
            at = np.minimum(np.searchsorted(ascending, runs), len(ascending) - 1)
            is_here = ascending[at] == runs
            return order[at[is_here]], is_here
        at = runs - lowest
        is_here = (at >= 0) & (at < len(table))
        at[~is_here] = 0
        places = table[at]
        is_here &= places >= 0
        return places[is_here], is_here

    @cached_property
    def newest(self) -> np.ndarray:
        """When the newest run of each group started."""
        newest = np.full(len(self.counts), -np.inf)
        np.maximum.at(newest, self.group, self.started)
        return newest

    def ticks(self, runs: Sequence[int]) -> np.ndarray:
        """How many of the runs with these keys each group has."""
        places, _ = self.places_of(np.array(runs, dtype=np.int64))
        return np.bincount(self.group[places], minlength=len(self.counts))

    def of_groups(self, groups: np.ndarray) -> dict[int, np.ndarray]:
        """The places of the runs of each of ``groups``, the newest first."""
        order = np.argsort(self.group, kind="stable")
        ends = np.cumsum(self.counts)
        return {group: order[ends[group] - self.counts[group] : ends[group]] for group in groups}

    @cached_property
    def _table(self) -> tuple[int, np.ndarray | None]:
        """From a key, less the lowest one, to its place; nothing if most of it would be empty."""
        lowest, highest = int(self.pks.min()), int(self.pks.max())
        if highest - lowest > _SPARSE * len(self.pks):
            return lowest, None
        table = np.full(highest - lowest + 1, -1, dtype=np.int64)
        table[self.pks - lowest] = np.arange(len(self.pks))
        return lowest, table

    @cached_property
    def _ascending(self) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(self.pks)
        return order, self.pks[order]


def read_members(runs: QuerySet[Run], keys: Sequence[GroupKey]) -> Members:
    """The newest of ``runs`` in groups: those with the same values of all ``keys``."""
    limit = max(1, min(MAX_RUNS, MAX_VALUES // len(keys)))
    # A join for each key, while they are few.
    joined = [key for key in keys if _relation_of(key)] if len(keys) <= MAX_KEYS else []
    of_run = {
        key: _FIELDS[key.name] for key in keys if key.kind == "property" and key.name in _FIELDS
    }
    for number, key in enumerate(joined):
        relation, name = _relation_of(key)
        condition = Q((f"{relation}__key", name))
        runs = runs.annotate(**{f"key_{number}": FilteredRelation(relation, condition=condition)})
        of_run[key] = f"key_{number}__value"
    fields = ["pk", "status", "start_time", "end_time", *(F(name) for name in of_run.values())]
    newest = runs.order_by("-start_time", "run_id")
    found = columns_of(newest.values_list(*fields)[: limit + 1], len(fields))
    is_partly = len(found[0]) > limit
    pks, statuses, starts, ends, *own = (column[:limit] for column in found)
    coded = {
        key: _coded(texts if key in joined else [text or None for text in texts])
        for key, texts in zip(of_run, own, strict=True)
    }
    coded |= codes_of(pks, [key for key in keys if key not in coded])
    group = np.zeros(len(pks), dtype=np.int64)
    for key in keys:
        codes, values = coded[key]
        group = _numbered(group * (len(values) + 1) + codes)
    counts = np.bincount(group) if pks else np.zeros(0, dtype=np.int64)
    # Any run of a group stands for it: all have the same codes.
    examples = np.zeros(len(counts), dtype=np.int64)
    examples[group] = np.arange(len(pks))
    # None becomes NaN.
    started, ended = np.array(starts, dtype=float), np.array(ends, dtype=float)
    return Members(
        pks=np.array(pks, dtype=np.int64),
        statuses=statuses,
        started=started,
        lasted=np.maximum(ended - started, 0.0),
        group=group,
        codes=np.array([coded[key][0][examples] for key in keys]).reshape(len(keys), -1),
        values=[coded[key][1] for key in keys],
        counts=counts,
        is_partly=is_partly,
    )


_FIELDS = {"status": "status", "user": "user_id"}


def _relation_of(key: GroupKey) -> tuple[str, str] | None:
    """The relation of a run, and the name in it, that has the key's value as a text."""
    if key.kind == "property" and key.name in PROPERTY_TAGS:
        return "tags", PROPERTY_TAGS[key.name]
    relation = {KeyKind.PARAM: "params", KeyKind.TAG: "tags"}.get(key.kind)
    return (relation, key.name) if relation else None


def _numbered(codes: np.ndarray) -> np.ndarray:
    """The same with the integers from 0 on, in their order, each of which is there."""
    if not len(codes):
        return codes
    most = int(codes.max()) + 1
    if most > 4 * len(codes):
        return np.unique(codes, return_inverse=True)[1]
    # Which there are says a table sooner than a sort.
    is_there = np.zeros(most, dtype=np.int64)
    is_there[codes] = 1
    return (np.cumsum(is_there) - 1)[codes]


def _coded(values: Sequence[object]) -> tuple[np.ndarray, list[object]]:
    """A small integer for each value, 0 for None; and what the integers mean."""
    meanings = list(dict.fromkeys(chain([None], values)))
    code_of = {value: code for code, value in enumerate(meanings)}
    codes = np.fromiter(map(code_of.__getitem__, values), dtype=np.int64, count=len(values))
    return codes, meanings


def codes_of(
    pks: Sequence[int], keys: Sequence[GroupKey]
) -> dict[GroupKey, tuple[np.ndarray, list[object]]]:
    """What ``_coded`` says of the runs' values of each key, each table read once."""
    found: dict[GroupKey, tuple[np.ndarray, list[object]]] = {}
    places = {pk: place for place, pk in enumerate(pks)} if keys else {}
    for table, relation in ((Param, "params"), (RunTag, "tags")):
        named = {
            said[1]: key for key in keys if (said := _relation_of(key)) and said[0] == relation
        }
        if not named:
            continue
        codes = {name: np.zeros(len(pks), dtype=np.int64) for name in named}
        known: dict[str, dict[object, int]] = {name: {None: 0} for name in named}
        for run, name, value in text_rows(table, pks, list(named)):
            values = known[name]
            codes[name][places[run]] = values.setdefault(value, len(values))
        found |= {key: (codes[name], list(known[name])) for name, key in named.items()}
    for key in keys:
        if key == GroupKey("property", "dataset"):
            found[key] = _coded(_datasets(pks))
    return found


def text_rows(
    table: type[Param | RunTag], pks: Sequence[int], names: Sequence[str]
) -> Iterator[tuple[int, str, str]]:
    """Run, name and value of the hyperparameters or tags ``names`` that the runs ``pks`` have."""
    rows = table.objects.filter(run__in=any_of(pks), key__in=names)
    return zip(*columns_of(rows.values_list("run_id", "key", "value"), 3), strict=True)


def _datasets(pks: Sequence[int]) -> list[object]:
    """The names of the datasets that each run read, in their order; None where it read none."""
    names: dict[int, set[str]] = defaultdict(set)
    inputs = RunInput.objects.filter(run__in=any_of(pks), dataset__isnull=False)
    for run, name in inputs.values_list("run_id", "dataset__name"):
        if name:
            names[run].add(name)
    return [tuple(sorted(names[pk])) if pk in names else None for pk in pks]


class MetricReader:
    """The values of metrics for all members, each column read once.

    ``experiment`` is given if all of them are of it, and ``is_whole`` if they are all of its runs.
    """

    def __init__(self, members: Members, experiment: Experiment | None, *, is_whole: bool) -> None:
        self._members = members
        self._experiment = experiment
        self._is_whole = is_whole
        self.experiments = [experiment] if experiment else []
        self._read: dict[Column, tuple[np.ndarray, np.ndarray]] = {}

    def values(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        """The groups that runs with the metric are in, and its values; NaN where that is one."""
        if column not in self._read:
            self._read[column] = self._rows(column)
        return self._read[column]

    def _rows(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        members = self._members
        key = metric_key_ids([column.key]).get(column.key)
        if key is None or not len(members.pks):
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        statistic = statistic_of(column, self.experiments)
        stats = MetricStat.objects.filter(key=key)
        # The index has the last values: to read some more costs less than to look them up.
        are_many = statistic == Statistic.LAST and len(members.pks) >= _MANY
        if self._experiment and (self._is_whole or are_many):
            stats = stats.filter(experiment=self._experiment)
        else:
            stats = stats.filter(run__in=any_of(members.pks.tolist()))
        rows = stats.values_list("run_id", statistic_expression(statistic))
        runs, values = columns_of(rows, 2)
        places, is_here = members.places_of(np.array(runs, dtype=np.int64))
        # NaN is kept as NULL.
        return members.group[places], np.array(values, dtype=float)[is_here]


def columns_of(rows: QuerySet, count: int) -> list[list]:
    """The rows of ``values_list`` as ``count`` columns, just as the driver gives their values.

    A hundred thousand tuples that live at once keep the garbage collector busy for longer than
    they take to read, so they become columns some at a time.
    """
    columns: list[list] = [[] for _ in range(count)]
    try:
        statement = rows.query.sql_with_params()
    except EmptyResultSet:
        # The conditions leave nothing to ask for.
        return columns
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        while some := cursor.fetchmany(2_000):
            flat = list(chain.from_iterable(some))
            for number, column in enumerate(columns):
                column += flat[number::count]
    return columns
