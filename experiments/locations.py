"""Where an experiment's artifacts go."""

import os
from urllib.parse import urlsplit

from workspaces.models import DEFAULT_SLUG, Workspace


def default_artifact_location(workspace: Workspace, experiment_id: int) -> str:
    """Where an experiment's artifacts go when nobody says otherwise.

    That is below the workspace's own root, if it has one, else through this server.
    """
    if workspace.default_artifact_root:
        return below(workspace.default_artifact_root, str(experiment_id))
    if workspace.slug == DEFAULT_SLUG:
        return f"mlflow-artifacts:/{experiment_id}"
    return f"mlflow-artifacts:/workspaces/{workspace.slug}/{experiment_id}"


def absolute_location(location: str) -> str:
    """``location``, where a bare relative path counts from the server's folder, as MLflow does."""
    if urlsplit(location).scheme or location.startswith("/"):
        return location
    return os.path.abspath(location)


def below(location: str, *parts: str) -> str:
    """``location`` with ``parts`` added to its path; a query stays at the end."""
    path, mark, query = location.partition("?")
    return "/".join([path.rstrip("/"), *parts]) + mark + query
