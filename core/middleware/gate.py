"""The first thing a request meets: is it for us, and does a page of ours or no page send it?

Without sign-in the network is the only fence around a tracker on a laptop, and any web page
the owner visits can send requests to it. So the host must be one of ours (DNS rebinding), and
a browser's request that writes must come from our own origin; another port of the same host is
another origin. Clients that are no browsers send neither header and pass.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse

from core.ids import new_run_id
from core.middleware.refusals import is_api, render_refusal

_SAFE = {"GET", "HEAD", "OPTIONS"}


class CrossSiteGate:
    """Refuses requests for unknown hosts, and writing ones that another site sends."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.trusted = set(settings.CSRF_TRUSTED_ORIGINS)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # By this a person can say, and the log can show, which request it was.
        request.request_id = new_run_id()[:12]
        if request.path_info.startswith("//"):
            # What clients make of a server's address that ends with a slash. Everywhere else the
            # number of slashes counts, for there they may be part of a name.
            request.path_info = "/" + request.path_info.lstrip("/")
            request.path = "/" + request.path.lstrip("/")
        response = self._answer(request)
        response.headers["X-Request-Id"] = request.request_id
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            host = request.get_host()
        except DisallowedHost:
            return _refuse(
                request,
                400,
                "INVALID_PARAMETER_VALUE",
                "This site does not answer for that host name. Its operator can add the name to "
                "TRACKER_ALLOWED_HOSTS.",
            )
        if request.method not in _SAFE and self._is_foreign(request, host):
            return _refuse(request, 403, "PERMISSION_DENIED", "Cross-origin request blocked")
        return self.get_response(request)

    def _is_foreign(self, request: HttpRequest, host: str) -> bool:
        origin = request.headers.get("Origin")
        if origin is not None:
            return origin not in self.trusted and origin.partition("://")[2] != host
        return request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}


def _refuse(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if is_api(request):
        return JsonResponse({"error_code": code, "message": message}, status=status)
    return render_refusal(request, status, message)
