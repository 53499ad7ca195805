"""How a function of one message becomes a call that MLflow clients can make.

``@endpoint`` reads the message's type from the function's annotation ``body``, decodes the request
into it, encodes what is returned, and turns exceptions into MLflow's error answers.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import get_type_hints

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from core.errors import Invalid
from mlflow_api.decode import decode_body, decode_query
from mlflow_api.errors import error_response, refuse

View = Callable[..., HttpResponseBase]

_JSON = "application/json"
_encode = msgspec.json.Encoder().encode


class BadContentType(Invalid):
    """A body must say that it is JSON."""


def endpoint(
    function: Callable[..., object] | None = None, *, status: int = 200
) -> View | Callable[..., View]:
    """A view of ``function(request, body, **path_arguments)``, which returns a message.

    Some calls have a ``status`` of their own for success: ``@endpoint(status=201)``.
    """
    if function is None:
        return partial(endpoint, status=status)
    kind = get_type_hints(function)["body"]

    @wraps(function)
    def view(request: HttpRequest, workspace: str = "", **arguments: object) -> HttpResponse:
        # As in MLflow, what is asked without a query may be in a body.
        if request.method in {"GET", "HEAD"} and (request.GET or not request.body):
            body = decode_query(request.GET, kind)
        else:
            if request.method in {"POST", "PUT"}:
                _check_content_type(request)
            body = decode_body(request.body, kind)
        content = _encode(function(request, body, **arguments))
        if status == 204:
            return HttpResponse(status=status)
        return HttpResponse(content, content_type=_JSON, status=status)

    return guarded(view)


def guarded(view: View) -> View:
    """``view``, whose exceptions become MLflow's JSON, also when it streams."""

    @wraps(view)
    def guard(request: HttpRequest, *arguments: object, **named: object) -> HttpResponseBase:
        try:
            return view(request, *arguments, **named)
        except RequestDataTooBig:
            return refuse(
                413, "INVALID_PARAMETER_VALUE", "The request is larger than this server accepts."
            )
        except UnreadablePostError:
            return refuse(400, "BAD_REQUEST", "The connection was lost while the request was sent.")
        except Exception as exception:
            return error_response(exception, request_id=getattr(request, "request_id", ""))

    return guard


def call(route: str, **views: View) -> URLPattern:
    """The address ``route`` with one view a method, such as ``POST=create_run``."""

    @csrf_exempt
    def dispatch(request: HttpRequest, **arguments: object) -> HttpResponseBase:
        # What can be read can be asked about; the server leaves the content out.
        view = views.get("GET" if request.method == "HEAD" else request.method)
        if view is None:
            response = refuse(
                405, "BAD_REQUEST", f"{request.path} answers {', '.join(views)} only."
            )
            response.headers["Allow"] = ", ".join(views)
            return response
        return view(request, **arguments)

    return path(route, dispatch)


def _check_content_type(request: HttpRequest) -> None:
    given = request.headers.get("Content-Type", "")
    if not given:
        raise BadContentType("Bad Request. Content-Type header is missing.")
    if given.partition(";")[0].strip().lower() != _JSON:
        raise BadContentType(f"Bad Request. Content-Type must be one of ['{_JSON}'].")
