"""The columns that an experiment's list has for everyone who asks for no others."""

from django.http import QueryDict

from core.db import action, lock_row
from core.ids import new_run_id
from core.time import now_ms
from experiments.actions import ExperimentNotActive
from experiments.models import Experiment
from runs.actions.views import free_name
from runs.models import SavedView, Visibility

# What a default view is called that nobody has named.
UNNAMED = "Default"


@action
def set_default_columns(experiment: Experiment, *, cols: str) -> None:
    """Show ``cols`` to everyone who opens the experiment's list; "" is the automatic ones again.

    Kept in the experiment's default view, whatever else that says. One that someone has named
    and that says nothing else is kept as it is, and is the default no longer. Raises
    ``ExperimentNotActive``.
    """
    held = lock_row(experiment)
    if not held.is_active:
        raise ExperimentNotActive(held)
    view = experiment.views.filter(is_default=True).first() or SavedView(
        workspace=experiment.workspace,
        experiment=experiment,
        slug=new_run_id(),
        name=free_name(experiment, UNNAMED),
        visibility=Visibility.WORKSPACE,
        is_default=True,
    )
    query = QueryDict(view.query, mutable=True)
    query.pop("cols", None)
    if cols:
        query["cols"] = cols
    view.last_update_time = now_ms()
    if query or view.charts:
        view.query = query.urlencode()
        view.save()
    elif view.pk and view.name != UNNAMED:
        view.is_default = False
        view.save()
    elif view.pk:
        view.delete()
