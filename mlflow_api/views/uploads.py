"""Uploads in parts, as MLflow's client makes them of large files when it is told to.

The client asks where to send each part, sends them side by side to the addresses it was given,
without its credentials and headers, and then names what it sent. With a cloud store such an
address is signed by the cloud; here it is this server's, signed by it.
"""

import ntpath
import posixpath

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from artifacts.local import STALE_MS
from artifacts.paths import ArtifactPath
from artifacts.store import BadParts
from core.db import release_connection
from core.errors import Forbidden, Invalid
from mlflow_api.endpoint import endpoint, guarded
from mlflow_api.files import confined, received
from mlflow_api.schemas.artifacts import (
    AbortMultipartUpload,
    CompleteMultipartUpload,
    CreateMultipartUpload,
    CreateMultipartUploadResponse,
    MultipartUploadCredential,
)
from mlflow_api.schemas.common import Empty
from runs.files import artifact_store

# As with S3. Clients choose the size of a part, by default 10 MB.
MAX_PARTS = 10_000

_SIGNER = TimestampSigner(salt="a part of an upload")


class BadNumberOfParts(Invalid):
    """So many parts cannot be sent."""


class BadTicket(Forbidden):
    """The address of a part is not one that this server gave out, or not any more."""


@endpoint
def create(
    request: HttpRequest, body: CreateMultipartUpload, path: str
) -> CreateMultipartUploadResponse:
    """Begin an upload, and say where each of its parts is to be sent."""
    place = _place(request, path, body.path)
    if not 1 <= body.num_parts <= MAX_PARTS:
        raise BadNumberOfParts(
            f"Invalid value {body.num_parts} for parameter 'num_parts' supplied: it must be "
            f"between 1 and {MAX_PARTS}. Larger parts make fewer: clients take their size from "
            "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE."
        )
    upload_id = artifact_store().start_upload(place, parts=body.num_parts)
    # The parts come back the way this call came: same host, same workspace in the address.
    base = request.build_absolute_uri(request.path.partition("/mpu/create/")[0])
    return CreateMultipartUploadResponse(
        upload_id,
        [
            MultipartUploadCredential(f"{base}/mpu/part/{_ticket(upload_id, number)}", number)
            for number in range(1, body.num_parts + 1)
        ],
    )


@guarded
def receive(request: HttpRequest, ticket: str, workspace: str = "") -> HttpResponseBase:
    """Take one part. Its ticket is all that the sender shows."""
    upload_id, number = _read_ticket(ticket)
    release_connection()
    tag = artifact_store().write_part(upload_id, number, received(request))
    return HttpResponse(headers={"ETag": f'"{tag}"'})


@endpoint
def complete(request: HttpRequest, body: CompleteMultipartUpload, path: str) -> Empty:
    place = _place(request, path, body.path)
    tags: dict[int, str] = {}
    for part in body.parts:
        if part.part_number in tags:
            raise BadParts(f"Part {part.part_number} is named twice.")
        tags[part.part_number] = part.etag.strip('"')
    release_connection()
    artifact_store().complete_upload(body.upload_id, place, tags=tags)
    return Empty()


@endpoint
def abort(request: HttpRequest, body: AbortMultipartUpload, path: str) -> Empty:
    artifact_store().abort_upload(body.upload_id, _place(request, path, body.path))
    return Empty()


def _place(request: HttpRequest, folder: str, local_file: str) -> ArtifactPath:
    """Where a file goes: into ``folder``, under its name on the sender's disk."""
    names = posixpath if "/" in local_file else ntpath
    return confined(request, f"{folder}/{names.basename(local_file)}")


def _ticket(upload_id: str, number: int) -> str:
    return _SIGNER.sign(f"{upload_id}:{number}")


def _read_ticket(ticket: str) -> tuple[str, int]:
    try:
        signed = _SIGNER.unsign(ticket, max_age=STALE_MS // 1000)
    except BadSignature:
        raise BadTicket(
            "This address takes no part of an upload: it is not signed by this server, or a day "
            "has passed since."
        ) from None
    upload_id, _, number = signed.partition(":")
    return upload_id, int(number)
