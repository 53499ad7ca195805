"""How a stored file is sent: in pieces, by range if asked, and never as a page of ours."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from artifacts.media import ByteRange, RangeNotSatisfiable, content_type, disposition, parse_range
from artifacts.paths import ArtifactPath
from artifacts.store import ArtifactStore, IsAFolder, NoSuchArtifact
from core.db import release_connection

# A file that a user uploaded may be a page with scripts: it gets no rights, not even its origin.
FILE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'"
)

# What a cache may learn from an answer without the file.
_KEPT_WITHOUT_CONTENT = ["Cache-Control", "ETag", "Last-Modified"]


def file_response(
    request: HttpRequest, store: ArtifactStore, path: ArtifactPath, *, inline: bool = False
) -> HttpResponseBase:
    """The bytes of a file, or the range of them that the request asks for.

    ``inline`` lets a browser show it, else it is saved. Raises ``NoSuchArtifact``, ``IsAFolder``.
    """
    entry = store.stat(path)
    if entry is None:
        raise NoSuchArtifact(path)
    if entry.is_folder:
        raise IsAFolder(path)
    tag = f'"{entry.modified_ms:x}-{entry.size:x}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(path.name, "inline" if inline else "attachment"),
        "Content-Length": str(entry.size),
        "Content-Security-Policy": FILE_POLICY,
        "Content-Type": content_type(path.name),
        "ETag": tag,
        "Last-Modified": http_date(entry.modified_ms // 1000),
        "X-Content-Type-Options": "nosniff",
    }
    refusal = get_conditional_response(
        request, etag=tag, last_modified=entry.modified_ms // 1000, response=None
    )
    if refusal is not None:
        kept = {name: headers[name] for name in _KEPT_WITHOUT_CONTENT}
        return HttpResponse(status=refusal.status_code, headers=kept)
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    try:
        part = _asked_part(request, entry.size, headers)
    except RangeNotSatisfiable as refused:
        return HttpResponse(
            refused.message,
            status=416,
            content_type="text/plain",
            headers={"Accept-Ranges": "bytes", "Content-Range": f"bytes */{entry.size}"},
        )

    start, length, status = 0, entry.size, 200
    if part is not None:
        start, length, status = part.start, part.length, 206
        headers["Content-Range"] = f"bytes {part.start}-{part.end}/{entry.size}"
        headers["Content-Length"] = str(length)
    release_connection()
    return StreamingHttpResponse(
        store.open(path, start=start, length=length), status=status, headers=headers
    )


def zip_response(files: ArtifactStore, folder: ArtifactPath, *, name: str) -> HttpResponseBase:
    """A folder as a zip archive that is made while it is sent, to be saved as ``name``.zip.

    Raises ``NoSuchArtifact``, ``IsAFile``.
    """
    archive = files.zip(folder)
    headers = {
        "Content-Disposition": disposition(f"{name}.zip"),
        "Content-Security-Policy": FILE_POLICY,
        "Content-Type": "application/zip",
        "X-Content-Type-Options": "nosniff",
    }
    release_connection()
    return StreamingHttpResponse(archive, headers=headers)


def _asked_part(request: HttpRequest, size: int, headers: Mapping[str, str]) -> ByteRange | None:
    """The range of bytes that is asked for; None for all of them.

    Who has a part of an older file and asks for the rest (``If-Range``) gets all of the new one.
    """
    known = request.headers.get("If-Range")
    if known is not None and known not in {headers["ETag"], headers["Last-Modified"]}:
        return None
    return parse_range(request.headers.get("Range"), size)
