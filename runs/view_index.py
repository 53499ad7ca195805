"""What the list of all saved views of a workspace shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.http import QueryDict

from runs.charts.settings import KEYS as CHART_SETTINGS
from runs.filters import RunFilter
from runs.models import SavedView
from runs.saved_views import VIEW_KEY
from runs.scope import Scope
from workspaces.models import Workspace

# What the list can be sorted by; the first is the default.
ORDERS = {
    "changed": ("Last change", ["-last_update_time", "pk"]),
    "name": ("Name", ["name", "pk"]),
    "place": ("Experiment", ["experiment__name", "name", "pk"]),
}
DEFAULT_ORDER = "changed"

# What the keys of an address are about that do not narrow the runs.
_SUBJECTS = {
    "sort": "order",
    "cols": "columns",
    "group": "groups",
    "rep": "groups",
    "agg": "groups",
    "ci": "groups",
    "base": "baseline",
    **dict.fromkeys(("chart", "front", *CHART_SETTINGS), "charts"),
}
_IN_ORDER = ("filter", "order", "columns", "groups", "baseline", "charts")


@dataclass(frozen=True)
class ViewRow:
    """A saved view in the list: where it leads, and what it says of its list's runs."""

    view: SavedView
    scope: Scope
    url: str
    edit_url: str
    keeps: Sequence[str]


def listed_views(workspace: Workspace) -> QuerySet[SavedView]:
    """The views of the workspace, but for those of experiments in the trash."""
    views = SavedView.objects.filter(workspace=workspace)
    views = views.filter(Q(experiment=None) | Q(experiment__lifecycle_stage="active"))
    return views.select_related("workspace", "experiment__workspace", "owner")


def found_views(workspace: Workspace, *, text: str, order: str) -> QuerySet[SavedView]:
    """Those with ``text`` in their name or in their experiment's, in one of ``ORDERS``."""
    found = listed_views(workspace)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(experiment__name__icontains=text))
    _, keys = ORDERS.get(order, ORDERS[DEFAULT_ORDER])
    return found.order_by(*keys)


def view_rows(views: Sequence[SavedView]) -> list[ViewRow]:
    rows = []
    for view in views:
        scope = Scope(view.workspace, view.experiment)
        url = f"{scope.address()}?{VIEW_KEY}={view.slug}"
        rows.append(ViewRow(view, scope, url, scope.address("view", view.slug), keeps(view)))
    return rows


def keeps(view: SavedView) -> list[str]:
    """What a view says, such as "filter" and "columns"."""
    names = QueryDict(view.query).keys()
    subjects = {_SUBJECTS.get(name, "") for name in names}
    if names & RunFilter.base_filters.keys():
        subjects.add("filter")
    if view.charts:
        subjects.add("charts")
    return [subject for subject in _IN_ORDER if subject in subjects]
