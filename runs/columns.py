"""Which columns a run list has: those of the address, or those that tell the runs apart.

A column's id is what stands in addresses: ``status`` for a property, ``m.val/loss`` for a metric,
``p.lr`` for a hyperparameter, ``t.team`` for a tag.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from experiments.models import Experiment
from runs.models import KeyKind, RunKey

# A list nobody has chosen columns for has at most so many, one that somebody chose at most that.
MAX_AUTOMATIC = 16
MAX_CHOSEN = 60
_AUTOMATIC_METRICS = 5

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


@dataclass(frozen=True)
class Column:
    """One column. ``kind`` is "property" or a ``KeyKind``; ``key`` the property's or the name."""

    kind: str
    key: str

    @property
    def id(self) -> str:
        return self.key if self.kind == "property" else f"{_LETTERS[self.kind]}.{self.key}"

    @property
    def label(self) -> str:
        return PROPERTIES[self.key] if self.kind == "property" else self.key

    @property
    def is_number(self) -> bool:
        """Whether its values stand at the right edge, so that digits line up."""
        return self.kind == KeyKind.METRIC or (self.key in {"duration"} and self.kind == "property")

    @property
    def is_sortable(self) -> bool:
        return (self.kind, self.key) != ("property", "model")


@dataclass(frozen=True)
class Columns:
    """The columns shown, how many there are to choose from, and what of a choice is unknown."""

    shown: Sequence[Column]
    total: int
    is_automatic: bool
    unknown: Sequence[str] = ()

    def keys(self, kind: str) -> list[str]:
        """The names of the shown columns of one kind."""
        return [column.key for column in self.shown if column.kind == kind]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The heads above the heads: each run of columns of one kind, and how many they are."""
        names = {
            "property": "Properties",
            KeyKind.METRIC: "Metrics",
            KeyKind.PARAM: "Hyperparameters",
            KeyKind.TAG: "Tags",
        }
        groups: list[tuple[str, int]] = []
        for column in self.shown[1:]:
            name = names[column.kind]
            if groups and groups[-1][0] == name:
                groups[-1] = (name, groups[-1][1] + 1)
            else:
                groups.append((name, 1))
        return groups


def parse_column(text: str) -> Column | None:
    """The column with that id, whether or not there is such a name; None for what is no id."""
    if text in PROPERTIES:
        return Column("property", text)
    letter, dot, key = text.partition(".")
    if dot and key and letter in PREFIXES and "\x00" not in key:
        return Column(PREFIXES[letter], key)
    return None


def choose_columns(
    keys: QuerySet[RunKey], *, chosen: str, experiment: Experiment | None = None
) -> Columns:
    """The columns that ``chosen`` names, comma-separated; without it those that differ.

    ``keys`` are the names that the listed runs may have. The first column is always the name.
    Automatic ones are the properties of the run, then the experiment's primary metric, further
    metrics and hyperparameters with more than one value, in the order of their names.
    """
    names = _names(keys)
    total = len(PROPERTIES) + sum(
        1 for kind, name, _ in names if kind != KeyKind.TAG or not name.startswith(RESERVED_PREFIX)
    )
    if chosen:
        return _chosen_columns(chosen, {(kind, name) for kind, name, _ in names}, total)

    leading = [*_LEADING] if experiment else [_LEADING[0], "experiment", *_LEADING[1:]]
    room = MAX_AUTOMATIC - len(leading) - len(_TRAILING)
    varying = [(kind, name) for kind, name, varies in names if varies]
    metrics = [name for kind, name in varying if kind == KeyKind.METRIC]
    params = [name for kind, name in varying if kind == KeyKind.PARAM]
    primary = experiment.primary_metric if experiment else ""
    # The one that matters first; what is measured on held-out data before what it learned from.
    metrics.sort(key=lambda name: (name != primary, name.startswith("train"), name))
    metrics = metrics[: max(_AUTOMATIC_METRICS, room - len(params))]
    differing = [Column(KeyKind.METRIC, name) for name in metrics]
    differing += [Column(KeyKind.PARAM, name) for name in params]
    return Columns(
        [
            *(Column("property", name) for name in leading),
            *differing[:room],
            *(Column("property", name) for name in _TRAILING),
        ],
        total,
        is_automatic=True,
    )


def _names(keys: QuerySet[RunKey]) -> list[tuple[str, str, bool]]:
    """Each kind and name once, and whether it varies in or between the experiments."""
    rows = (
        keys.values("kind", "name")
        .annotate(
            varying=Count("name", filter=Q(varies=True)),
            samples=Count("sample", distinct=True),
        )
        .order_by("kind", "name")
    )
    return [(row["kind"], row["name"], row["varying"] > 0 or row["samples"] > 1) for row in rows]


def _chosen_columns(chosen: str, known: set[tuple[str, str]], total: int) -> Columns:
    columns = [Column("property", "name")]
    unknown = []
    for text in chosen.split(",")[: 2 * MAX_CHOSEN]:
        column = parse_column(text.strip().lstrip("!"))
        if column is None or (column.kind != "property" and (column.kind, column.key) not in known):
            unknown.append(text.strip())
        elif column not in columns:
            columns.append(column)
    return Columns(
        columns[:MAX_CHOSEN], total, is_automatic=False, unknown=[u for u in unknown if u][:10]
    )
