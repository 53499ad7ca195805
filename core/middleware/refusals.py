"""Refusals as pages: the domain's exceptions become a page in the shell with the right status.

API views turn theirs into MLflow's JSON themselves (``mlflow_api.endpoint``).
"""

import logging
import re
from collections.abc import Callable

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render

from core import errors

log = logging.getLogger(__name__)

# What Django itself makes a refusal of; ``core.errorpages`` has the pages.
_REFUSED_BY_DJANGO = (
    Http404,
    PermissionDenied,
    SuspiciousOperation,
    BadRequest,
    MultiPartParserError,
)

# The wire, also below a workspace's address.
_API_PATH = re.compile(
    r"(/w/[^/]+)?/((api|ajax-api|v1|gateway)/"
    r"|(get-artifact|model-versions/get-artifact|health|ready|version|graphql|metrics)$)"
)

_STATUS = {
    errors.Missing: 404,
    errors.Invalid: 400,
    errors.Taken: 409,
    errors.Forbidden: 403,
    errors.Unavailable: 503,
    errors.NotSupported: 404,
}


def is_api(request: HttpRequest) -> bool:
    """Whether a machine asks, who wants JSON."""
    return _API_PATH.match(request.path) is not None


def status_of(refusal: errors.Refused) -> int:
    """The HTTP status of a refusal on a page."""
    return next((code for kind, code in _STATUS.items() if isinstance(refusal, kind)), 400)


def form_status(refusal: errors.Refused) -> int:
    """The HTTP status of a form that says the refusal and keeps what was typed."""
    return 503 if isinstance(refusal, errors.Unavailable) else 422


def render_refusal(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """The page in the shell that says ``message`` and which request it was."""
    template = status if status in {400, 403, 404, 405, 413, 503} else 500 if status >= 500 else 400
    context = {
        "message": message,
        "status": status,
        "request_id": getattr(request, "request_id", ""),
    }
    return render(request, f"errors/{template}.html", context, status=status)


class RefusalPages:
    """Shows what a page's view refuses, and what broke in it, as a page in the shell."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, errors.Refused):
            return render_refusal(request, status_of(exception), exception.message)
        if isinstance(exception, _REFUSED_BY_DJANGO):
            return None
        log.exception("%s %s broke, request %s", request.method, request.path, request.request_id)
        if isinstance(exception, OperationalError | InterfaceError):
            return render_refusal(request, 503, "The database cannot answer now. Try again.")
        return render_refusal(request, 500, "Something went wrong on our side.")
