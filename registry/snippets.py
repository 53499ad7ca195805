"""Code to copy: how models are registered, loaded and served from elsewhere."""

import json

from registry.models import ModelVersion
from runs.mlmodel import ModelDescription

# A comment in the code names so many columns.
_MAX_COLUMNS = 2


def register_snippet(tracking_uri: str, *, name: str = "churn") -> str:
    """How a first version is made while a model is trained."""
    return "\n".join(
        [
            "import mlflow",
            "",
            f"mlflow.set_tracking_uri({_quoted(tracking_uri)})",
            "with mlflow.start_run():",
            "    model.fit(X, y)",
            "    mlflow.sklearn.log_model(",
            f'        model, name="model", registered_model_name={_quoted(name)}',
            "    )",
        ]
    )


def register_run_snippet(tracking_uri: str, *, name: str, run_id: str = "<run id>") -> str:
    """How a version is made from a run that logged a model before."""
    return "\n".join(
        [
            "import mlflow",
            "",
            f"mlflow.set_tracking_uri({_quoted(tracking_uri)})",
            f"mlflow.register_model({_quoted(f'runs:/{run_id}/model')}, {_quoted(name)})",
        ]
    )


def log_model_snippet(tracking_uri: str, *, run_id: str) -> str:
    """How a model is added to a run that has none."""
    return "\n".join(
        [
            "import mlflow",
            "",
            f"mlflow.set_tracking_uri({_quoted(tracking_uri)})",
            f"with mlflow.start_run(run_id={_quoted(run_id)}):",
            '    mlflow.sklearn.log_model(model, name="model")',
        ]
    )


def load_snippet(
    version: ModelVersion, description: ModelDescription | None, tracking_uri: str
) -> str:
    """How a version is loaded and asked for predictions."""
    loader = "pyfunc"
    if description is not None and not description.is_python and description.flavor:
        loader = description.flavor
    return "\n".join(
        [
            "import mlflow",
            "",
            f"mlflow.set_tracking_uri({_quoted(tracking_uri)})",
            f"model = mlflow.{loader}.load_model({_quoted(model_uri(version))})",
            *_input_comment(description),
            "predictions = model.predict(data)",
        ]
    )


def serve_snippet(version: ModelVersion, tracking_uri: str) -> str:
    """How a version is served over HTTP by MLflow's own command."""
    quoted = "'" + model_uri(version).replace("'", "'\\''") + "'"
    return "\n".join(
        [
            f"export MLFLOW_TRACKING_URI={tracking_uri}",
            f"mlflow models serve -m {quoted} \\",
            "    -p 5001 --env-manager local",
        ]
    )


def prompt_snippet(version: ModelVersion, tracking_uri: str) -> str:
    """How a version of a prompt is loaded."""
    uri = f"prompts:/{version.model.name}/{version.version}"
    return "\n".join(
        [
            "import mlflow",
            "",
            f"mlflow.set_tracking_uri({_quoted(tracking_uri)})",
            f"prompt = mlflow.genai.load_prompt({_quoted(uri)})",
            "prompt.template",
        ]
    )


def model_uri(version: ModelVersion) -> str:
    """The URI by which clients load a version."""
    if "?" in version.model.name:
        # MLflow's client would take what follows for a query, so it is sent to the files.
        return version.storage_location or version.source
    return f"models:/{version.model.name}/{version.version}"


def _input_comment(description: ModelDescription | None) -> list[str]:
    if description is None or not description.inputs:
        return []
    named = [column for column in description.inputs if column.name]
    if not named:
        return [f"# data: {description.inputs[0].type}"]
    columns = [f"{column.name} ({column.type})" for column in named[:_MAX_COLUMNS]]
    rest = len(named) - len(columns)
    if rest:
        columns.append(f"and {rest} more")
    return [f"# data: {', '.join(columns)}".replace("\n", " ")]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
