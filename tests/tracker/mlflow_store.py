"""What fills a genuine MLflow server with something of everything, and what clients see of one."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SMALL_RUNS = 30


@contextmanager
def pointed_at(url: str) -> Iterator[None]:
    """``mlflow.*`` talks to that server; afterwards to none, and no variable says otherwise."""
    import mlflow

    with pytest.MonkeyPatch.context() as environment:
        # Setting an address writes these too, and nothing of the client's takes them back.
        environment.setenv("MLFLOW_TRACKING_URI", url)
        environment.setenv("MLFLOW_REGISTRY_URI", url)
        environment.setenv("MLFLOW_EXPERIMENT_ID", "")
        environment.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        environment.setenv("GIT_PYTHON_REFRESH", "quiet")
        mlflow.set_tracking_uri(url)
        mlflow.set_registry_uri(url)
        try:
            yield
        finally:
            while mlflow.active_run():
                mlflow.end_run()
            mlflow.tracking.fluent._active_experiment_id = None
            mlflow.set_tracking_uri(None)
            mlflow.set_registry_uri(None)


def fill(url: str) -> None:
    """Log something of everything through the real client, which must be pointed at ``url``."""
    import mlflow
    import pandas as pd
    from mlflow.entities import Metric, Param, RunTag
    from sklearn.linear_model import LinearRegression

    client = mlflow.MlflowClient(tracking_uri=url, registry_uri=url)
    alpha = client.create_experiment("alpha", tags={"mlflow.note.content": "**first**"})
    model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    mlflow.set_experiment(experiment_id=alpha)
    with mlflow.start_run(run_name="rich", tags={"team": "vision"}) as run:
        run_id = run.info.run_id
        mlflow.log_params({"lr": "0.1", "note": "ünï ' %"})
        client.log_batch(
            run_id,
            metrics=[
                Metric("loss", value, 1000 + step, step)
                for step, value in enumerate([1.0, float("nan"), float("inf"), -float("inf"), 0.5])
            ]
            + [Metric("loss", 2.0, 1001, 1), Metric("loss", 7.0, 999, -5)],
        )
        mlflow.log_text("hello", "notes/näme x.txt")
        mlflow.log_text("", "empty.txt")
        data = mlflow.data.from_pandas(pd.DataFrame({"x": [1.0, 2.0]}), name="numbers")
        mlflow.log_input(data, context="training")
        info = mlflow.sklearn.log_model(
            model, name="model", params={"depth": "3"}, registered_model_name="registered"
        )
        mlflow.log_metric("accuracy", 0.5, step=3, model_id=info.model_id, dataset=data)
        with mlflow.start_run(run_name="child", nested=True):
            mlflow.log_metric("loss", float("nan"))
    with mlflow.start_run(run_name="in the trash") as deleted:
        mlflow.log_param("lr", "0.2")
        folder = Path(mlflow.artifacts.download_artifacts(info.model_uri))
        mlflow.log_artifacts(str(folder), "saved")
    client.create_registered_model("from-run", tags={"owner": "ada"}, description="A run's files")
    source = f"{deleted.info.artifact_uri}/saved"
    client.create_model_version("from-run", source, deleted.info.run_id, description="first")
    client.create_model_version("from-run", source, deleted.info.run_id, tags={"review": "open"})
    client.create_model_version("from-run", source, deleted.info.run_id)
    client.transition_model_version_stage("from-run", "1", "Production")
    client.set_registered_model_alias("from-run", "champion", "2")
    client.delete_model_version("from-run", "3")
    client.delete_run(deleted.info.run_id)
    mlflow.genai.register_prompt("greeting", "Hello {{name}}")

    beta = client.create_experiment("beta")
    for index in range(SMALL_RUNS):
        small = client.create_run(beta, run_name=f"small {index}")
        client.log_batch(
            small.info.run_id,
            metrics=[Metric("loss", 1 / (step + 1), step, step) for step in range(20)],
            params=[Param("index", str(index))],
            tags=[RunTag("parity", "odd" if index % 2 else "even")],
        )
        client.log_text(small.info.run_id, f"file of {index}", "log.txt")
        client.set_terminated(small.info.run_id, "FINISHED", 5000)
    gone = client.create_experiment("gone")
    client.create_run(gone, run_name="went with it")
    client.delete_experiment(gone)


def view(url: str) -> dict:
    """Everything that a client sees of a server, without what differs between any two."""
    import mlflow
    from mlflow.entities import ViewType

    client = mlflow.MlflowClient(tracking_uri=url, registry_uri=url)
    seen = {}
    for experiment in client.search_experiments(ViewType.ALL):
        name = experiment.name
        times = (experiment.creation_time, experiment.last_update_time)
        seen["experiment", name] = (
            experiment.lifecycle_stage,
            dict(experiment.tags),
            None if name == "Default" else times,
        )
        for run in client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL):
            seen["run", run.info.run_id] = (name, *_run(client, run))
        for model in client.search_logged_models([experiment.experiment_id]):
            seen["model", model.model_id] = (name, *_logged_model(model))
    prompts = client.search_registered_models("tags.`mlflow.prompt.is_prompt` = 'true'")
    for model in [*client.search_registered_models(), *prompts]:
        seen["registered", model.name] = (
            model.description or "", dict(model.tags), dict(model.aliases),
            model.creation_timestamp, model.last_updated_timestamp,
        )  # fmt: skip
    for version in _versions(client, [key[1] for key in seen if key[0] == "registered"]):
        seen["version", version.name, version.version] = (
            version.description or "", version.run_id, version.current_stage, version.status,
            dict(version.tags), version.creation_timestamp, _without_id(version.source),
            _without_id(client.get_model_version_download_uri(version.name, version.version)),
        )  # fmt: skip
    return seen


def files(url: str, run_id: str, to: Path) -> dict[str, bytes]:
    """The bytes of every file of a run, as a client downloads them."""
    from mlflow.artifacts import download_artifacts

    folder = Path(download_artifacts(run_id=run_id, dst_path=str(to), tracking_uri=url))
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def _versions(client, names: list[str]) -> list:
    """All versions, of prompts too, which a search by name alone leaves out."""
    from mlflow.exceptions import MlflowException

    found = []
    for name in names:
        for number in range(1, 4):
            try:
                found.append(client.get_model_version(name, str(number)))
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
    return found


def _run(client, run) -> tuple:
    info = run.info
    history = {
        key: sorted(
            # NaN equals nothing, so its text is compared.
            (point.step, point.timestamp, repr(point.value))
            for point in client.get_metric_history(info.run_id, key)
        )
        for key in run.data.metrics
    }
    return (
        info.run_name, info.user_id, info.status, info.start_time, info.end_time,
        info.lifecycle_stage, dict(run.data.params), dict(run.data.tags),
        {key: repr(value) for key, value in run.data.metrics.items()}, history,
        [used.to_dictionary() for used in run.inputs.dataset_inputs],
        [(made.model_id, made.step) for made in run.outputs.model_outputs],
        _without_id(info.artifact_uri),
    )  # fmt: skip


def _logged_model(model) -> tuple:
    points = sorted(
        (point.key, point.step, point.timestamp, repr(point.value), point.run_id,
         point.dataset_name or "", point.dataset_digest or "")
        for point in model.metrics or []
    )  # fmt: skip
    return (
        model.name, model.source_run_id, model.status, model.creation_timestamp,
        model.last_updated_timestamp, dict(model.params), dict(model.tags), points,
        _without_id(model.artifact_location),
    )  # fmt: skip


def _without_id(uri: str) -> str:
    """A place in a server's store without the experiment's id, which is another one there."""
    return re.sub(r"^mlflow-artifacts:/\d+/", "mlflow-artifacts:/<experiment>/", uri)
