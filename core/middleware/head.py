"""HEAD is answered as GET is, without the content."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class HeadersOnly:
    """Leaves out what a server would have to drop, and reads no file for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "HEAD":
            if response.streaming:
                response.streaming_content = []
            else:
                # The length of what a GET would bring was set further in.
                response.content = b""
        return response
