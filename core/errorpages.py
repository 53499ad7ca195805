"""The pages for refusals that Django itself makes; the root urls name them as handlers."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from core.middleware.refusals import is_api, render_refusal


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refuse(request, 400, "BAD_REQUEST", "The request cannot be read.")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _refuse(request, 403, "PERMISSION_DENIED", "You may not do this.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_api(request):
        return JsonResponse(
            {
                "error_code": "ENDPOINT_NOT_FOUND",
                "message": f"This server does not offer {request.method} {request.path}.",
            },
            status=404,
        )
    return render_refusal(request, 404, "There is no page at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    return _refuse(request, 500, "INTERNAL_ERROR", "Something went wrong on our side.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _refuse(
        request,
        403,
        "PERMISSION_DENIED",
        "This form was not sent from a page of this site, or its page is too old. "
        "Go back, reload the page and send it again.",
    )


def _refuse(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if is_api(request):
        return JsonResponse({"error_code": code, "message": message}, status=status)
    return render_refusal(request, status, message)
