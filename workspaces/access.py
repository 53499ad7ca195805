"""Which workspace a request is in, and whether the one who asks may be there.

A page and a client that uses ``/w/<workspace>`` as its tracking URI name the workspace in the
address; other MLflow clients name it in a header, or none and mean ``default``.
"""

from django.http import HttpRequest

from core.context import site_url
from core.errors import Missing
from workspaces.actions import check_slug
from workspaces.models import DEFAULT_SLUG, Workspace

WORKSPACE_HEADER = "X-MLFLOW-WORKSPACE"


class NoSuchWorkspace(Missing):
    """There is no such workspace, or it is not for the one who asks."""


def workspace_slug(request: HttpRequest) -> str:
    """The slug of the workspace that the request is in; it need not exist."""
    match = request.resolver_match
    named = match.kwargs.get("workspace") if match else None
    return named or request.headers.get(WORKSPACE_HEADER, "").strip() or DEFAULT_SLUG


def get_workspace(request: HttpRequest) -> Workspace:
    """The workspace that the request is in. Raises ``NoSuchWorkspace`` or ``BadWorkspaceName``."""
    return workspace_named(workspace_slug(request))


def workspace_named(slug: str) -> Workspace:
    """The workspace with that slug. Raises ``NoSuchWorkspace`` or ``BadWorkspaceName``."""
    found = Workspace.objects.filter(slug=slug).first() if "\x00" not in slug else None
    if found is None:
        check_slug(slug)
        raise NoSuchWorkspace(f"Workspace '{slug}' not found")
    return found


def tracking_uri(request: HttpRequest) -> str:
    """What a client is told so that it logs into the workspace that the request is in."""
    slug = workspace_slug(request)
    address = site_url(request)
    return address if slug == DEFAULT_SLUG else f"{address}/w/{slug}"
