"""What a refusal means to an MLflow client: one table from exceptions to error codes."""

import logging

import msgspec
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpResponse

from artifacts.paths import UnsafePath
from core import errors
from mlflow_api.schemas.common import ErrorBody
from runs.actions.errors import UnknownModel
from runs.actions.logged_models import ModelParamChanged

log = logging.getLogger(__name__)


class CodedRefusal(errors.Refused):
    """A refusal whose code and status are MLflow's own choice rather than its kind's."""

    def __init__(self, message: str, *, code: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


# The first kind that fits decides.
_CODES: list[tuple[type[Exception], int, str]] = [
    # In MLflow it is the database that refuses these.
    (UnknownModel, 400, "BAD_REQUEST"),
    (ModelParamChanged, 400, "BAD_REQUEST"),
    (errors.Missing, 404, "RESOURCE_DOES_NOT_EXIST"),
    (errors.Taken, 400, "RESOURCE_ALREADY_EXISTS"),
    (errors.Invalid, 400, "INVALID_PARAMETER_VALUE"),
    (errors.Forbidden, 403, "PERMISSION_DENIED"),
    (errors.Unavailable, 503, "TEMPORARILY_UNAVAILABLE"),
    (errors.NotSupported, 501, "NOT_IMPLEMENTED"),
    # What the typed decoder lets through and a database still cannot hold.
    (DataError, 400, "INVALID_PARAMETER_VALUE"),
    (OverflowError, 400, "INVALID_PARAMETER_VALUE"),
    (OperationalError, 503, "TEMPORARILY_UNAVAILABLE"),
    (InterfaceError, 503, "TEMPORARILY_UNAVAILABLE"),
]
_RETRY_AFTER_SECONDS = "1"


def error_response(exception: Exception, *, request_id: str = "") -> HttpResponse:
    """MLflow's JSON for ``exception``; one that nobody foresaw is logged with its request."""
    if isinstance(exception, CodedRefusal):
        return refuse(exception.status, exception.code, exception.message)
    if isinstance(exception, UnsafePath):
        # Word for word: MLflow says no more, and its tests compare the whole answer.
        return refuse(400, "INVALID_PARAMETER_VALUE", "Invalid path")
    for kind, status, code in _CODES:
        if isinstance(exception, kind):
            if isinstance(exception, errors.Refused):
                if status == 503:
                    log.error("refused with %s: %s", code, exception, exc_info=exception)
                return refuse(status, code, exception.message)
            log.warning("refused with %s: %r", code, exception)
            return refuse(status, code, _PLAIN_WORDS[code])
    log.error("An API call broke, request %s", request_id, exc_info=exception)
    return refuse(
        500, "INTERNAL_ERROR", f"Something went wrong on the server, request {request_id}."
    )


_PLAIN_WORDS = {
    "INVALID_PARAMETER_VALUE": "A value is out of the range that can be stored.",
    "TEMPORARILY_UNAVAILABLE": "The database cannot answer now. Try again.",
}


def refuse(status: int, code: str, message: str) -> HttpResponse:
    """An answer in the form that MLflow clients read."""
    response = HttpResponse(
        msgspec.json.encode(ErrorBody(error_code=code, message=message)),
        content_type="application/json",
        status=status,
    )
    if status == 503:
        response.headers["Retry-After"] = _RETRY_AFTER_SECONDS
    return response
