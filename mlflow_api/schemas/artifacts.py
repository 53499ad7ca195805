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


class CreateMultipartUpload(Request):
    path: str
    num_parts: int = 1


class MultipartUploadCredential(Response):
    url: str
    part_number: int
    headers: dict[str, str] = {}


class CreateMultipartUploadResponse(Response):
    upload_id: str
    credentials: list[MultipartUploadCredential]


class MultipartUploadPart(Request):
    part_number: int
    etag: str
    url: str = ""


class CompleteMultipartUpload(Request):
    path: str
    upload_id: str
    parts: list[MultipartUploadPart]


class AbortMultipartUpload(Request):
    path: str
    upload_id: str
