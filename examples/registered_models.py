"""Registered models: the best runs become versions with descriptions, tags and aliases."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from examples.progress import Progress
from examples.runner import EXAMPLE_TAG


@dataclass(frozen=True)
class Version:
    """Which run becomes a version: the best by ``order`` among those that match ``runs``."""

    key: str
    runs: str
    order: str
    description: str
    tags: dict[str, str] = field(default_factory=dict)
    alias: str = ""


@dataclass(frozen=True)
class Model:
    name: str
    experiment: str
    description: str
    tags: dict[str, str]
    versions: Sequence[Version]


MODELS = [
    Model(
        name="digits-classifier",
        experiment="digits-mlp-sweep",
        description=(
            "Reads one handwritten digit from 64 gray values between 0 and 1.\n\n"
            "Serve the **champion**; the challenger runs beside it until the next review."
        ),
        tags={"team": "vision", "task": "classification"},
        versions=[
            Version(
                key="v1",
                runs="tags.stage = 'baseline'",
                order="metrics.`val/accuracy` DESC",
                description="The baseline: 16 hidden units, the library's own learning rate.",
                tags={"review": "superseded"},
            ),
            Version(
                key="v2",
                runs="params.hidden_units = '16' AND tags.stage = 'exploration'",
                order="metrics.`val/accuracy` DESC",
                description="The best of the small networks. In service.",
                tags={"review": "approved"},
                alias="champion",
            ),
            Version(
                key="v3",
                runs="params.hidden_units = '64'",
                order="metrics.`val/accuracy` DESC",
                description="The best of the whole sweep, at four times the size.",
                tags={"review": "pending"},
                alias="challenger",
            ),
        ],
    ),
    Model(
        name="breast-cancer-screening",
        experiment="breast-cancer-screening",
        description="The probability that a biopsy is malignant, from 30 measurements of nuclei.",
        tags={"team": "screening", "task": "classification"},
        versions=[
            Version(
                key="v1",
                runs="tags.stage = 'baseline'",
                order="metrics.auc DESC",
                description="Logistic regression, approved because it can be explained.",
                tags={"review": "approved"},
                alias="champion",
            ),
            Version(
                key="v2",
                runs="tags.stage = 'candidate'",
                order="metrics.auc DESC",
                description="A support vector machine: the best AUC, at a threshold below 0.5.",
                tags={"review": "pending"},
                alias="challenger",
            ),
        ],
    ),
]


def register_models(client: MlflowClient, *, progress: Progress) -> None:
    """Register the versions whose runs are there and that are not registered yet."""
    for model in MODELS:
        experiment = client.get_experiment_by_name(model.experiment)
        if experiment is None:
            continue
        try:
            for version in model.versions:
                _register_once(client, experiment.experiment_id, model, version, progress)
        except MlflowException as error:
            progress.failed(model.name, "registration", error)


def _register_once(
    client: MlflowClient, experiment_id: str, model: Model, version: Version, progress: Progress
) -> None:
    label = f"{model.name}/{version.key}"
    existing = client.search_model_versions(f"name = '{model.name}'")
    if any(label == other.tags.get(EXAMPLE_TAG) for other in existing):
        return
    best = client.search_runs(
        [experiment_id],
        filter_string=f"{version.runs} AND attributes.status = 'FINISHED'",
        order_by=[version.order],
        max_results=1,
    )
    if not best:
        return
    # What mlflow prints here, our own line says.
    with contextlib.redirect_stderr(io.StringIO()):
        made = mlflow.register_model(
            f"runs:/{best[0].info.run_id}/model",
            model.name,
            tags={**version.tags, EXAMPLE_TAG: label},
        )
    if not existing:
        _describe_model(client, model)
    _describe_version(client, made, version)
    progress.note(f"{model.name}  version {made.version}  from {best[0].info.run_name}")


def _describe_model(client: MlflowClient, model: Model) -> None:
    client.update_registered_model(model.name, description=model.description)
    for key, value in model.tags.items():
        client.set_registered_model_tag(model.name, key, value)


def _describe_version(client: MlflowClient, made: ModelVersion, version: Version) -> None:
    client.update_model_version(made.name, made.version, description=version.description)
    if version.alias:
        client.set_registered_model_alias(made.name, version.alias, made.version)
