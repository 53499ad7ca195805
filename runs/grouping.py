"""By what a run list is grouped: what an address says of it, and what it offers.

``group=p.opt,t.team`` names the keys. ``group=*`` is every hyperparameter that varies but those
that only tell repetitions apart, which ``rep`` names, or else the experiment.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import QueryDict

from experiments.models import Experiment
from runs.columns import Column, parse_column
from runs.models import KeyKind, RunKey
from runs.spread import CONFIDENCES, USUAL_CONFIDENCE, Aggregate
from search.errors import FilterError
from search.runs import parse_expression
from search.tree import And

ALL_BUT = "*"
MAX_KEYS = 5
# With all but the replicates, more than anybody reads.
MAX_VARYING = 200
# More names in a menu are not read but searched.
_OFFERED = 60

# Properties that clients write as tags.
PROPERTY_TAGS = {"source": "mlflow.source.name", "commit": "mlflow.source.git.commit"}
_OTHER_KEYS = {
    "status": "Status",
    "dataset": "Dataset",
    "user": "User",
    "source": "Source",
    "commit": "Git commit",
}
_FIELDS = {
    "status": "status",
    "user": "user_id",
    **{name: f"tags.`{tag}`" for name, tag in PROPERTY_TAGS.items()},
}
_RESERVED = "mlflow."


@dataclass(frozen=True)
class GroupKey:
    """One thing by which runs are grouped: a hyperparameter, a tag, or a property."""

    kind: str
    name: str

    @property
    def id(self) -> str:
        return self.name if self.kind == "property" else Column(self.kind, self.name).id

    @property
    def label(self) -> str:
        return _OTHER_KEYS[self.name] if self.kind == "property" else self.name

    def condition(self, value: str | tuple[str, ...] | None) -> str:
        """The expression that finds the runs with just this value, or without one."""
        if self.name == "dataset" and self.kind == "property":
            return _datasets_condition(value)
        field = _FIELDS.get(self.name) if self.kind == "property" else None
        field = field or f"{self.kind}s.{_quoted_name(self.name)}"
        return f"{field} IS NULL" if value is None else _equals(field, value)


@dataclass(frozen=True)
class Grouping:
    """How a list is grouped. ``unknown`` is what of the address means nothing here."""

    keys: Sequence[GroupKey]
    is_all_but: bool
    replicates: Sequence[str]
    aggregate: Aggregate
    confidence: int
    unknown: Sequence[str]
    left_out: int = 0

    @property
    def is_active(self) -> bool:
        return bool(self.keys)

    @property
    def ids(self) -> set[str]:
        return {key.id for key in self.keys}

    def where(self, values: Sequence[str | tuple[str, ...] | None]) -> str:
        """The expression that finds the runs of one group."""
        pairs = zip(self.keys, values, strict=True)
        return " AND ".join(key.condition(value) for key, value in pairs)


def narrowed(query: QueryDict, where: str) -> str:
    """The expression that finds the runs of one group among those that an address leaves."""
    asked = query.get("where", "").strip()
    if asked and where:
        return f"({asked}) AND {where}"
    return asked or where


@dataclass(frozen=True)
class Choice:
    """Something the Group menu offers."""

    label: str
    url: str
    is_chosen: bool = False


@dataclass(frozen=True)
class GroupMenu:
    """What the Group menu offers; each choice is a link."""

    chosen: Sequence[Choice]
    properties: Sequence[Choice]
    params: Sequence[Choice]
    tags: Sequence[Choice]
    hidden: int
    all_but: Choice | None
    none: Choice
    aggregates: Sequence[Choice]
    is_full: bool


def read_grouping(
    query: QueryDict, keys: QuerySet[RunKey], *, experiment: Experiment | None
) -> Grouping:
    """What ``group``, ``rep``, ``agg`` and ``ci`` say; what is not there is left out, and said."""
    asked = query.get("group", "")
    replicates = _replicates(query.get("rep"), experiment)
    found: list[GroupKey] = []
    unknown: list[str] = []
    left_out = 0
    if asked == ALL_BUT:
        varying = [
            GroupKey(KeyKind.PARAM, name)
            for name in _varying(keys)[KeyKind.PARAM]
            if name not in replicates
        ]
        found, left_out = varying[:MAX_VARYING], max(0, len(varying) - MAX_VARYING)
    elif asked:
        texts = list(dict.fromkeys(text.strip() for text in asked.split(",")[: 4 * MAX_KEYS]))
        parsed = {text: _parse_key(text) for text in texts if text}
        known = _known(keys, [key for key in parsed.values() if key])
        for text, key in parsed.items():
            if key is None or (key.kind != "property" and (key.kind, key.name) not in known):
                unknown.append(text)
            elif len(found) < MAX_KEYS:
                found.append(key)
            else:
                left_out += 1
    aggregate = query.get("agg", "")
    confidence = query.get("ci", "")
    return Grouping(
        keys=found,
        is_all_but=asked == ALL_BUT,
        replicates=replicates,
        aggregate=Aggregate(aggregate) if aggregate in list(Aggregate) else Aggregate.MEAN,
        confidence=int(confidence) if confidence in map(str, CONFIDENCES) else USUAL_CONFIDENCE,
        unknown=unknown[:5],
        left_out=left_out,
    )


def group_menu(query: QueryDict, keys: QuerySet[RunKey], grouping: Grouping) -> GroupMenu:
    """What can be grouped by, and where each choice leads."""
    varying = _varying(keys)
    params = varying[KeyKind.PARAM]
    tags = [name for name in varying[KeyKind.TAG] if not name.startswith(_RESERVED)]
    # Of a grouping by all keys, the menu changes what is left out.
    explicit = [] if grouping.is_all_but else [key.id for key in grouping.keys]
    is_full = len(explicit) >= MAX_KEYS

    def choice(key: GroupKey) -> Choice:
        if grouping.is_all_but and key.kind == KeyKind.PARAM:
            is_chosen = key.id in grouping.ids
            kept = [name for name in grouping.replicates if name != key.name]
            replicates = [*kept, key.name] if is_chosen else kept
            rep = ",".join(f"p.{name}" for name in replicates) or "-"
            return Choice(key.label, _url(query, rep=rep), is_chosen=is_chosen)
        is_chosen = key.id in explicit
        if is_chosen:
            ids = [each for each in explicit if each != key.id]
        else:
            ids = [*explicit, key.id][:MAX_KEYS]
        return Choice(key.label, _url(query, group=",".join(ids) or None), is_chosen=is_chosen)

    def choices(kind: str, names: Iterable[str]) -> list[Choice]:
        found = [GroupKey(kind, name) for name in names]
        return [choice(key) for key in found if key.id not in explicit]

    replicates = [name for name in grouping.replicates if name in params]
    name = " and ".join(replicates[:2]) + (" …" if len(replicates) > 2 else "")
    all_but = Choice(
        f"All but {name}" if name else "All that varies",
        _url(query, group=ALL_BUT),
        is_chosen=grouping.is_all_but,
    )
    is_mean = grouping.aggregate == Aggregate.MEAN
    return GroupMenu(
        chosen=[choice(key) for key in grouping.keys if key.id in explicit],
        properties=choices("property", _OTHER_KEYS),
        params=choices(KeyKind.PARAM, params[:_OFFERED]),
        tags=choices(KeyKind.TAG, tags[:_OFFERED]),
        hidden=max(0, len(params) - _OFFERED) + max(0, len(tags) - _OFFERED),
        all_but=all_but if len(params) > len(replicates) else None,
        none=Choice(
            "No groups",
            _url(query, group=None, rep=None, agg=None, ci=None),
            is_chosen=not grouping.is_active,
        ),
        aggregates=[
            Choice(f"Mean ± {grouping.confidence} % interval", _url(query, agg=None), is_mean),
            Choice("Median [quartiles]", _url(query, agg="median"), not is_mean),
        ],
        is_full=is_full,
    )


def _replicates(rep: str | None, experiment: Experiment | None) -> list[str]:
    """The hyperparameters that only tell repetitions apart; "-" says that there are none."""
    if rep:
        columns = [parse_column(text.strip()) for text in rep.split(",")[:50]]
        return [each.key for each in columns if each and each.kind == KeyKind.PARAM]
    said = experiment.replicate_keys if experiment else "seed"
    return [line.strip() for line in said.splitlines() if line.strip()]


def _parse_key(text: str) -> GroupKey | None:
    if text in _OTHER_KEYS:
        return GroupKey("property", text)
    column = parse_column(text)
    if column and column.kind in {KeyKind.PARAM, KeyKind.TAG}:
        return GroupKey(column.kind, column.key)
    return None


def _known(keys: QuerySet[RunKey], asked: Collection[GroupKey]) -> set[tuple[str, str]]:
    names = {key.name for key in asked if key.kind != "property"}
    rows = keys.filter(name__in=names) if names else RunKey.objects.none()
    return {(kind, name) for kind, name in rows.values_list("kind", "name")}


def _varying(keys: QuerySet[RunKey]) -> dict[str, list[str]]:
    """The hyperparameters and tags that vary in or between the experiments."""
    rows = keys.filter(kind__in=[KeyKind.PARAM, KeyKind.TAG])
    samples: dict[tuple[str, str], str] = {}
    varying: dict[str, set[str]] = {KeyKind.PARAM: set(), KeyKind.TAG: set()}
    for kind, name, varies, sample in rows.values_list("kind", "name", "varies", "sample"):
        if varies or samples.setdefault((kind, name), sample) != sample:
            varying[kind].add(name)
    return {kind: sorted(names) for kind, names in varying.items()}


def _url(query: QueryDict, **changes: str | None) -> str:
    changed = query.copy()
    # A page of other groups means nothing.
    changed.pop("page", None)
    for name, value in changes.items():
        changed.pop(name, None)
        if value is not None:
            changed[name] = value
    return f"?{changed.urlencode()}"


def _quoted_name(name: str) -> str:
    if name.isidentifier():
        return name
    return f'"{name}"' if "`" in name else f"`{name}`"


def _equals(field: str, value: str) -> str:
    """``field`` is ``value``, in quotes that the grammar reads as just this text."""
    for quote in ("'", '"'):
        text = f"{field} = {quote}{value}{quote}"
        if _is_read_as(text, value):
            return text
    # Nothing escapes a quote. In a pattern any one character stands for it.
    pattern = "".join("_" if each in "'\"\\" else each for each in value)
    return f"{field} LIKE '{pattern}'"


def _is_read_as(text: str, value: str) -> bool:
    """Whether the comparison keeps its value also where other texts in quotes follow it."""
    try:
        node = parse_expression(f"({text}) AND tags.a = 'b' AND tags.a = \"b\"")
    except FilterError:
        return False
    return isinstance(node, And) and getattr(node.operands[0], "value", None) == value


def _datasets_condition(names: tuple[str, ...] | None) -> str:
    if not names:
        return "dataset.name IS NULL"
    each = [_equals("dataset.name", name) for name in names]
    quoted = [text.removeprefix("dataset.name = ") for text in each if " = " in text]
    if len(quoted) < len(each):
        return " AND ".join(each)
    # And none that is not among these.
    return f"{' AND '.join(each)} AND NOT dataset.name NOT IN ({', '.join(quoted)})"
