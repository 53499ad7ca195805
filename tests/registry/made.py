"""What a test has of the registry before it looks, made through the actions."""

from registry.actions.models import create_model, set_alias
from registry.actions.versions import create_version
from registry.models import ModelVersion, RegisteredModel
from runs.actions.logged_models import create_logged_model
from runs.models import LoggedModel, Run
from tests.registry.files import MODEL_FILES
from tests.runs.logged import make_experiment, make_run
from workspaces.models import Workspace

BUCKET = "s3://bucket/model"
PROMPT = {"mlflow.prompt.is_prompt": "true"}


def make_model(
    name: str = "churn",
    *,
    workspace: str = "default",
    description: str = "",
    tags: dict[str, str] | None = None,
    versions: int = 0,
) -> RegisteredModel:
    place, _ = Workspace.objects.get_or_create(slug=workspace, defaults={"name": workspace})
    model = create_model(workspace=place, name=name, description=description, tags=tags)
    for _ in range(versions):
        make_version(model)
    return model


def make_version(
    model: RegisteredModel, *, source: str = BUCKET, alias: str = "", **fields: object
) -> ModelVersion:
    version = create_version(model, source=source, **fields)
    if alias:
        set_alias(version, alias=alias)
    return version


def make_run_with_model(name: str = "a-run", *, experiment: str = "churn") -> tuple[Run, str]:
    """A run that logged a model folder, and the URI of the folder."""
    place = make_experiment(experiment)
    run = make_run(place, name, files={f"model/{path}": text for path, text in MODEL_FILES.items()})
    return run, f"{run.artifact_uri}/model"


def make_logged_model(run: Run, name: str = "forest") -> LoggedModel:
    return create_logged_model(experiment=run.experiment, name=name, source_run_id=run.run_id)


def numbers(versions) -> list[int]:
    return [version.version for version in versions]
