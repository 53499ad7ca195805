"""The one gate from an id in a request to a run or a logged model."""

import re

from django.http import HttpRequest

from core.errors import Invalid, Missing
from runs.models import LoggedModel, Run
from workspaces.access import get_workspace, workspace_slug


class NoSuchRun(Missing):
    """There is no such run, or it is not for the one who asks."""


class NotARunId(Invalid):
    """A run id is 1 to 256 letters, digits, dashes and underscores."""


class NoSuchLoggedModel(Missing):
    """There is no such logged model, or it is not for the one who asks."""


_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}", re.ASCII)


def get_run(request: HttpRequest, run_id: str) -> Run:
    """The run of the request's workspace with that id, in any stage.

    Its experiment and workspace come with it. Raises ``NoSuchRun``.
    """
    run = (
        Run.objects.select_related("experiment__workspace")
        .filter(run_id=run_id, experiment__workspace__slug=workspace_slug(request))
        .first()
    )
    if run is None:
        get_workspace(request)
        raise NoSuchRun(f"Run with id={run_id} not found")
    return run


def check_run_id(run_id: str) -> None:
    """Raises ``NotARunId`` for what cannot be one."""
    if not _RUN_ID.fullmatch(run_id):
        raise NotARunId(f"Invalid run ID: '{run_id}'")


def get_logged_model(request: HttpRequest, model_id: str) -> LoggedModel:
    """The logged model with that id that is not deleted. Raises ``NoSuchLoggedModel``."""
    model = (
        LoggedModel.objects.select_related("experiment__workspace")
        .filter(
            model_id=model_id,
            deleted_time=None,
            experiment__workspace__slug=workspace_slug(request),
        )
        .first()
    )
    if model is None:
        get_workspace(request)
        raise NoSuchLoggedModel(f"Logged model with ID '{model_id}' not found.")
    return model
