"""Answers that say nothing where nothing has changed: a weak ETag, and 304 to who knows it.

The tag is reckoned from what was read, before anything is drawn: it is right whatever changed, and
needs no marks that every write would have to set.
"""

from collections.abc import Callable
from hashlib import blake2s

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response


def weak_tag(*facts: object) -> str:
    """The tag of ``facts``, which say all there is to see when they are printed."""
    return f'W/"{blake2s(repr(facts).encode(), digest_size=12).hexdigest()}"'


def unless_known(request: HttpRequest, tag: str, draw: Callable[[], HttpResponse]) -> HttpResponse:
    """304 to who has what ``tag`` stands for, else what ``draw`` makes, with the tag on it."""
    known = get_conditional_response(request, etag=tag)
    response = draw() if known is None else known
    response.headers["ETag"] = tag
    return response
