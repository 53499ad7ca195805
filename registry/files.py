"""Where the files of a model version are kept, as far as this server keeps them."""

from artifacts.paths import ArtifactPath, UnsafePath
from artifacts.store import ArtifactStore
from registry.models import ModelVersion
from runs.files import artifact_store, root_of, run_store


def version_store(version: ModelVersion) -> tuple[ArtifactStore, ArtifactPath | None]:
    """The store, and in it the folder of the version's files; None if they are elsewhere."""
    location = version.storage_location or version.source
    if not location.startswith("runs:/"):
        return artifact_store(), root_of(location)
    if version.run is None:
        return artifact_store(), None
    store, root = run_store(version.run)
    _, _, below = location.removeprefix("runs:/").partition("/")
    try:
        path = ArtifactPath.parse(below.strip("/"), allow_root=True)
        return store, None if root is None else root / path
    except UnsafePath:
        return store, None
