"""workspaces/*: MLflow's calls on workspaces."""

from django.http import HttpRequest

from core.errors import Invalid
from mlflow_api.endpoint import call, endpoint
from mlflow_api.errors import CodedRefusal
from mlflow_api.schemas.common import Empty, NoBody
from mlflow_api.schemas.workspaces import (
    CreateWorkspace,
    ListWorkspacesResponse,
    TraceArchivalConfig,
    UpdateWorkspace,
    Workspace,
    WorkspaceResponse,
)
from runs.files import artifact_store, root_of
from workspaces import actions, models
from workspaces.access import workspace_named


class BadMode(Invalid):
    """A workspace can be removed in three ways; this is none of them."""


class NothingToChange(Invalid):
    """An update of a workspace changes something."""


@endpoint
def list_all(request: HttpRequest, body: NoBody) -> ListWorkspacesResponse:
    return ListWorkspacesResponse([_message(each) for each in models.Workspace.objects.all()])


@endpoint(status=201)
def create(request: HttpRequest, body: CreateWorkspace) -> WorkspaceResponse:
    workspace = actions.create_workspace(
        slug=body.name,
        description=body.description,
        default_artifact_root=body.default_artifact_root,
    )
    return WorkspaceResponse(_message(workspace))


@endpoint
def get(request: HttpRequest, body: NoBody, workspace_name: str) -> WorkspaceResponse:
    return WorkspaceResponse(_message(workspace_named(workspace_name)))


@endpoint
def update(request: HttpRequest, body: UpdateWorkspace, workspace_name: str) -> WorkspaceResponse:
    archival = body.trace_archival_config or TraceArchivalConfig()
    changes = (
        *(body.description, body.default_artifact_root),
        *(archival.location, archival.retention),
    )
    if all(change is None for change in changes):
        raise NothingToChange("Workspace update must have at least one key")
    workspace = workspace_named(workspace_name)
    actions.change_workspace(
        workspace,
        description=body.description,
        default_artifact_root=body.default_artifact_root,
    )
    return WorkspaceResponse(_message(workspace))


@endpoint(status=204)
def delete(request: HttpRequest, body: NoBody, workspace_name: str) -> Empty:
    mode = request.GET.get("mode", "RESTRICT")
    if mode not in _DELETE:
        raise BadMode(f"Invalid deletion mode '{mode}'. Must be one of: {', '.join(_DELETE)}")
    workspace = workspace_named(workspace_name)
    try:
        _DELETE[mode](workspace)
    except actions.WorkspaceInUse as in_use:
        raise CodedRefusal(in_use.message, code="INVALID_STATE", status=400) from None
    return Empty()


def _delete_all(workspace: models.Workspace) -> None:
    """Remove a workspace, what is in it, and the files of its experiments that are kept here."""
    places = {
        f"mlflow-artifacts:/workspaces/{workspace.slug}/{key}": location
        for key, location in workspace.experiments.values_list("pk", "artifact_location")
    }
    actions.delete_workspace_and_contents(workspace)
    for own, location in places.items():
        # Only what was the experiment's alone: others may have been told the same place.
        if location == own:
            artifact_store().delete(root_of(own))


_DELETE = {
    "SET_DEFAULT": actions.merge_into_default,
    "CASCADE": _delete_all,
    "RESTRICT": actions.delete_empty_workspace,
}


def _message(workspace: models.Workspace) -> Workspace:
    return Workspace(workspace.slug, workspace.description, workspace.default_artifact_root)


# Below api/3.0/mlflow/
urlpatterns = [
    call("workspaces", GET=list_all, POST=create),
    call("workspaces/<str:workspace_name>", GET=get, PATCH=update, DELETE=delete),
]
