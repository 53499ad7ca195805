"""The page of a run's output files, and the files themselves."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from artifacts.media import Preview as FileKind
from artifacts.media import content_type, preview_kind
from artifacts.paths import ArtifactPath
from artifacts.store import NoSuchArtifact
from runs.access import get_run
from runs.browse import shown, tree
from runs.detail import read_files, read_header
from runs.downloads import FILE_POLICY, file_response, zip_response
from runs.models import Run
from runs.outputs import RunFiles
from workspaces.access import tracking_uri

# A browser's own reader of PDF is not started in a sandbox; PDF has no rights in our origin.
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; img-src data:"

_PASSIVE = ("image/", "audio/", "video/", "text/plain", "application/pdf")
_ACTIVE_IMAGE = "image/svg+xml"


@require_safe
def run_artifacts(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """All output files of a run."""
    return _page(request, get_run(request, run_id), ArtifactPath())


@require_safe
def run_artifact(request: HttpRequest, workspace: str, run_id: str, path: str) -> HttpResponse:
    """One output file or folder, beside the tree of all."""
    run = get_run(request, run_id)
    return _page(request, run, ArtifactPath.parse(path.removesuffix("/")))


@require_safe
def run_artifacts_raw(request: HttpRequest, workspace: str, run_id: str) -> HttpResponseBase:
    """All output files of a run as one zip archive."""
    run = get_run(request, run_id)
    return zip_response(read_files(run), ArtifactPath(), name=run.name)


@require_safe
def run_artifact_raw(
    request: HttpRequest, workspace: str, run_id: str, path: str
) -> HttpResponseBase:
    """The bytes of one file, or a folder as a zip archive.

    What could act as a page is sent to be saved, or into a frame without rights.
    """
    run = get_run(request, run_id)
    files = read_files(run)
    chosen = ArtifactPath.parse(path.removesuffix("/"))
    entry = files.stat(chosen)
    if entry is None:
        raise NoSuchArtifact(chosen)
    if entry.is_folder:
        return zip_response(files, chosen, name=chosen.name)
    return _raw(request, files, chosen)


def _page(request: HttpRequest, run: Run, chosen: ArtifactPath) -> HttpResponse:
    is_part = bool(request.htmx)
    header = None if is_part else read_header(run)
    files = header.files if header else read_files(run)
    context = {
        "workspace": run.experiment.workspace,
        "experiment": run.experiment,
        "run": run,
        "header": header,
        "files": files,
        "shown": shown(
            files,
            chosen,
            page=request.GET.get("page"),
            run=run,
            tracking_uri=tracking_uri(request),
        ),
        "tree": tree(files, chosen),
    }
    response = render(
        request, "runs/_files.html" if is_part else "runs/run_artifacts.html", context
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


def _raw(request: HttpRequest, files: RunFiles, path: ArtifactPath) -> HttpResponseBase:
    media_type = content_type(path.name)
    is_framed = "frame" in request.GET and preview_kind(path.name, 0) is FileKind.HTML
    is_passive = media_type.startswith(_PASSIVE) and media_type != _ACTIVE_IMAGE
    is_inline = (is_framed or is_passive) and "download" not in request.GET
    response = file_response(request, files, path, inline=is_inline)
    policy = PDF_POLICY if media_type == "application/pdf" else FILE_POLICY
    response.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors 'self'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if is_inline and media_type.startswith("text/"):
        response.headers["Content-Type"] = f"{media_type}; charset=utf-8"
    return response
