"""The messages of workspaces, named as MLflow names them."""

from mlflow_api.schemas.common import Request, Response


class CreateWorkspace(Request):
    name: str
    description: str = ""
    default_artifact_root: str = ""


class UpdateWorkspace(Request):
    description: str | None = None
    default_artifact_root: str | None = None


class Workspace(Response):
    name: str
    description: str = ""
    default_artifact_root: str = ""


class WorkspaceResponse(Response):
    workspace: Workspace


class ListWorkspacesResponse(Response):
    workspaces: list[Workspace] = []
