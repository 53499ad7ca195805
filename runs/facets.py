"""The filter pane: what the runs of a list can be narrowed by, and how many of them each value has.

The counts beside the values of a facet are of the runs that all other conditions leave, and of the
newest of these if they are many. Only what is open is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2s

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict

from core.formatting import middle_text
from experiments.models import Experiment
from runs.about import about_of, facet_of, field_of
from runs.chips import changed
from runs.columns import Column, parse_column
from runs.filter_edits import FIND_PREFIX, Asked, asked_of, parts_of, rows_of, without_key
from runs.filters import HEALTH, MAX_TEXT, MAX_TICKED, PARENTS, PERIODS, REGISTERED, RunFilter
from runs.histogram import Histogram, histogram
from runs.keys import metric_key_ids
from runs.models import KeyKind, MetricStat, Param, RunInput, RunKey, RunStatus, RunTag
from runs.scope import Scope
from runs.table import SOURCE_TAG
from search.conjuncts import is_number
from search.rows import Row

# Counts are of so many runs at most.
SAMPLE = 10_000
CHOICES = 8
ALL_CHOICES = 200
# Of each kind of key so many have a facet; the others are found by their name.
KEYS_OF_A_KIND = 12

_ALWAYS_OPEN = {"status", "started"}
_KINDS = {
    KeyKind.TAG: "Tags",
    KeyKind.PARAM: "Hyperparameters that differ",
    KeyKind.METRIC: "Metrics, by last value",
}


_WAYS_OF_TICKS = {"": "is one of", "not": "is none of", "set": "is set", "missing": "is missing"}
_WAYS_OF_RANGE = {"": "is between", "set": "is set", "missing": "is missing"}


@dataclass(frozen=True)
class Choice:
    """One value that can be ticked; ``count`` None is not counted."""

    value: str
    label: str
    is_chosen: bool
    count: int | None = None

    @property
    def anchor(self) -> str:
        """Names the field whatever the others are, so that the focus stays on it."""
        return _anchor(self.value)


@dataclass(frozen=True)
class Facet:
    """One thing to narrow by. ``active`` says in few words what it asks now.

    ``kind`` is how it is asked: "ticks", "radios", "range" or "started". A facet that is closed
    has no values yet; ``url`` is where they are.
    """

    id: str
    label: str
    name: str
    kind: str = "ticks"
    active: str = ""
    is_open: bool = False
    is_asked_about: bool = False
    is_key: bool = False
    url: str = ""
    way: str = ""
    choices: Sequence[Choice] = ()
    more: int = 0
    # All values are shown, or those that have ``find`` in them.
    is_whole: bool = False
    find: str = ""
    all_url: str = ""
    low: str = ""
    high: str = ""
    histogram: Histogram | None = None
    note: str = ""

    @property
    def count(self) -> int:
        """How many values there are to choose from."""
        return len(self.choices) + self.more

    @property
    def anchor(self) -> str:
        return f"facet-{_anchor(self.id)}"

    @property
    def ways(self) -> Mapping[str, str]:
        """How the facet of a key can be asked."""
        return _WAYS_OF_TICKS if self.kind == "ticks" else _WAYS_OF_RANGE

    @property
    def ticks_name(self) -> str:
        """What its boxes are called in the form."""
        return f"in.{self.name}" if self.is_key else self.name


@dataclass(frozen=True)
class Group:
    """Facets of one kind of key; ``more`` is how many keys have none."""

    label: str
    facets: Sequence[Facet]
    more: int


@dataclass(frozen=True)
class _Sample:
    """The newest of the runs that a filter leaves."""

    rows: Sequence[tuple]
    is_cut: bool

    @cached_property
    def keys(self) -> list[int]:
        return [row[0] for row in self.rows]

    def count(self, index: int) -> Counter:
        return Counter(row[index] for row in self.rows)


_COLUMNS = ("pk", "status", "user_id", "experiment", "parent_run_id")


@dataclass
class FilterPane:
    """All that the pane shows for one address of a list."""

    scope: Scope
    query: QueryDict
    list_query: QueryDict
    _samples: dict = field(default_factory=dict)

    @cached_property
    def filter(self) -> RunFilter:
        return self.scope.filter(self.list_query)

    @cached_property
    def parts(self):
        return parts_of(self.list_query)

    @cached_property
    def rows(self) -> list[tuple[str, Row]]:
        return rows_of(self.parts, [column for group in self._columns for column in group[1]])

    @cached_property
    def fields(self) -> list[str]:
        """Names for a form without a script to choose from."""
        names = self.scope.keys.filter(varies=True).exclude(name__startswith="mlflow.")
        rows = names.order_by("kind", "name").values_list("kind", "name").distinct()[:100]
        return [f"{kind}s.{name}" for kind, name in rows]

    @cached_property
    def new_row(self) -> Row:
        """What the row for another condition begins with."""
        about = about_of(self.query)
        return Row(field_of(about) if about else "", "=")

    @property
    def facets(self) -> list[Facet]:
        names = ["status", "experiment", "started", "user", "source", "registered", "dataset"]
        if self.scope.experiment is not None:
            names.remove("experiment")
        return [self.facet(name) for name in [*names, "parent", "health"]]

    @property
    def groups(self) -> list[Group]:
        return [
            Group(_KINDS[kind], [self.facet(column.id) for column in columns], more)
            for kind, columns, more in self._columns
            if columns
        ]

    def facet(self, facet_id: str) -> Facet | None:
        """One facet with its values if it is open; None if there is none of that id."""
        makers: Mapping[str, Callable[[], Facet]] = {
            "status": self._status,
            "experiment": self._experiment,
            "started": self._started,
            "user": self._user,
            "source": self._source,
            "registered": self._registered,
            "dataset": self._dataset,
            "parent": self._parent,
            "health": self._health,
        }
        if facet_id in makers:
            facet = makers[facet_id]()
            return replace(facet, is_asked_about=True) if facet_id == self._about else facet
        column = parse_column(facet_id)
        return self._key(column) if column is not None and _has_facet(column) else None

    # Facets of the run itself.

    def _status(self) -> Facet:
        return self._ticks(
            "status", "Status", lambda sample: sample.count(1), labels=dict(RunStatus.choices)
        )

    def _experiment(self) -> Facet:
        def named(ids: Iterable[str]) -> dict[str, str]:
            known = [int(each) for each in ids if each.isdecimal() and len(each) < 19]
            rows = Experiment.objects.filter(pk__in=known, workspace=self.scope.workspace)
            return {str(pk): name for pk, name in rows.values_list("pk", "name")}

        return self._ticks(
            "experiment",
            "Experiment",
            lambda sample: {str(pk): count for pk, count in sample.count(3).items()},
            named=named,
        )

    def _started(self) -> Facet:
        since, until = self._value("since"), self._value("until")
        period = self._value("started")
        words = [PERIODS.get(period, "")]
        words += [f"from {since}" if since else "", f"until {until}" if until else ""]
        return Facet(
            "started",
            "Start time",
            "started",
            kind="started",
            active=", ".join(filter(None, words)),
            is_open=self._is_open("started", bool(period or since or until)),
            url=self._url("started"),
            choices=self._radios(PERIODS, period, first="Any time"),
            low=since,
            high=until,
        )

    def _user(self) -> Facet:
        return self._ticks("user", "User", lambda sample: sample.count(2))

    def _source(self) -> Facet:
        return self._ticks("source", "Source", lambda sample: _values(RunTag, sample, SOURCE_TAG))

    def _registered(self) -> Facet:
        chosen = self._value("registered")
        return Facet(
            "registered",
            "Registered",
            "registered",
            kind="radios",
            active=REGISTERED.get(chosen, "").lower(),
            is_open=self._is_open("registered", bool(chosen)),
            url=self._url("registered"),
            choices=self._radios(REGISTERED, chosen, first="Either"),
        )

    def _dataset(self) -> Facet:
        def count(sample: _Sample) -> dict[str, int]:
            inputs = RunInput.objects.filter(run__in=sample.keys, dataset__isnull=False)
            rows = inputs.order_by().values("dataset__name")
            rows = rows.annotate(count=Count("run", distinct=True))
            return dict(rows.values_list("dataset__name", "count"))

        return self._ticks("dataset", "Data set", count)

    def _parent(self) -> Facet:
        chosen = self._value("parent")
        words = {**PARENTS, **({chosen: "Children of one run"} if chosen not in PARENTS else {})}
        words.pop("", None)
        return Facet(
            "parent",
            "Parent",
            "parent",
            kind="radios",
            active=words.get(chosen, "").lower(),
            is_open=self._is_open("parent", bool(chosen)),
            url=self._url("parent"),
            choices=self._radios(words, chosen, first="All runs"),
        )

    def _health(self) -> Facet:
        return self._ticks("health", "Health", None, labels=HEALTH)

    # Facets of keys.

    @cached_property
    def _columns(self) -> list[tuple[str, list[Column], int]]:
        """Of each kind the keys that have a facet, and how many have none."""
        asked = [part.comparison for part in self.parts if part.comparison is not None]
        found = []
        for kind in _KINDS:
            names = list(_names_worth(self.scope.keys, kind))
            primary = self.scope.experiment and self.scope.experiment.primary_metric
            if kind == KeyKind.METRIC and primary in names:
                names.remove(primary)
                names.insert(0, primary)
            shown = names[:KEYS_OF_A_KIND]
            # What the expression asks about has its facet, wherever it stands among the others.
            shown += [
                each.key
                for each in asked
                if each.entity == kind and each.key in names[KEYS_OF_A_KIND:]
            ]
            shown += [each.key for each in self._asked_for if each.kind == kind]
            columns = [Column(kind, name) for name in dict.fromkeys(shown)]
            found.append((kind, columns, len(set(names) - {each.key for each in columns})))
        return found

    @cached_property
    def _asked_for(self) -> list[Column]:
        """The keys whose facets somebody has opened, or wants to filter by."""
        ids = [self._about, self.query.get("facet", ""), *self.query.getlist("open")[:100]]
        columns = (parse_column(text) for text in ids)
        return [column for column in columns if column is not None and _has_facet(column)]

    @cached_property
    def _about(self) -> str:
        about = about_of(self.query)
        return facet_of(about) if about else ""

    def _key(self, column: Column) -> Facet:
        asked = asked_of(self.parts, column)
        is_open = self._is_open(column.id, asked.is_anything)
        facet = {
            "id": column.id,
            "label": column.key,
            "name": column.id,
            "is_key": True,
            "is_open": is_open,
            "is_asked_about": column.id == self._about,
            "url": self._url(column.id),
            "active": _in_words(asked),
            "way": asked.way,
            "low": asked.low,
            "high": asked.high,
        }
        if not is_open:
            return Facet(**facet, kind="range" if column.kind == KeyKind.METRIC else "ticks")
        facet |= {"is_whole": self._is_whole(column.id), "find": self._find(column.id)}
        sample = self._sample(without_column=column if asked.is_anything else None)
        note = _note(sample)
        if column.kind == KeyKind.METRIC:
            key = metric_key_ids([column.key]).get(column.key, -1)
            stats = MetricStat.objects.filter(run__in=sample.keys, key=key, last__isnull=False)
            numbers = Counter(stats.values_list("last", flat=True)).items()
            return Facet(**facet, kind="range", histogram=histogram(numbers), note=note)
        table = Param if column.kind == KeyKind.PARAM else RunTag
        counts = _values(table, sample, column.key)
        numbers = [(float(text), count) for text, count in counts.items() if _is_real(text)]
        if len(numbers) > CHOICES and len(numbers) == len(counts) and not asked.ticked:
            return Facet(**facet, kind="range", histogram=histogram(numbers), note=note)
        if asked.low or asked.high:
            return Facet(**facet, kind="range", histogram=histogram(numbers), note=note)
        choices, more = self._choices(column.id, counts, asked.ticked, {})
        return Facet(
            **facet,
            choices=choices,
            more=more,
            all_url=self._url(column.id, all_of=True),
            note=note,
        )

    # What they are made of.

    def _ticks(
        self,
        name: str,
        label: str,
        count: Callable[[_Sample], Mapping[str, int]] | None,
        *,
        labels: Mapping[str, str] | None = None,
        named: Callable[[Iterable[str]], Mapping[str, str]] | None = None,
    ) -> Facet:
        asked = dict.fromkeys(self.list_query.getlist(name))
        chosen = [text for text in asked if text.strip()][:MAX_TICKED]
        is_open = self._is_open(name, bool(chosen))
        counts: Mapping[str, int] | None = None
        note = ""
        if is_open and count is not None:
            sample = self._sample(without=name if chosen else None)
            counts, note = count(sample), _note(sample)
        if counts is None:
            counts = {}
            shown = list(labels or {}) if is_open else []
            choices, more = [Choice(value, labels[value], value in chosen) for value in shown], 0
            choices += [Choice(value, value, True) for value in chosen if value not in shown]
        else:
            known = {value: counts.get(value, 0) for value in labels} if labels else counts
            choices, more = self._choices(name, known, chosen, labels or {}, keep=bool(labels))
        if named is not None:
            words = named(choice.value for choice in choices)
            choices = [
                Choice(each.value, words.get(each.value, each.label), each.is_chosen, each.count)
                for each in choices
            ]
        spoken = [choice.label for choice in choices if choice.is_chosen]
        return Facet(
            name,
            label,
            name,
            active=_listed(spoken),
            is_open=is_open,
            url=self._url(name),
            choices=choices,
            more=more,
            is_whole=self._is_whole(name),
            find=self._find(name),
            all_url=self._url(name, all_of=True),
            note=note,
        )

    def _choices(
        self,
        facet_id: str,
        counts: Mapping[str, int],
        chosen: Sequence[str],
        labels: Mapping[str, str],
        *,
        keep: bool = False,
    ) -> tuple[list[Choice], int]:
        """The commonest values, the chosen ones in any case, and how many more there are."""
        values = [text for text in counts if text and len(text) <= MAX_TEXT]
        if not keep:
            values.sort(key=lambda text: (-counts[text], text))
        if find := self._find(facet_id).lower():
            values = [text for text in values if find in labels.get(text, text).lower()]
        shown = values[: ALL_CHOICES if self._is_whole(facet_id) else CHOICES]
        shown += [text for text in chosen if text not in shown]
        choices = [
            Choice(text, labels.get(text, text), text in chosen, counts.get(text, 0))
            for text in shown
        ]
        return choices, max(0, len(set(values) - set(shown)))

    def _radios(self, words: Mapping[str, str], chosen: str, *, first: str) -> list[Choice]:
        is_known = chosen in words
        choices = [Choice("", first, not is_known)]
        return choices + [Choice(value, label, value == chosen) for value, label in words.items()]

    def _value(self, name: str) -> str:
        return self.list_query.get(name, "").strip()

    def _is_whole(self, facet_id: str) -> bool:
        return facet_id in self.query.getlist("all")

    def _find(self, facet_id: str) -> str:
        """What is looked for among the values of a facet that shows them all."""
        if not self._is_whole(facet_id):
            return ""
        return self.query.get(FIND_PREFIX + facet_id, "").strip()[:MAX_TEXT]

    def _is_open(self, facet_id: str, is_active: bool) -> bool:
        if facet_id in {self.query.get("facet"), self._about}:
            return True
        if "open" in self.query:
            return facet_id in self.query.getlist("open")
        return is_active or facet_id in _ALWAYS_OPEN

    def _url(self, facet_id: str, *, all_of: bool = False) -> str:
        changes = {"facet": facet_id}
        if all_of:
            changes["all"] = facet_id
        return self.scope.address("filter") + changed(self.list_query, changes)

    def _sample(
        self, *, without: str | None = None, without_column: Column | None = None
    ) -> _Sample:
        """The newest runs that all conditions leave but those of one facet."""
        about = without or (without_column.id if without_column else "")
        if about not in self._samples:
            runs = self.filter.by_index(
                without={without} - {None},
                where=without_key(self.parts, without_column) if without_column else None,
            )
            rows = list(runs.newest_first().values_list(*_COLUMNS)[: SAMPLE + 1])
            self._samples[about] = _Sample(rows[:SAMPLE], len(rows) > SAMPLE)
        return self._samples[about]


def _has_facet(column: Column) -> bool:
    return column.kind != "property" and bool(facet_of(column)) and len(column.key) <= MAX_TEXT


def _anchor(text: str) -> str:
    return blake2s(text.encode(), digest_size=6).hexdigest()


def _names_worth(keys: QuerySet[RunKey], kind: str) -> Iterable[str]:
    """The keys of a kind that tell runs apart, those that most experiments have first."""
    rows = keys.filter(kind=kind).values("name")
    rows = rows.annotate(
        spread=Count("name"),
        varying=Count("name", filter=Q(varies=True)),
        samples=Count("sample", distinct=True),
    )
    if kind == KeyKind.TAG:
        rows = rows.exclude(name__startswith="mlflow.")
    else:
        rows = rows.filter(Q(varying__gt=0) | Q(samples__gt=1))
    return rows.order_by("-spread", "name").values_list("name", flat=True)


def _values(table: type[Param | RunTag], sample: _Sample, key: str) -> dict[str, int]:
    rows = table.objects.filter(run__in=sample.keys, key=key)
    return dict(Counter(rows.values_list("value", flat=True)))


def _is_real(text: str) -> bool:
    return len(text) < 40 and is_number(text) and abs(float(text)) < float("inf")


def _note(sample: _Sample) -> str:
    return f"Counts of the newest {SAMPLE:,} runs" if sample.is_cut else ""


def _listed(words: Sequence[str]) -> str:
    if len(words) > 2:
        return f"{len(words)} chosen"
    return ", ".join(middle_text(word, 24) for word in words)


def _in_words(asked: Asked) -> str:
    if asked.ticked:
        return f"{'not ' if asked.way == 'not' else ''}{_listed(asked.ticked)}"
    if asked.way:
        return asked.way
    if asked.low and asked.high:
        return f"{asked.low} – {asked.high}"
    return f"≥ {asked.low}" if asked.low else f"≤ {asked.high}" if asked.high else ""
