"""What of a run can be saved as an ML model, and where it can go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from artifacts.paths import ArtifactPath
from experiments.models import Experiment
from registry.model_list import visible_models
from registry.models import RegisteredModel
from runs.detail import logged_models
from runs.files import run_store
from runs.mlmodel import MODEL_FILE
from runs.models import LoggedModel, LoggedModelStatus, Run
from runs.outputs import Place, RunFiles
from runs.previews import model_in
from workspaces.models import Workspace

MAX_FOLDERS = 50
MAX_MODELS = 100

_ROOT = ArtifactPath()


@dataclass(frozen=True)
class ModelFolder:
    """A folder that holds a model: one among a run's own files, or a logged model.

    ``key`` tells it from the run's others; ``source`` and ``model_id`` are what a version made
    from it has.
    """

    key: str
    label: str
    source: str
    model_id: str | None = None
    flavor: str = ""
    size: int | None = None
    has_signature: bool = False
    creation_time: int | None = None


def model_folders(run: Run) -> Sequence[ModelFolder]:
    """The models that ``run`` logged, newest first, then the model folders among its own files."""
    made = [
        folder
        for model in logged_models(run)
        if model.status != LoggedModelStatus.UPLOAD_FAILED
        and (folder := _of_logged_model(model)) is not None
    ]
    return [*made, *_own_folders(run)][:MAX_FOLDERS]


def models_to_add_to(workspace: Workspace, text: str) -> Sequence[RegisteredModel]:
    """The models with ``text`` in their names that may get a version, the last changed first."""
    models = visible_models(workspace).order_by("-last_update_time", "name")
    if text:
        models = models.filter(name__icontains=text)
    return list(models[:MAX_MODELS])


def suggested_model(experiment: Experiment) -> RegisteredModel | None:
    """The model that the experiment's runs were last saved as."""
    return (
        visible_models(experiment.workspace)
        .filter(versions__run__experiment=experiment, versions__deleted_time=None)
        .order_by("-versions__creation_time", "-versions__pk")
        .first()
    )


def suggested_name(experiment: Experiment) -> str:
    """A name for a new model; empty if the workspace has one of that name."""
    name = experiment.name.replace(":", "-").strip("/").rpartition("/")[2].strip()
    if not name or name.startswith(".") or len(name) > 256:
        return ""
    taken = RegisteredModel.objects.filter(workspace=experiment.workspace, name=name)
    return "" if taken.exists() else name


def _of_logged_model(model: LoggedModel) -> ModelFolder | None:
    """The folder of a logged model; None if its files should be here and are not."""
    store, root = run_store(model)
    source = f"models:/{model.model_id}"
    if root is None:
        return ModelFolder(
            model.model_id, model.name, source, model.model_id, creation_time=model.creation_time
        )
    if store.stat(root / MODEL_FILE) is None:
        return None
    return _described(
        RunFiles(Place(store, root), {}),
        _ROOT,
        ModelFolder(
            model.model_id, model.name, source, model.model_id, creation_time=model.creation_time
        ),
    )


def _own_folders(run: Run) -> Sequence[ModelFolder]:
    store, root = run_store(run)
    if root is None:
        return []
    files = RunFiles(Place(store, root), {})
    return [
        _described(
            files,
            path,
            ModelFolder(
                key=f"/{path}",
                label=str(path) or "All output files",
                source="/".join(filter(None, [run.artifact_uri.rstrip("/"), str(path)])),
            ),
        )
        for path in files.tally().model_folders
    ]


def _described(files: RunFiles, path: ArtifactPath, folder: ModelFolder) -> ModelFolder:
    """``folder`` with what its file ``MLmodel`` says."""
    said = model_in(files, path)
    if said is None:
        return folder
    return replace(folder, flavor=said.flavor, size=said.size, has_signature=said.has_signature)
