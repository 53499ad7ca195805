"""Which columns a run list has: those of the address, or those that tell the runs apart.

A column's id is what stands in addresses: ``status`` for a property, ``m.val/loss`` for a metric,
``m.val/loss@min`` for another of its statistics than the last value, ``p.lr`` for a hyperparameter,
``t.team`` for a tag. A ``!`` before it pins the column beside the run's name.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import groupby
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet, TextChoices

from experiments.models import Experiment
from runs.models import KeyKind, RunKey

# A list nobody has chosen columns for has at most so many, one that somebody chose at most that.
MAX_AUTOMATIC = 16
MAX_CHOSEN = 60
# What an address says for the columns that nobody has chosen, where that is not the default.
AUTOMATIC = "auto"
# What is pinned takes its room from what is not.
MAX_PINNED = 4
# A curve is read from the points themselves.
MAX_CURVES = 4
# More would push what was tried out of the window.
_AUTOMATIC_METRICS = 4

PROPERTIES = {
    "name": "Run name",
    "experiment": "Experiment",
    "status": "Status",
    "start_time": "Start date",
    "duration": "Duration",
    "user": "User",
    "source": "Source",
    "model": "Registered version",
    "end_time": "End date",
    "run_id": "Run ID",
}
# Before what was tried and what came of it, and after it.
_LEADING = ["name", "status", "start_time", "duration"]
_TRAILING = ["source", "model"]

PREFIXES = {"m": KeyKind.METRIC, "p": KeyKind.PARAM, "t": KeyKind.TAG}
_LETTERS = {kind: letter for letter, kind in PREFIXES.items()}

# Tags that clients write for themselves; the ones worth a column are properties.
RESERVED_PREFIX = "mlflow."


class Statistic(TextChoices):
    """What a column says of a metric. No metric's name has the @ that stands before it."""

    LAST = "last", "last"
    MIN = "min", "min"
    MAX = "max", "max"
    MEAN = "mean", "mean"
    FIRST = "first", "first"
    BEST_STEP = "beststep", "step of best"
    CURVE = "line", "curve"


@dataclass(frozen=True)
class Column:
    """One column. ``kind`` is "property" or a ``KeyKind``; ``key`` the property's or the name."""

    kind: str
    key: str
    statistic: str = Statistic.LAST

    @property
    def id(self) -> str:
        if self.kind == "property":
            return self.key
        suffix = "" if self.statistic == Statistic.LAST else f"@{self.statistic}"
        return f"{_LETTERS[self.kind]}.{self.key}{suffix}"

    @property
    def suffix(self) -> str:
        """What stands beside a metric's name in the head: nothing for its last value."""
        return "" if self.statistic == Statistic.LAST else Statistic(self.statistic).label

    @property
    def is_metric(self) -> bool:
        return self.kind == KeyKind.METRIC

    @property
    def is_curve(self) -> bool:
        return self.statistic == Statistic.CURVE

    @property
    def label(self) -> str:
        return PROPERTIES[self.key] if self.kind == "property" else self.key

    @property
    def is_number(self) -> bool:
        """Whether its values stand at the right edge, so that digits line up."""
        if self.kind == "property":
            return self.key == "duration"
        return self.is_metric and not self.is_curve

    @property
    def is_sortable(self) -> bool:
        return (self.kind, self.key) != ("property", "model") and not self.is_curve


NAME = Column("property", "name")


_GROUPS = {
    "property": "Properties",
    KeyKind.METRIC: "Metrics",
    KeyKind.PARAM: "Hyperparameters",
    KeyKind.TAG: "Tags",
}


