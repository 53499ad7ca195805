"""Files on the wire: where in the store a path of a request lies, and the bytes that come in."""

from collections.abc import Iterator
from typing import BinaryIO

from django.http import HttpRequest

from artifacts.paths import ArtifactPath, is_same_name
from artifacts.store import NoSuchArtifact
from core.errors import Invalid
from experiments.models import Experiment
from workspaces.access import get_workspace
from workspaces.models import DEFAULT_SLUG

# Artifacts of other workspaces than the default one lie below this folder.
WORKSPACES = "workspaces"

_CHUNK = 1024 * 1024


class BrokenUpload(Invalid):
    """Fewer bytes came than were announced; nothing is stored."""


class UploadTooLarge(Invalid):
    """More bytes than this way of uploading takes."""


def folder(text: str) -> ArtifactPath:
    """What to list. A part ``.`` is the folder itself: so clients ask for all files of a run."""
    parts = [part for part in text.rstrip("/").split("/") if part != "."]
    return ArtifactPath.parse("/".join(parts), allow_root=True)


def confined(request: HttpRequest, text: str, *, allow_root: bool = False) -> ArtifactPath:
    """The path in the store that ``text`` means in the request's workspace.

    Nothing of another workspace can be named: there it does not exist.
    """
    path = folder(text) if allow_root else ArtifactPath.parse(text)
    workspace = get_workspace(request)
    slug = workspace.slug
    if path.parts and path.parts[0] != WORKSPACES and is_same_name(path.parts[0], WORKSPACES):
        raise NoSuchArtifact(path)
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


def received(request: HttpRequest, *, at_most: int | None = None) -> Iterator[bytes]:
    """The body of the request, in pieces.

    Raises ``BrokenUpload`` if it ends too early, and ``UploadTooLarge`` before the piece that
    makes it more than ``at_most`` bytes.
    """
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        # The server undoes the chunks; Django would take the missing length for 0.
        source, announced = request.environ["wsgi.input"], None
    else:
        source, announced = request, int(request.headers.get("Content-Length") or 0)
        _refuse_more(announced, at_most)
    came = 0
    while piece := _piece(source):
        came += len(piece)
        _refuse_more(came, at_most)
        yield piece
    if announced is not None and came != announced:
        raise BrokenUpload(
            f"The upload ended after {came} of {announced} bytes. Nothing was stored."
        )


def _piece(source: BinaryIO) -> bytes:
    try:
        return source.read(_CHUNK)
    except Exception as fault:
        # The sender hung up or stalled, or its chunks are malformed, for which every server has
        # exceptions of its own.
        raise BrokenUpload("The upload broke off. Nothing was stored.") from fault


def _refuse_more(size: int, at_most: int | None) -> None:
    if at_most is not None and size > at_most:
        raise UploadTooLarge(
            f"Artifact size is too large. Max size is {at_most // 1024 // 1024}MB."
        )
