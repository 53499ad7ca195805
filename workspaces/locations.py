"""Where artifacts may be put.

A location is a URI that whoever creates an experiment or a workspace may choose and that
everybody's clients then use, so the rules here are about what a server may safely hand back to
them.
"""

from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from core.errors import Invalid
from core.names import check_length
from workspaces.models import DEFAULT_SLUG

MAX_LOCATION_LENGTH = 2048

# With these a client that logs would send its files, and perhaps its credentials, to a host that
# whoever created the experiment has chosen.
HOST_SCHEMES = {
    "ftp", "sftp", "hdfs", "viewfs", "http", "https", "mlflow-artifacts", "r2", "b2", "abfss",
}  # fmt: skip


class BadArtifactLocation(Invalid):
    """An artifact location that clients could not use, or should not be sent to."""


def check_artifact_location(
    location: str, *, workspace_slug: str, what: str = "artifact_location"
) -> None:
    """Raises ``BadArtifactLocation`` or ``TooLong``; ``what`` is the name of the field.

    In this server's own store a workspace has one folder, and can name no place outside.
    """
    check_length(location, MAX_LOCATION_LENGTH, what=what)
    if location.startswith("runs:"):
        raise BadArtifactLocation(f"Artifact location cannot be a runs:/ URI. Given: '{location}'")
    try:
        parts = urlsplit(location)
        host = parts.netloc
    except ValueError:
        raise BadArtifactLocation(f"Invalid artifact location: '{location}'") from None
    path = unquote(unquote(parts.path))
    if parts.fragment or ";" in parts.path:
        raise BadArtifactLocation(f"'{what}' URL can't include fragments or params.")
    if ".." in unquote(parts.query):
        raise BadArtifactLocation("Invalid query string")
    if "\x00" in path:
        raise BadArtifactLocation(f"Invalid artifact location: '{location}'. It has a NUL in it.")
    if ".." in PurePosixPath(path).parts:
        raise BadArtifactLocation(f"Invalid artifact location: '{location}'. No '..' may be in it.")
    scheme = parts.scheme.lower()
    if scheme in HOST_SCHEMES and host:
        raise BadArtifactLocation(
            f"'{what}' cannot use the '{scheme}' scheme: clients would be sent to a "
            f"host that this server does not know. Given: '{location}'"
        )
    if scheme == "mlflow-artifacts":
        folder = PurePosixPath(path.lstrip("/")).parts[:2]
        theirs = folder[:1] == ("workspaces",)
        if theirs if workspace_slug == DEFAULT_SLUG else folder != ("workspaces", workspace_slug):
            raise BadArtifactLocation(
                f"'{what}' must be a place of the workspace '{workspace_slug}'. Given: '{location}'"
            )