@dataclass(frozen=True)
class Columns:
    """The columns shown, how many there are to choose from, and what of a choice is unknown.

    ``everything`` is what an address says to see, beside the shown ones, every metric and
    hyperparameter that differs, as far as one list may have so many columns; empty where nothing
    is left out.
    """

    shown: Sequence[Column]
    total: int
    is_automatic: bool
    unknown: Sequence[str] = ()
    everything: str = ""
    # Stand beside the name, before all others.
    pinned: Collection[Column] = frozenset()
    # How many of the address are beyond what a list can have.
    left_out: int = 0

    def keys(self, kind: str) -> list[str]:
        """The names of the shown columns of one kind."""
        return list(dict.fromkeys(column.key for column in self.shown if column.kind == kind))

    def pin(self, column: Column) -> int:
        """At which place beside the name a column is pinned, from 1; 0 if it is not."""
        return self.shown.index(column) if column in self.pinned else 0

    @property
    def text(self) -> str:
        """What an address says to show the same."""
        return columns_text(self.shown, self.pinned)

    def _group(self, column: Column) -> str:
        return "Pinned" if column in self.pinned else _GROUPS[column.kind]

    @property
    def group_starts(self) -> set[Column]:
        """The columns that begin a group, the first of all excepted."""
        pairs = zip(self.shown[1:], self.shown[2:], strict=False)
        return {column for before, column in pairs if self._group(before) != self._group(column)}

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The heads above the heads: each run of columns of one kind, and how many they are."""
        runs = groupby(self.shown[1:], key=self._group)
        return [(name, len(list(columns))) for name, columns in runs]


def parse_column(text: str) -> Column | None:
    """The column with that id, whether or not there is such a name; None for what is no id."""
    if text in PROPERTIES:
        return Column("property", text)
    letter, dot, key = text.partition(".")
    if not (dot and key and letter in PREFIXES and "\x00" not in key):
        return None
    if PREFIXES[letter] == KeyKind.METRIC:
        name, at, statistic = key.rpartition("@")
        if at and name and statistic in Statistic.values:
            return Column(KeyKind.METRIC, name, statistic)
    return Column(PREFIXES[letter], key)


def columns_text(shown: Iterable[Column], pinned: Collection[Column]) -> str:
    """What an address says to see the columns ``shown``, some of them pinned."""
    ids = [f"{'!' if column in pinned else ''}{column.id}" for column in shown if column != NAME]
    return ",".join(ids) or NAME.id


class Name(NamedTuple):
    """A name that runs have; ``spread`` is how many experiments have it."""

    kind: str
    name: str
    varies: bool
    spread: int

    @property
    def column(self) -> Column:
        return Column(self.kind, self.name)


def choose_columns(
    keys: QuerySet[RunKey],
    *,
    chosen: str,
    experiment: Experiment | None = None,
    names: Sequence[Name] | None = None,
) -> Columns:
    """The columns that ``chosen`` names, comma-separated; without it those that differ.

    ``keys`` are the names that the listed runs may have; ``names`` the same, if they have been read
    already. The first column is always the name. Automatic ones are the properties of the run, and
    of the metrics and hyperparameters with more than one value: primary metrics, then names that
    most experiments have, in alphabetical order.
    """
    names = read_names(keys, experiment) if names is None else names
    total = len(PROPERTIES) + sum(
        name.kind != KeyKind.TAG or not name.name.startswith(RESERVED_PREFIX) for name in names
    )
    if chosen not in {"", AUTOMATIC}:
        return _chosen_columns(chosen, {(kind, name) for kind, name, *_ in names}, total)

    leading = [*_LEADING] if experiment else [_LEADING[0], "experiment", *_LEADING[1:]]
    room = MAX_AUTOMATIC - len(leading) - len(_TRAILING)
    primary = {experiment.primary_metric} if experiment else _primary_metrics(keys)
    metrics = _differing(names, KeyKind.METRIC, first=primary)
    params = _differing(names, KeyKind.PARAM)
    some_metrics = metrics[: _AUTOMATIC_METRICS if params else room]
    some_params = params[: room - len(some_metrics)]

    def framed(*differing: Column) -> list[Column]:
        before = [Column("property", name) for name in leading]
        after = [Column("property", name) for name in _TRAILING]
        return [*before, *differing[: MAX_CHOSEN - len(before) - len(after)], *after]

    shown = framed(*some_metrics, *some_params)
    everything = framed(*metrics, *params)
    return Columns(
        shown,
        total,
        is_automatic=True,
        everything=",".join(column.id for column in everything)
        if len(everything) > len(shown)
        else "",
    )


def read_names(keys: QuerySet[RunKey], experiment: Experiment | None) -> list[Name]:
    """Each kind and name once, and whether it varies in or between the experiments."""
    ordered = keys.order_by("kind", "name")
    if experiment is not None:
        # The names of one experiment are as they stand, and in the order of their key.
        rows = ordered.values_list("kind", "name", "varies")
        return [Name(kind, name, varies, 1) for kind, name, varies in rows]
    rows = (
        ordered.values("kind", "name")
        .annotate(
            spread=Count("name"),
            varying=Count("name", filter=Q(varies=True)),
            samples=Count("sample", distinct=True),
        )
        .values_list("kind", "name", "spread", "varying", "samples")
    )
    return [
        Name(kind, name, varying > 0 or samples > 1, spread)
        for kind, name, spread, varying, samples in rows
    ]


def _primary_metrics(keys: QuerySet[RunKey]) -> set[str]:
    experiments = Experiment.objects.filter(pk__in=keys.values("experiment"))
    return set(experiments.exclude(primary_metric="").values_list("primary_metric", flat=True))


def _differing(names: Sequence[Name], kind: str, *, first: Collection[str] = ()) -> list[Column]:
    """The columns of one kind that tell runs apart, those that say most before the others."""
    varying = [name for name in names if name.kind == kind and name.varies]
    # What is measured on held-out data comes before what the model learned from.
    telling = nsmallest(
        MAX_CHOSEN,
        varying,
        key=lambda each: (
            each.name not in first,
            -each.spread,
            each.name.startswith("train"),
            each.name,
        ),
    )
    return [name.column for name in telling]


def _chosen_columns(chosen: str, known: Collection[tuple[str, str]], total: int) -> Columns:
    pinned: list[Column] = []
    others: list[Column] = []
    unknown = []
    left_out = 0
    for text in filter(None, (part.strip() for part in chosen.split(",")[: 4 * MAX_CHOSEN])):
        column = parse_column(text.removeprefix("!"))
        if column is None or (column.kind != "property" and (column.kind, column.key) not in known):
            unknown.append(text)
        elif column in [NAME, *pinned, *others]:
            continue
        elif column.is_curve and sum(each.is_curve for each in others + pinned) >= MAX_CURVES:
            left_out += 1
        else:
            is_pinned = text.startswith("!") and len(pinned) < MAX_PINNED
            (pinned if is_pinned else others).append(column)
    columns = [NAME, *pinned, *others]
    return Columns(
        columns[:MAX_CHOSEN],
        total,
        is_automatic=False,
        unknown=unknown[:10],
        pinned=frozenset(pinned),
        left_out=left_out + max(0, len(columns) - MAX_CHOSEN),
    )
