"""The messages of artifacts, named as MLflow names them."""

from mlflow_api.schemas.common import Request, Response


class ListArtifacts(Request):
    run_id: str
    path: str = ""
    page_token: str = ""


class ListProxiedArtifacts(Request):
    path: str = ""


class FileInfo(Response):
    path: str
    is_dir: bool
    file_size: int = 0


class ListArtifactsResponse(Response):
    root_uri: str
    files: list[FileInfo] = []


class ListProxiedArtifactsResponse(Response):
    files: list[FileInfo] = []
