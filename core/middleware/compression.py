"""Pages, drawings and figures travel compressed; what machines call and files do not.

An MLflow client on the same machine would only wait for it, and a file is mostly compressed
already.
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from core.middleware.refusals import is_api

_KINDS = ("text/html", "image/svg+xml", "application/json")


class PageCompression(GZipMiddleware):
    """Django's own, which also hides the length of pages that hold secrets (BREACH)."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "")
        if response.streaming or is_api(request) or not kind.startswith(_KINDS):
            return response
        return super().process_response(request, response)
