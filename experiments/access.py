"""The one gate from an id or a name in a request to an experiment."""

from django.http import HttpRequest

from core.errors import Invalid, Missing
from experiments.models import DEFAULT_EXPERIMENT_ID, Experiment
from workspaces.access import get_workspace, workspace_slug

# What a 64-bit key can be; a larger number is no experiment and must not reach the database.
_LARGEST_ID = 2**63 - 1


class NoSuchExperiment(Missing):
    """There is no such experiment, or it is not for the one who asks."""


class NotAnExperimentId(Invalid):
    """An experiment id is a whole number written as text."""


def experiment_key(experiment_id: str | int) -> int:
    """The integer that ``experiment_id`` names. Raises ``NotAnExperimentId``."""
    try:
        return int(experiment_id)
    except ValueError:
        raise NotAnExperimentId(
            f"Invalid experiment ID '{experiment_id}'. Experiment ID must be a valid integer."
        ) from None


def get_experiment(request: HttpRequest, experiment_id: str | int) -> Experiment:
    """The experiment of the request's workspace with that id, in any stage; "" means Default.

    Its ``workspace`` comes with it. Raises ``NoSuchExperiment`` or ``NotAnExperimentId``.
    """
    key = experiment_key(experiment_id) if experiment_id != "" else DEFAULT_EXPERIMENT_ID
    found = None
    if 0 <= key <= _LARGEST_ID:
        found = (
            Experiment.objects.select_related("workspace")
            .filter(pk=key, workspace__slug=workspace_slug(request))
            .first()
        )
    if found is None:
        # An unknown workspace is said to be unknown, rather than its experiment.
        get_workspace(request)
        raise NoSuchExperiment(f"No Experiment with id={experiment_id} exists")
    return found


def get_experiment_by_name(request: HttpRequest, name: str) -> Experiment:
    """The experiment with exactly that name, in any stage. Raises ``NoSuchExperiment``."""
    slug = workspace_slug(request)
    found = (
        Experiment.objects.select_related("workspace")
        .filter(name=name, workspace__slug=slug)
        .first()
    )
    if found is None:
        get_workspace(request)
        raise NoSuchExperiment(f"Could not find experiment with name '{name}'")
    return found
