"""Where the files of runs and logged models are kept, as far as this server keeps them.

A row in the database names the root, never a request. ``mlflow-artifacts:/<path>`` means "this
server's store"; files under any other URI belong to a store that clients use by themselves.
"""

from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from artifacts.local import LocalStore
from artifacts.paths import ArtifactPath, UnsafePath
from artifacts.store import ArtifactStore
from runs.models import LoggedModel, Run

SCHEME = "mlflow-artifacts"


@cache
def artifact_store() -> ArtifactStore:
    """The store of this server."""
    return LocalStore(settings.ARTIFACT_ROOT)


def root_of(artifact_uri: str) -> ArtifactPath | None:
    """The folder in this server's store that a URI names; None if its files are elsewhere."""
    parts = urlsplit(artifact_uri)
    if parts.scheme != SCHEME or parts.netloc:
        return None
    try:
        return ArtifactPath.parse(parts.path.lstrip("/"))
    except UnsafePath:
        return None


def run_store(owner: Run | LoggedModel) -> tuple[ArtifactStore, ArtifactPath | None]:
    """The store, and in it the folder with all the files of a run or of a logged model."""
    return artifact_store(), root_of(owner.artifact_uri)
