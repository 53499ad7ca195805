"""A list that its conditions leave empty: how many runs each of them would leave alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict

from runs.chips import Condition
from runs.models import Run
from runs.scope import Scope
from runs.table import count_up_to

# Each asks the database once more.
MAX_COUNTED = 8


@dataclass(frozen=True)
class Alone:
    """A condition, and how many runs it alone would leave; None if nobody counted them."""

    condition: Condition
    count: int | None = None
    is_more: bool = False


def each_alone(scope: Scope, conditions: Sequence[Condition]) -> list[Alone]:
    """The conditions in their order. Of a single one the list itself says what it leaves."""
    countable = [each for each in conditions if each.is_applied][:MAX_COUNTED]
    return [
        Alone(condition, *count_up_to(_left_by(condition, scope)))
        if condition in countable and len(conditions) > 1
        else Alone(condition)
        for condition in conditions
    ]


def trashed(scope: Scope) -> int:
    """How many runs of a list that shows none are in the Trash."""
    if scope.experiment is None or not scope.experiment.is_active:
        return 0
    return Run.objects.filter(experiment=scope.experiment).deleted().count()


def _left_by(condition: Condition, scope: Scope) -> QuerySet[Run]:
    return scope.filter(QueryDict(urlencode([condition.asked]))).by_index()
