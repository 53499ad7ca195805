"""What a run list, and everything made from it, can be narrowed by."""

from collections.abc import Collection
from functools import cache

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet

from core.time import now_ms
from experiments.models import Experiment
from runs.models import KeyKind, MetricKey, MetricStat, Run, RunInput, RunKey, RunStatus, RunTag
from runs.search import run_condition
from runs.status import have_stalled
from runs.table import SOURCE_TAG
from search.errors import FilterError
from search.moments import UNITS, span_of_date
from search.run_expressions import KnownKeys
from search.runs import parse_expression
from search.tree import Node

# What MLflow's clients say of code that has changes that git does not know.
DIRTY_TAG = "mlflow.source.git.dirty"

MAX_TEXT = 500
# What one facet may have ticked at once.
MAX_TICKED = 100

PERIODS = {"1h": "last hour", "24h": "last 24 hours", "7d": "last 7 days", "30d": "last 30 days"}
_LENGTHS = {name: int(name[:-1]) * UNITS[name[-1]] for name in PERIODS}

REGISTERED = {"yes": "Registered", "no": "Not registered"}
HEALTH = {
    "stalled": "Stalled",
    "nan": "A metric ends in NaN",
    "empty": "No metrics",
    "dirty": "Uncommitted changes",
}
# What ``parent`` may say beside the id of a run, whose children it then asks for.
PARENTS = {"top": "Top-level runs", "child": "Child runs"}


