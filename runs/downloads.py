"""How a stored file is sent: in pieces, by range if asked, and never as a page of ours."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date

from artifacts.media import RangeNotSatisfiable, content_type, disposition, parse_range
from artifacts.paths import ArtifactPath
from artifacts.store import ArtifactStore, IsAFolder, NoSuchArtifact
from core.db import release_connection

# A file that a user uploaded may be a page with scripts: it gets no rights, not even its origin.
FILE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'"
)


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
        "Content-Security-Policy": FILE_POLICY,
        "ETag": tag,
        "Last-Modified": http_date(entry.modified_ms / 1000),
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers=headers)
    try:
        part = parse_range(request.headers.get("Range"), entry.size)
    except RangeNotSatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{entry.size}"})

    start, length, status = 0, entry.size, 200
    if part is not None:
        start, length, status = part.start, part.length, 206
        headers["Content-Range"] = f"bytes {part.start}-{part.end}/{entry.size}"
    headers["Content-Length"] = str(length)
    release_connection()
    return StreamingHttpResponse(
        store.open(path, start=start, length=length),
        status=status,
        content_type=content_type(path.name),
        headers=headers,
    )
