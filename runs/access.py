"""The one gate from an id in a request to a run or a logged model."""

import re
from collections.abc import Sequence

from django.http import HttpRequest

from core.errors import Invalid, Missing
from core.names import invalid_value
from runs.actions.selections import NOBODY
from runs.models import LoggedModel, Run, Selection
from workspaces.access import get_workspace, workspace_slug


class NoSuchRun(Missing):
    """There is no such run, or it is not for the one who asks."""


class NotARunId(Invalid):
    """A run id is 1 to 256 letters, digits, dashes and underscores."""


class NoSuchComparison(Missing):
    """There is no such comparison, or it is not for the one who asks."""


class NoSuchLoggedModel(Missing):
    """There is no such logged model, or it is not for the one who asks."""


_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}", re.ASCII)


def is_run_id(text: str) -> bool:
    """Whether ``text`` could be the id of a run."""
    return bool(_RUN_ID.fullmatch(text))


def get_run(request: HttpRequest, run_id: str) -> Run:
    """The run of the request's workspace with that id, in any stage.

    Its experiment and workspace come with it. Raises ``NoSuchRun``.
    """
    run = None
    # What cannot be an id need not be looked up, and PostgreSQL would refuse some of it.
    if is_run_id(run_id):
        run = (
            Run.objects.select_related("experiment__workspace")
            .filter(run_id=run_id, experiment__workspace__slug=workspace_slug(request))
            .first()
        )
    if run is None:
        get_workspace(request)
        raise NoSuchRun(f"Run with id={run_id} not found")
    return run


def get_runs(request: HttpRequest, run_ids: Sequence[str]) -> list[Run]:
    """Those of the runs that exist in the request's workspace, in the order asked for.

    Their experiments come with them. What does not exist is left out: the caller says so.
    """
    found = {
        run.run_id: run
        for run in Run.objects.select_related("experiment__workspace").filter(
            # What cannot be an id need not be looked up: PostgreSQL would refuse some of it.
            run_id__in=set(filter(_RUN_ID.fullmatch, run_ids)),
            experiment__workspace__slug=workspace_slug(request),
        )
    }
    return [found[run_id] for run_id in dict.fromkeys(run_ids) if run_id in found]


def get_comparison(request: HttpRequest, slug: str) -> Selection:
    """The comparison of the request's workspace with that slug. Raises ``NoSuchComparison``."""
    comparison = None
    # What cannot be a slug need not be looked up, and PostgreSQL would refuse some of it.
    if is_run_id(slug):
        comparison = Selection.objects.filter(
            slug=slug, owner=NOBODY, workspace__slug=workspace_slug(request)
        ).first()
    if comparison is None:
        get_workspace(request)
        raise NoSuchComparison("There is no such comparison: its runs may have been removed.")
    return comparison


def check_run_id(run_id: str) -> None:
    """Raises ``NotARunId`` for what cannot be one."""
    if not _RUN_ID.fullmatch(run_id):
        raise NotARunId(f"{invalid_value('run_id', run_id)}.")


def get_logged_model(
    request: HttpRequest, model_id: str, *, with_deleted: bool = False
) -> LoggedModel:
    """The logged model with that id, unless it is deleted. Raises ``NoSuchLoggedModel``."""
    model = (
        LoggedModel.objects.select_related("experiment__workspace")
        .filter(model_id=model_id, experiment__workspace__slug=workspace_slug(request))
        .first()
    )
    if model is None or (model.deleted_time is not None and not with_deleted):
        get_workspace(request)
        raise NoSuchLoggedModel(f"Logged model with ID '{model_id}' not found.")
    return model


def get_logged_models(request: HttpRequest, model_ids: Sequence[str]) -> list[LoggedModel]:
    """The logged models with those ids, in their order. Raises ``NoSuchLoggedModel``."""
    if not model_ids:
        return []
    found = {
        model.model_id: model
        for model in LoggedModel.objects.filter(
            model_id__in=set(model_ids),
            deleted_time=None,
            experiment__workspace__slug=workspace_slug(request),
        )
    }
    for model_id in model_ids:
        if model_id not in found:
            raise NoSuchLoggedModel(f"Logged model with ID '{model_id}' not found.")
    return [found[model_id] for model_id in model_ids]
