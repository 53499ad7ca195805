"""Which runs a comparison has, and which could join it: the newest, or what a search finds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from core.names import MAX_KEY_LENGTH
from runs.access import is_run_id
from runs.comparing.subject import Subject
from runs.keys import metric_key_ids
from runs.models import MetricStat, Run
from workspaces.models import Workspace

SHOWN = 50


@dataclass(frozen=True)
class Picker:
    """The runs to choose from; ``is_more`` if the search finds more ``others`` than these.

    ``compared`` are those of the comparison, which can be taken out; a search shows none of them.
    ``values`` are what the ``metric`` ends at, by the run's key.
    """

    search: str
    compared: Sequence[Run]
    others: Sequence[Run]
    is_more: bool
    metric: str
    values: Mapping[int, float | None]

    @property
    def rows(self) -> list[tuple[Run, bool, float | None]]:
        """Each run, whether it is compared already, and what the metric ends at."""
        return [
            *((run, True, self.values.get(run.pk)) for run in self.compared),
            *((run, False, self.values.get(run.pk)) for run in self.others),
        ]


def read_picker(workspace: Workspace, subject: Subject | None, search: str) -> Picker:
    """Active runs that are not compared yet, the newest first.

    Without a search those of the compared experiments, or, where nothing is compared yet, of the
    workspace; with one, those of the workspace whose name holds it or whose id begins with it.
    """
    search = search.replace("\0", "").strip()[:MAX_KEY_LENGTH]
    runs = Run.objects.in_workspace(workspace).active()
    if subject:
        runs = runs.exclude(pk__in=subject.keys)
    if search:
        found = Q(name__icontains=search)
        if is_run_id(search):
            found |= Q(run_id__startswith=search)
        runs = runs.filter(found)
    elif subject:
        runs = runs.filter(experiment__in=subject.experiments)
    others = list(runs.select_related("experiment__workspace").newest_first()[: SHOWN + 1])
    compared = subject.runs[:SHOWN] if subject and not search else []
    metric = subject.main_metric if subject else ""
    return Picker(
        search=search,
        compared=compared,
        others=others[:SHOWN],
        is_more=len(others) > SHOWN,
        metric=metric,
        values=_values([*compared, *others[:SHOWN]], metric),
    )


def _values(runs: Sequence[Run], metric: str) -> dict[int, float | None]:
    """What the metric ends at in each of the runs; NaN is what it is."""
    if not metric:
        return {}
    stats = MetricStat.objects.filter(
        run__in=[run.pk for run in runs], key__in=metric_key_ids([metric]).values()
    )
    found = stats.values_list("run_id", "last")
    return {run: math.nan if last is None else last for run, last in found}
