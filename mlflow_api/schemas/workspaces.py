"""The messages of workspaces, named as MLflow names them."""

from mlflow_api.schemas.common import Request, Response


class TraceArchivalConfig(Request):
    """Where MLflow moves old traces. Here are no traces, so it is read and not kept."""

    location: str | None = None
    retention: str | None = None


class CreateWorkspace(Request):
    name: str
    description: str = ""
    default_artifact_root: str = ""
    trace_archival_config: TraceArchivalConfig | None = None


class UpdateWorkspace(Request):
    description: str | None = None
    default_artifact_root: str | None = None
    trace_archival_config: TraceArchivalConfig | None = None


class Workspace(Response):
    name: str
    description: str = ""
    default_artifact_root: str = ""


class WorkspaceResponse(Response):
    workspace: Workspace


class ListWorkspacesResponse(Response):
    workspaces: list[Workspace] = []
