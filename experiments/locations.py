"""Where an experiment's artifacts may be put.

An artifact location is a URI that whoever creates the experiment may choose and that everybody's
clients then use, so the rules here are about what a server may safely hand back to them.
"""

import os
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


def default_artifact_location(workspace_slug: str, experiment_id: int) -> str:
    """Where an experiment's artifacts go when nobody says otherwise: through this server."""
    if workspace_slug == DEFAULT_SLUG:
        return f"mlflow-artifacts:/{experiment_id}"
    return f"mlflow-artifacts:/workspaces/{workspace_slug}/{experiment_id}"


def check_artifact_location(location: str) -> None:
    """Raises ``BadArtifactLocation`` or ``TooLong``."""
    check_length(location, MAX_LOCATION_LENGTH, what="artifact_location")
    if location.startswith("runs:"):
        raise BadArtifactLocation(f"Artifact location cannot be a runs:/ URI. Given: '{location}'")
    try:
        parts = urlsplit(location)
        host = parts.netloc
    except ValueError:
        raise BadArtifactLocation(f"Invalid artifact location: '{location}'") from None
    path = unquote(unquote(parts.path))
    if parts.fragment or ";" in parts.path or ".." in unquote(parts.query) or "\x00" in path:
        raise BadArtifactLocation(
            f"Invalid artifact location: '{location}'. It may have no fragment, no parameters "
            "and no '..' in its query."
        )
    if ".." in PurePosixPath(path).parts:
        raise BadArtifactLocation(f"Invalid artifact location: '{location}'. No '..' may be in it.")
    scheme = parts.scheme.lower()
    if scheme in HOST_SCHEMES and host:
        raise BadArtifactLocation(
            f"'artifact_location' cannot use the '{scheme}' scheme: clients would be sent to a "
            f"host that this server does not know. Given: '{location}'"
        )


def absolute_location(location: str) -> str:
    """``location``, where a bare relative path counts from the server's folder, as MLflow does."""
    if urlsplit(location).scheme or location.startswith("/"):
        return location
    return os.path.abspath(location)


def below(location: str, *parts: str) -> str:
    """``location`` with ``parts`` added to its path; a query stays at the end."""
    path, mark, query = location.partition("?")
    return "/".join([path.rstrip("/"), *parts]) + mark + query
