"""Which runs a list is of: those of one experiment, or of a whole workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from core.errors import Invalid
from experiments.access import get_experiment
from experiments.models import Experiment
from runs.columns import Column, Columns, Name, choose_columns
from runs.filters import RunFilter
from runs.models import Run, RunKey, SavedView
from runs.ordering import SortKey, parse_sort
from runs.tree import read_nesting, top_level
from workspaces.access import get_workspace
from workspaces.models import Workspace

# Where a form of a list leads back to, if not to the list itself.
BACK_KEY = "to"

NEWEST_FIRST = [SortKey(Column("property", "start_time"), descending=True)]


class UnreadableFilter(Invalid):
    """What the address says of a filter means nothing, so no run can be said to match it."""


@dataclass(frozen=True)
class Scope:
    """The runs of one experiment or, without one, of all active ones of a workspace."""

    workspace: Workspace
    experiment: Experiment | None

    @property
    def runs(self) -> QuerySet[Run]:
        """What the list shows; of an experiment in the trash that is every run."""
        if self.experiment is None:
            runs = Run.objects.in_workspace(self.workspace).active()
            return runs.filter(experiment__lifecycle_stage="active")
        runs = Run.objects.filter(experiment=self.experiment)
        return runs.active() if self.experiment.is_active else runs

    @property
    def keys(self) -> QuerySet[RunKey]:
        """The names that those runs may have."""
        if self.experiment is None:
            return RunKey.objects.filter(
                experiment__workspace=self.workspace, experiment__lifecycle_stage="active"
            )
        return RunKey.objects.filter(experiment=self.experiment)

    @property
    def experiments(self) -> list[Experiment]:
        """Those that say which values of a metric are better."""
        return [self.experiment] if self.experiment else []

    def columns(self, query: QueryDict, *, names: Sequence[Name] | None = None) -> Columns:
        """The columns that an address shows; if it names none, the experiment's default ones."""
        chosen = query.get("cols", "") or self.default_columns
        return choose_columns(self.keys, chosen=chosen, experiment=self.experiment, names=names)

    @cached_property
    def views(self) -> list[SavedView]:
        """The saved views of the list, by name."""
        views = SavedView.objects.filter(workspace=self.workspace, experiment=self.experiment)
        return list(views.order_by("name", "pk"))

    @property
    def default_view(self) -> SavedView | None:
        """What the experiment opens with; a whole workspace has none."""
        if self.experiment is None:
            return None
        return next((view for view in self.views if view.is_default), None)

    @cached_property
    def default_columns(self) -> str:
        """What the experiment's default view says of columns; "" is nothing."""
        view = self.default_view
        return QueryDict(view.query).get("cols", "") if view else ""

    def filter(self, query: QueryDict) -> RunFilter:
        """What an address narrows the runs by."""
        return RunFilter(query, queryset=self.runs, keys=self.keys, experiment=self.experiment)

    def matching(self, query: QueryDict) -> QuerySet[Run]:
        """The runs that an address leaves. Raises ``UnreadableFilter``."""
        run_filter = self.filter(query)
        if not run_filter.is_valid():
            faults = [text for errors in run_filter.errors.values() for text in errors]
            raise UnreadableFilter(" ".join(faults))
        return run_filter.by_index()

    def listed(self, query: QueryDict) -> QuerySet[Run]:
        """The runs that an address shows as rows of their own. Raises ``UnreadableFilter``."""
        matching = self.matching(query)
        is_narrowed = RunFilter(query, queryset=self.runs).is_active
        nesting = read_nesting(query, self.keys, is_narrowed=is_narrowed)
        return top_level(matching) if nesting.is_nested else matching

    def address(self, view: str = "", *args: object) -> str:
        """Where the list is, or what belongs to it: ``trash``, ``selection`` and so on."""
        part = f"_{view}" if view else ""
        if self.experiment is None:
            return reverse(f"runs:all{part}", args=[self.workspace.slug, *args])
        return reverse(f"runs:list{part}", args=[self.workspace.slug, self.experiment.pk, *args])

    def back_address(self, query: QueryDict) -> str:
        """The page that a form of the list was sent from: its charts if it says ``to=charts``."""
        is_of_charts = query.get(BACK_KEY) == "charts" and self.experiment is not None
        return self.address("charts" if is_of_charts else "")


def get_scope(request: HttpRequest, experiment_id: int | None) -> Scope:
    """The scope that an address names. Raises ``NoSuchExperiment`` or ``NoSuchWorkspace``."""
    if experiment_id is None:
        return Scope(get_workspace(request), None)
    experiment = get_experiment(request, experiment_id)
    return Scope(experiment.workspace, experiment)


def sort_of(query: QueryDict) -> list[SortKey]:
    """How an address sorts; the newest first if it does not say."""
    return parse_sort(query.get("sort", "")) or NEWEST_FIRST