class ExpressionField(forms.CharField):
    """An expression over runs, as it was read; None if it asks nothing."""

    def __init__(self, *, known: KnownKeys | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self._known = known

    def clean(self, value: str) -> Node | None:
        text = super().clean(value)
        try:
            return parse_expression(text, known=self._known)
        except FilterError as error:
            raise ValidationError(_in_words(error)) from None


class ExpressionFilter(django_filters.Filter):
    field_class = ExpressionField


class TextsField(forms.MultipleChoiceField):
    """Any texts: one that no run has finds nothing, and is no mistake."""

    def valid_value(self, value: str) -> bool:
        return "\x00" not in value and len(value) <= MAX_TEXT

    def clean(self, value) -> list[str]:
        return list(dict.fromkeys(filter(str.strip, super().clean(value))))[:MAX_TICKED]


class TextsFilter(django_filters.Filter):
    field_class = TextsField


class ChoicesField(django_filters.fields.MultipleChoiceField):
    """Some of a few values; a blank one, as an empty field sends it, asks nothing."""

    def to_python(self, value: object) -> list[str]:
        return list(filter(None, super().to_python(value)))


class ChoicesFilter(django_filters.MultipleChoiceFilter):
    field_class = ChoicesField

    def __init__(self, *args, **kwargs) -> None:
        # No choice joins another table, so no run comes twice.
        super().__init__(*args, distinct=False, **kwargs)


class MomentField(forms.CharField):
    """A day or a minute in UTC, as its first and its last millisecond."""

    def clean(self, value: str) -> tuple[int, int] | None:
        text = super().clean(value)
        if not text:
            return None
        span = span_of_date(text)
        if span is None:
            raise ValidationError("Write a day as 2026-11-24, or a minute as 2026-11-24 13:00.")
        return span


class MomentFilter(django_filters.Filter):
    field_class = MomentField


class RunFilter(django_filters.FilterSet):
    """Plain words, the facets of a run, and an expression: what ``mlflow.search_runs`` takes.

    ``keys`` are the names that the runs have; a name in the expression that is nearly one of
    them is refused. ``experiment`` is given if all runs are of it. What cannot be read narrows
    nothing, and all else still does: ``qs`` is then more than was asked for, and ``is_valid()``
    says so.
    """

    q = django_filters.CharFilter(
        method="containing", label="Name or id", max_length=MAX_TEXT, strip=True
    )
    experiment = TextsFilter(method="of_experiments", label="Experiment")
    status = ChoicesFilter(choices=RunStatus.choices, label="Status")
    started = django_filters.ChoiceFilter(
        method="started_within", choices=list(PERIODS.items()), label="Started"
    )
    since = MomentFilter(method="started_since", label="Started from")
    until = MomentFilter(method="started_until", label="Started until")
    user = TextsFilter(method="of_users", label="User")
    source = TextsFilter(method="from_sources", label="Source")
    registered = django_filters.ChoiceFilter(
        method="that_are_registered", choices=list(REGISTERED.items()), label="Registered"
    )
    dataset = TextsFilter(method="that_read", label="Data set")
    parent = django_filters.CharFilter(method="below", max_length=MAX_TEXT, label="Parent")
    health = ChoicesFilter(method="in_health", choices=list(HEALTH.items()), label="Health")
    where = ExpressionFilter(method="narrowed", label="Filter")

    class Meta:
        model = Run
        fields = []

    def __init__(
        self,
        *args,
        keys: QuerySet[RunKey] | None = None,
        experiment: Experiment | None = None,
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.experiment = experiment
        self.keys = keys
        if keys is not None:
            self.filters["where"].extra["known"] = _names_in(keys)

    def by_index(self, *, without: Collection[str] = (), where: str | None = None) -> QuerySet[Run]:
        """The same runs as ``qs``, as a query that is quick where few match, for asking once.

        It may leave out some filters, and have another expression, which can be read.
        """
        runs = self.queryset.all()
        self.form.is_valid()
        for name, value in self.form.cleaned_data.items():
            if name not in {*without, "where"}:
                runs = self.filters[name].filter(runs, value)
        node = self.form.cleaned_data.get("where") if where is None else parse_expression(where)
        if node is None:
            return runs
        return runs.filter(run_condition(node, experiment=self.experiment))

    def containing(self, runs: QuerySet[Run], name: str, text: str) -> QuerySet[Run]:
        return runs.filter(Q(name__icontains=text) | Q(run_id__startswith=text))

    def of_experiments(self, runs, name: str, ids: list[str]):
        known = [int(text) for text in ids if text.isdecimal() and len(text) < 19]
        return runs.filter(experiment__in=known)

    def started_within(self, runs, name: str, period: str):
        return runs.filter(start_time__gte=now_ms() - _LENGTHS[period])

    def started_since(self, runs, name: str, span: tuple[int, int]):
        return runs.filter(start_time__gte=span[0])

    def started_until(self, runs, name: str, span: tuple[int, int]):
        return runs.filter(start_time__lte=span[1])

    def of_users(self, runs, name: str, users: list[str]):
        return runs.filter(user_id__in=users)

    def from_sources(self, runs, name: str, sources: list[str]):
        tags = RunTag.objects.filter(run=OuterRef("pk"), key=SOURCE_TAG, value__in=sources)
        return runs.filter(Exists(tags))

    def that_are_registered(self, runs, name: str, answer: str):
        # The registry stands above and adds the relation.
        versions = Run._meta.get_field("model_versions").related_model.objects
        saved = Exists(versions.filter(run=OuterRef("pk"), deleted_time=None))
        return runs.filter(saved if answer == "yes" else ~saved)

    def that_read(self, runs, name: str, datasets: list[str]):
        inputs = RunInput.objects.filter(run=OuterRef("pk"), dataset__name__in=datasets)
        return runs.filter(Exists(inputs))

    def below(self, runs, name: str, parent: str):
        match parent:
            case "top":
                return runs.filter(parent_run_id="")
            case "child":
                return runs.exclude(parent_run_id="")
        return runs.filter(parent_run_id=parent)

    def in_health(self, runs, name: str, ills: list[str]):
        return runs.filter(Q(*(self._ill(each) for each in ills), _connector=Q.OR))

    def narrowed(self, runs: QuerySet[Run], name: str, node: Node) -> QuerySet[Run]:
        return runs.filter(run_condition(node))

    @property
    def is_active(self) -> bool:
        """Whether anything is asked that could hide a run."""
        return any(
            text.strip()
            for name, one in self.filters.items()
            for text in self.data.getlist(name)[None if _is_many(one) else -1 :]
        )

    def _ill(self, ill: str) -> Q:
        stats = MetricStat.objects.filter(run=OuterRef("pk"))
        match ill:
            case "stalled":
                return have_stalled(now=now_ms())
            case "nan":
                return Q(pk__in=self._ending_in_nan())
            case "dirty":
                tags = RunTag.objects.filter(run=OuterRef("pk"), key=DIRTY_TAG)
                return Q(Exists(tags.filter(value__in=["true", "True"])))
        return ~Q(Exists(stats))

    def _ending_in_nan(self) -> QuerySet:
        """The runs that have a metric whose latest value is NaN, found by the index of values."""
        stats = MetricStat.objects.filter(last__isnull=True)
        if self.keys is not None:
            names = self.keys.filter(kind=KeyKind.METRIC)
            stats = stats.filter(
                experiment__in=names.values("experiment"),
                key__in=MetricKey.objects.filter(name__in=names.values("name")).values("pk"),
            )
        return stats.values("run")


def _is_many(each: django_filters.Filter) -> bool:
    """Whether each value of an address counts, and not only the last one."""
    return issubclass(each.field_class, forms.MultipleChoiceField)


def _in_words(error: FilterError) -> str:
    """What is wrong, where, and what was perhaps meant."""
    place = "" if error.position is None else f" At character {error.position + 1}."
    hint = f" Did you mean {error.suggestion}?" if error.suggestion else ""
    return f"{error.message}{place}{hint}"


def _names_in(keys: QuerySet[RunKey]) -> KnownKeys:
    """The names among ``keys`` of a kind, read once a kind and only when asked."""

    @cache
    def known(kind: str) -> set[str]:
        return set(keys.filter(kind=kind).values_list("name", flat=True))

    return known
