"""What every page's template has."""

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

THEMES = {"light", "dark"}


def page(request: HttpRequest) -> dict[str, object]:
    """``theme``: "light", "dark" or "" for the system's. ``site_url``: where clients log to."""
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in THEMES else "",
        "site_url": site_url(request),
    }


def site_url(request: HttpRequest) -> str:
    """The address that people and clients use for this site, without a slash at the end.

    Empty where nobody knows: a request for a host that is not ours is refused with a page, too.
    """
    try:
        return settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return ""
