"""Artifacts: listed, sent and received through this server."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from artifacts.paths import ArtifactPath
from artifacts.store import Entry
from core.db import release_connection
from core.errors import Invalid, NotSupported
from mlflow_api.endpoint import call, endpoint, guarded
from mlflow_api.files import confined, folder, received
from mlflow_api.schemas.artifacts import (
    FileInfo,
    ListArtifacts,
    ListArtifactsResponse,
    ListProxiedArtifacts,
    ListProxiedArtifactsResponse,
)
from mlflow_api.schemas.common import Empty, NoBody
from mlflow_api.views import uploads
from runs.access import get_logged_model, get_run
from runs.downloads import file_response
from runs.files import artifact_store, run_store
from runs.models import LoggedModel, Run

MAX_PAGE_UPLOAD = 10 * 1024 * 1024


class IncompleteUpload(Invalid):
    """Which run, which file or what is in it is not said."""


class NoFilesHere(Invalid):
    """The files are in a store of the user's own, which this server cannot read."""


class NoPresigned(NotSupported):
    """There is no other server to fetch from; clients fall back to a plain download."""


# ------------------------------------------------------------------ mlflow-artifacts/…


@guarded
def download(request: HttpRequest, path: str, workspace: str = "") -> HttpResponseBase:
    return file_response(request, artifact_store(), confined(request, path))


@guarded
def upload(request: HttpRequest, path: str, workspace: str = "") -> HttpResponseBase:
    place = confined(request, path)
    release_connection()
    artifact_store().write(place, received(request))
    return HttpResponse()


@endpoint
def delete(request: HttpRequest, body: NoBody, path: str) -> Empty:
    artifact_store().delete(confined(request, path))
    return Empty()


@endpoint
def list_proxied(request: HttpRequest, body: ListProxiedArtifacts) -> ListProxiedArtifactsResponse:
    """The direct children of a folder, by their base names."""
    entries = artifact_store().list(confined(request, body.path, allow_root=True))
    return ListProxiedArtifactsResponse([_file(entry, entry.name) for entry in entries])


@endpoint
def refuse_presigned(request: HttpRequest, body: NoBody, path: str) -> Empty:
    raise NoPresigned("Multipart download is not supported for the current artifact repository")


# ------------------------------------------------------------------ By run and by logged model


@endpoint
def list_of_run(request: HttpRequest, body: ListArtifacts) -> ListArtifactsResponse:
    return _listing(get_run(request, body.run_id), body.path)


@guarded
def get_of_run(request: HttpRequest, workspace: str = "") -> HttpResponseBase:
    run_id = request.GET.get("run_id") or request.GET.get("run_uuid", "")
    return _file_of(request, get_run(request, run_id), request.GET.get("path", ""))


@guarded
def upload_to_run(request: HttpRequest, workspace: str = "") -> HttpResponseBase:
    run_id = request.GET.get("run_id") or request.GET.get("run_uuid")
    path = request.GET.get("path")
    if not run_id:
        raise IncompleteUpload("Request must specify run_uuid.")
    if not path:
        raise IncompleteUpload("Request must specify path.")
    ArtifactPath.parse(path)
    is_sent_in_chunks = "Transfer-Encoding" in request.headers
    if not is_sent_in_chunks and request.headers.get("Content-Length", "0") == "0":
        raise IncompleteUpload("Request must specify data.")
    place = _below(get_run(request, run_id), path)
    release_connection()
    artifact_store().write(place, received(request, at_most=MAX_PAGE_UPLOAD))
    return HttpResponse(content_type="application/json")


@endpoint
def list_of_model(request: HttpRequest, body: NoBody, model_id: str) -> ListArtifactsResponse:
    path = request.GET.get("artifact_directory_path", "")
    return _listing(get_logged_model(request, model_id), path)


@guarded
def get_of_model(request: HttpRequest, model_id: str, workspace: str = "") -> HttpResponseBase:
    model = get_logged_model(request, model_id)
    return _file_of(request, model, request.GET.get("artifact_file_path", ""))


def _listing(owner: Run | LoggedModel, path: str) -> ListArtifactsResponse:
    """The direct children of a folder, by their paths below the owner's root."""
    store, root = run_store(owner)
    wanted = folder(path)
    if root is None:
        return ListArtifactsResponse(owner.artifact_uri)
    entries = store.list(root / wanted)
    return ListArtifactsResponse(
        owner.artifact_uri, [_file(entry, str(entry.path.relative_to(root))) for entry in entries]
    )


def _file_of(request: HttpRequest, owner: Run | LoggedModel, path: str) -> HttpResponseBase:
    return file_response(request, artifact_store(), _below(owner, path))


def _below(owner: Run | LoggedModel, text: str) -> ArtifactPath:
    path = ArtifactPath.parse(text)
    _, root = run_store(owner)
    if root is None:
        raise NoFilesHere(
            f"The files are at {owner.artifact_uri}, which clients read by themselves."
        )
    return root / path


def _file(entry: Entry, path: str) -> FileInfo:
    return FileInfo(path=path, is_dir=entry.is_folder, file_size=entry.size)


# Below api/2.0/mlflow-artifacts/
proxy_urlpatterns = [
    call("artifacts", GET=list_proxied),
    call("artifacts/<path:path>", GET=download, PUT=upload, DELETE=delete),
    call("mpu/create/<path:path>", POST=uploads.create),
    call("mpu/part/<str:ticket>", PUT=uploads.receive),
    call("mpu/complete/<path:path>", POST=uploads.complete),
    call("mpu/abort/<path:path>", POST=uploads.abort),
    call("presigned/<path:path>", GET=refuse_presigned),
]

# Below api/2.0/mlflow/
urlpatterns = [
    call("artifacts/list", GET=list_of_run),
    call("upload-artifact", POST=upload_to_run),
    call("logged-models/<str:model_id>/artifacts/directories", GET=list_of_model),
    call("logged-models/<str:model_id>/artifacts/files", GET=get_of_model),
]
