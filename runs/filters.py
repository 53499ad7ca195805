"""What a run list, and everything made from it, can be narrowed by."""

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, Q, QuerySet

from runs.models import Run, RunStatus
from runs.search import run_conditions
from search.errors import FilterError

MAX_TEXT = 500


class ConditionsField(forms.CharField):
    """A line in MLflow's filter grammar, as conditions of the ORM."""

    def clean(self, value: str) -> list[Q | Exists]:
        text = super().clean(value)
        try:
            return run_conditions(text)
        except FilterError as error:
            hint = f" Did you mean {error.suggestion}?" if error.suggestion else ""
            raise ValidationError(f"{error.message}{hint}") from None


class ConditionsFilter(django_filters.Filter):
    field_class = ConditionsField


class RunFilter(django_filters.FilterSet):
    """Plain words, statuses, and a filter as ``mlflow.search_runs`` takes one."""

    q = django_filters.CharFilter(
        method="containing", label="Name, id or tag", max_length=MAX_TEXT, strip=True
    )
    status = django_filters.MultipleChoiceFilter(choices=RunStatus.choices, label="Status")
    where = ConditionsFilter(method="narrowed", label="Filter")

    class Meta:
        model = Run
        fields = ["q", "status", "where"]

    def containing(self, runs: QuerySet[Run], name: str, text: str) -> QuerySet[Run]:
        return runs.filter(Q(name__icontains=text) | Q(run_id__startswith=text))

    def narrowed(
        self, runs: QuerySet[Run], name: str, conditions: list[Q | Exists]
    ) -> QuerySet[Run]:
        return runs.filter(*conditions)

    @property
    def is_active(self) -> bool:
        """Whether anything is asked that could hide a run."""
        return any(self.data.getlist(name) != [""] and self.data.get(name) for name in self.filters)
