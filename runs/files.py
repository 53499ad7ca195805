"""Where the files of runs and logged models are kept, as far as this server keeps them.

A row in the database names the root, never a request. ``mlflow-artifacts:/<path>`` means "this
server's store"; files under any other URI belong to a store that clients use by themselves.
"""

import re
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from artifacts.local import LocalStore
from artifacts.paths import ArtifactPath, UnsafePath
from artifacts.store import ArtifactStore
from experiments.locations import default_artifact_location
from experiments.models import Experiment
from runs.models import LoggedModel, Run

SCHEME = "mlflow-artifacts"

# What nothing else in a path looks like.
_RUN_ID = re.compile(r"[0-9a-f]{32}")


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


def run_folder(run: Run) -> ArtifactPath | None:
    """The folder that is this run's alone and bears its id; None if its files are elsewhere."""
    root = root_of(run.artifact_uri)
    if root is None or not _RUN_ID.fullmatch(run.run_id) or run.run_id not in root.parts:
        return None
    return ArtifactPath(root.parts[: root.parts.index(run.run_id) + 1])


def experiment_folder(experiment: Experiment) -> ArtifactPath | None:
    """The folder that this server chose for an experiment; None if somebody else chose one."""
    chosen = default_artifact_location(experiment.workspace, experiment.pk)
    if experiment.artifact_location != chosen:
        return None
    root = root_of(chosen)
    return root if root is not None and root.name == str(experiment.pk) else None
