"""What a run list, and everything made from it, can be narrowed by."""

from functools import cache

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from experiments.models import Experiment
from runs.models import Run, RunKey, RunStatus
from runs.search import run_condition
from search.errors import FilterError
from search.run_expressions import KnownKeys
from search.runs import is_plain, parse_expression

MAX_TEXT = 500


class ConditionField(forms.CharField):
    """An expression over runs, as a condition of the ORM; None if it asks nothing."""

    def __init__(self, *, known: KnownKeys | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self._known = known

    def clean(self, value: str) -> Q | None:
        text = super().clean(value)
        try:
            node = parse_expression(text, known=self._known)
        except FilterError as error:
            raise ValidationError(_in_words(error)) from None
        return None if node is None else run_condition(node)


class ConditionFilter(django_filters.Filter):
    field_class = ConditionField


class RunFilter(django_filters.FilterSet):
    """Plain words, statuses, and an expression: all that ``mlflow.search_runs`` takes, and more.

    ``keys`` are the names that the runs have; a name in the expression that is nearly one of
    them is refused.
    """

    q = django_filters.CharFilter(
        method="containing", label="Name, id or tag", max_length=MAX_TEXT, strip=True
    )
    status = django_filters.MultipleChoiceFilter(choices=RunStatus.choices, label="Status")
    where = ConditionFilter(method="narrowed", label="Filter")

    class Meta:
        model = Run
        fields = ["q", "status", "where"]

    def __init__(self, *args, keys: QuerySet[RunKey] | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if keys is not None:
            self.filters["where"].extra["known"] = _names_in(keys)

    def containing(self, runs: QuerySet[Run], name: str, text: str) -> QuerySet[Run]:
        return runs.filter(Q(name__icontains=text) | Q(run_id__startswith=text))

    def narrowed(self, runs: QuerySet[Run], name: str, condition: Q) -> QuerySet[Run]:
        return runs.filter(condition)

    def search_code(self, experiment: Experiment | None) -> str:
        """The call of MLflow's client that finds what ``where`` does; "" if there is none."""
        text = self.data.get("where", "").strip()
        if not self.is_valid() or not is_plain(text):
            return ""
        place = (
            f"experiment_names=[{experiment.name!r}]"
            if experiment
            else "search_all_experiments=True"
        )
        return f"mlflow.search_runs(\n    {place},\n    filter_string={text!r},\n)"

    @property
    def is_active(self) -> bool:
        """Whether anything is asked that could hide a run."""
        return any(self.data.getlist(name) != [""] and self.data.get(name) for name in self.filters)


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
