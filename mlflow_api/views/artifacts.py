"""Artifacts: listed, sent and received through this server."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from artifacts.paths import ArtifactPath
from artifacts.store import Entry, NoSuchArtifact
from core.db import release_connection
from core.errors import Invalid, NotSupported
from experiments.models import Experiment
from mlflow_api.endpoint import call, endpoint, guarded
from mlflow_api.schemas.artifacts import (
    FileInfo,
    ListArtifacts,
    ListArtifactsResponse,
    ListProxiedArtifacts,
    ListProxiedArtifactsResponse,
)
from mlflow_api.schemas.common import Empty, NoBody
from runs.access import get_logged_model, get_run
from runs.downloads import file_response
from runs.files import artifact_store, run_store
from runs.models import LoggedModel, Run
from workspaces.access import get_workspace
from workspaces.models import DEFAULT_SLUG

# Artifacts of other workspaces than the default one lie below this folder.
WORKSPACES = "workspaces"

MAX_PAGE_UPLOAD = 10 * 1024 * 1024

_CHUNK = 1024 * 1024


class BrokenUpload(Invalid):
    """Fewer bytes came than were announced; nothing is stored."""


class UploadTooLarge(Invalid):
    """More bytes than this way of uploading takes."""


class NoFilesHere(Invalid):
    """The files are in a store of the user's own, which this server cannot read."""


class NoMultipart(NotSupported):
    """The store takes files whole; clients fall back to a plain upload."""


# ------------------------------------------------------------------ mlflow-artifacts/…


@guarded
def download(request: HttpRequest, path: str, workspace: str = "") -> HttpResponseBase:
    return file_response(request, artifact_store(), _confined(request, path))


@guarded
def upload(request: HttpRequest, path: str, workspace: str = "") -> HttpResponseBase:
    place = _confined(request, path)
    release_connection()
    artifact_store().write(place, _received(request))
    return HttpResponse()


@endpoint
def delete(request: HttpRequest, body: NoBody, path: str) -> Empty:
    artifact_store().delete(_confined(request, path))
    return Empty()


@endpoint
def list_proxied(request: HttpRequest, body: ListProxiedArtifacts) -> ListProxiedArtifactsResponse:
    """The direct children of a folder, by their base names."""
    entries = artifact_store().list(_confined(request, body.path, allow_root=True))
    return ListProxiedArtifactsResponse([_file(entry, entry.name) for entry in entries])


@endpoint
def refuse_multipart(request: HttpRequest, body: NoBody, path: str) -> Empty:
    raise NoMultipart("Multipart upload is not supported for the current artifact repository")


def _confined(request: HttpRequest, text: str, *, allow_root: bool = False) -> ArtifactPath:
    """The path in the store that ``text`` means in the request's workspace.

    Nothing of another workspace can be named: there it does not exist.
    """
    path = ArtifactPath.parse(text.rstrip("/") if allow_root else text, allow_root=allow_root)
    workspace = get_workspace(request)
    slug = workspace.slug
    if path.parts[:1] != (WORKSPACES,):
        if slug == DEFAULT_SLUG:
            return path
        path = ArtifactPath((WORKSPACES, slug)) / path
    # An experiment that was moved out of a workspace keeps its files there, and its alone.
    key = path.parts[2] if len(path.parts) > 2 else ""
    owner = None
    if key.isascii() and key.isdecimal() and int(key) < 2**63:
        owner = Experiment.objects.filter(
            pk=key, artifact_location=f"mlflow-artifacts:/{'/'.join(path.parts[:3])}"
        ).first()
    if owner.workspace_id != workspace.pk if owner else path.parts[1:2] != (slug,):
        raise NoSuchArtifact(path)
    return path


def _received(request: HttpRequest) -> Iterator[bytes]:
    """The body of the request, in pieces. Raises ``BrokenUpload`` if it ends too early."""
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        # The server undoes the chunks; Django would take the missing length for 0.
        source, announced = request.environ["wsgi.input"], None
    else:
        source, announced = request, int(request.headers.get("Content-Length") or 0)
    received = 0
    while piece := source.read(_CHUNK):
        received += len(piece)
        yield piece
    if announced is not None and received != announced:
        raise BrokenUpload(
            f"The upload ended after {received} of {announced} bytes. Nothing was stored."
        )


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
    run = get_run(request, request.GET.get("run_id") or request.GET.get("run_uuid", ""))
    path = _below(run, request.GET.get("path", ""))
    if int(request.headers.get("Content-Length") or 0) > MAX_PAGE_UPLOAD:
        raise UploadTooLarge(
            f"Artifact size is too large. Max size is {MAX_PAGE_UPLOAD // 1024 // 1024}MB."
        )
    artifact_store().write(path, _received(request))
    return HttpResponse(content_type="application/json")


@endpoint
def list_of_model(request: HttpRequest, body: NoBody, model_id: str) -> ListArtifactsResponse:
    folder = request.GET.get("artifact_directory_path", "")
    return _listing(get_logged_model(request, model_id), folder)


@guarded
def get_of_model(request: HttpRequest, model_id: str, workspace: str = "") -> HttpResponseBase:
    model = get_logged_model(request, model_id)
    return _file_of(request, model, request.GET.get("artifact_file_path", ""))


def _listing(owner: Run | LoggedModel, folder: str) -> ListArtifactsResponse:
    """The direct children of a folder, by their paths below the owner's root."""
    store, root = run_store(owner)
    wanted = ArtifactPath.parse(folder.rstrip("/"), allow_root=True)
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
    call("mpu/create/<path:path>", POST=refuse_multipart),
    call("mpu/complete/<path:path>", POST=refuse_multipart),
    call("mpu/abort/<path:path>", POST=refuse_multipart),
    call("presigned/<path:path>", GET=refuse_multipart),
]

# Below api/2.0/mlflow/
urlpatterns = [
    call("artifacts/list", GET=list_of_run),
    call("upload-artifact", POST=upload_to_run),
    call("logged-models/<str:model_id>/artifacts/directories", GET=list_of_model),
    call("logged-models/<str:model_id>/artifacts/files", GET=get_of_model),
]
