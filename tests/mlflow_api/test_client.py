"""The unmodified MLflow client over HTTP, as the documents of Fabric and MLflow use it."""

import math
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Metric, ViewType
from mlflow.exceptions import MlflowException
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor


@pytest.fixture
def experiment(mlflow_client, experiment_name) -> str:
    """The id of an experiment that is also the active one."""
    return mlflow.set_experiment(experiment_name).experiment_id


def test_experiments_are_made_found_and_searched(mlflow_client, experiment_name):
    key = mlflow.create_experiment(experiment_name, tags={"framework": experiment_name})

    with pytest.raises(MlflowException, match="RESOURCE_ALREADY_EXISTS"):
        mlflow.create_experiment(experiment_name)

    assert mlflow.set_experiment(experiment_name).experiment_id == key
    assert mlflow.get_experiment_by_name(experiment_name).experiment_id == key
    assert mlflow.get_experiment_by_name("no such experiment") is None
    found = mlflow.search_experiments(filter_string=f"tags.framework = '{experiment_name}'")
    assert [each.experiment_id for each in found] == [key]
    assert len(mlflow.search_experiments(max_results=1)) == 1
    assert mlflow.search_experiments(view_type=ViewType.ALL)


def test_experiments_are_renamed_deleted_and_restored(mlflow_client, experiment_name):
    key = mlflow.create_experiment(experiment_name)

    mlflow_client.rename_experiment(key, f"{experiment_name} 2")
    mlflow_client.delete_experiment(key)
    assert mlflow.get_experiment(key).lifecycle_stage == "deleted"
    with pytest.raises(MlflowException, match="deleted experiment"):
        mlflow.set_experiment(f"{experiment_name} 2")
    mlflow_client.restore_experiment(key)

    assert mlflow.get_experiment(key).name == f"{experiment_name} 2"


def test_everything_a_run_logs_is_read_back(experiment, mlflow_client):
    with mlflow.start_run(run_name="Child Run: ") as active:
        mlflow.log_param("estimator", "LinearRegression")
        mlflow.log_params({"alpha": 0.5, "depth": None})
        for step in range(20):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"accuracy": 0.9, "broken": math.nan, "endless": -math.inf})
        mlflow.log_metric("later", 1.0, synchronous=False).wait()
        mlflow.set_tag("model_type", "Linear Regression")
        mlflow.set_tags({"dataset": "diabetes"})
        mlflow_client.set_tag(active.info.run_id, "empty", "")
        mlflow_client.log_batch(active.info.run_id, metrics=[Metric("batch", 2.0, 1, 1)])
    run = mlflow.get_run(active.info.run_id)

    assert run.info.run_name == "Child Run: "
    assert run.info.status == "FINISHED"
    assert run.data.params == {"estimator": "LinearRegression", "alpha": "0.5", "depth": "None"}
    assert run.data.metrics["loss"] == 0.05
    assert math.isnan(run.data.metrics["broken"])
    assert run.data.metrics["endless"] == -math.inf
    assert run.data.metrics["later"] == 1.0
    assert run.data.metrics["batch"] == 2.0
    assert run.data.tags["model_type"] == "Linear Regression"
    assert run.data.tags["empty"] == ""
    history = mlflow_client.get_metric_history(run.info.run_id, "loss")
    assert [point.step for point in history] == list(range(20))


def test_files_of_every_kind_go_up_and_come_down(experiment, mlflow_client, tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "a b.csv").write_text("x,y\n1,2\n")
    figure = pyplot.figure()
    with mlflow.start_run() as run:
        mlflow.log_figure(figure, "plots/roc.png")
        mlflow.log_text("héllo", "notes/ü 1.txt")
        mlflow.log_text("", "notes/empty.txt")
        mlflow.log_dict({"a": 1}, "conf.yaml")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "image.png")
        mlflow.log_artifacts(str(tmp_path / "folder"), "data")
    pyplot.close(figure)
    key = run.info.run_id

    assert [each.path for each in mlflow_client.list_artifacts(key)] == [
        "conf.yaml",
        "data",
        "image.png",
        "notes",
        "plots",
    ]
    assert [each.path for each in mlflow_client.list_artifacts(key, "data/deep")] == [
        "data/deep/a b.csv"
    ]
    folder = mlflow.artifacts.download_artifacts(run_id=key, artifact_path="notes")
    assert Path(folder, "ü 1.txt").read_text() == "héllo"
    assert Path(folder, "empty.txt").read_bytes() == b""
    assert mlflow.artifacts.load_text(f"runs:/{key}/data/deep/a b.csv") == "x,y\n1,2\n"


def test_autologging_of_scikit_learn_works_from_a_plain_script(experiment, mlflow_client):
    features, target = load_diabetes(return_X_y=True, as_frame=True)
    mlflow.autolog(silent=True)
    for model in (LinearRegression(), DecisionTreeRegressor(max_depth=5, random_state=0)):
        with mlflow.start_run():
            mlflow.log_param("estimator", type(model).__name__)
            model.fit(features, target)

    runs = mlflow.search_runs(experiment_ids=[experiment])
    last = mlflow.search_runs(experiment, order_by=["start_time DESC"], max_results=1)

    assert list(runs["params.estimator"]) == ["DecisionTreeRegressor", "LinearRegression"]
    assert (runs["metrics.training_r2_score"] > 0.4).all()
    assert list(last["params.max_depth"]) == ["5"]
    assert list(runs["status"]) == ["FINISHED", "FINISHED"]
    newest = mlflow.get_run(runs["run_id"][0])
    assert newest.inputs.dataset_inputs[0].dataset.name == "dataset"
    assert newest.outputs.model_outputs


def test_a_logged_model_is_measured_and_loaded_again(experiment, mlflow_client):
    features, target = load_diabetes(return_X_y=True, as_frame=True)
    model = LinearRegression().fit(features, target)
    with mlflow.start_run():
        data = mlflow.data.from_pandas(features, name="diabetes")
        mlflow.log_input(data, context="training")
        mlflow.log_metric("before", 1.0)
        info = mlflow.sklearn.log_model(
            model, name="model", input_example=features.head(2), params={"kind": "linear"}
        )
        for _ in range(2):
            mlflow.log_metrics({"r2": 0.5}, model_id=info.model_id, dataset=data)

    logged = mlflow.get_logged_model(info.model_id)
    found = mlflow.search_logged_models(
        experiment_ids=[experiment], filter_string="metrics.r2 > 0.4", output_format="list"
    )
    predicted = mlflow.pyfunc.load_model(info.model_uri).predict(features.head(3))

    assert logged.status == "READY"
    assert logged.params["kind"] == "linear"
    assert [each.model_id for each in found] == [info.model_id]
    np.testing.assert_allclose(predicted, model.predict(features.head(3)))


def test_nested_runs_are_found_by_their_parent(experiment):
    with mlflow.start_run(run_name="search") as parent:
        for alpha in (0.1, 0.2, 0.3):
            with mlflow.start_run(run_name=f"alpha {alpha}", nested=True):
                mlflow.log_param("alpha", alpha)

    children = mlflow.search_runs(
        experiment_ids=[experiment],
        filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
    )

    assert sorted(children["params.alpha"]) == ["0.1", "0.2", "0.3"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("params.num_boost_round='100'", 1),
        ("metrics.auc>0.8", 2),
        ("tags.framework='torch'", 1),
        ("attributes.user_id = 'nobody'", 0),
        ("attributes.status = 'FINISHED' and metrics.auc < 0.95", 2),
        ("", 3),
    ],
)
def test_runs_are_searched_by_names_ids_filters_and_order(experiment, text, count):
    name = mlflow.get_experiment(experiment).name
    for auc, rounds, framework in [(0.7, 10, "sk"), (0.9, 100, "torch"), (0.99, 50, "xgb")]:
        with mlflow.start_run():
            mlflow.log_metric("auc", auc)
            mlflow.log_param("num_boost_round", rounds)
            mlflow.set_tag("framework", framework)

    found = mlflow.search_runs(
        experiment_names=[name],
        filter_string=text,
        order_by=["metrics.auc DESC"],
        output_format="list",
    )

    values = [run.data.metrics["auc"] for run in found]
    assert len(found) == count
    assert values == sorted(values, reverse=True)


def test_a_run_is_opened_again_deleted_and_restored(experiment, mlflow_client):
    with mlflow.start_run() as first:
        mlflow.log_metric("m", 1.0)
    with mlflow.start_run(run_id=first.info.run_id):
        mlflow.log_metric("m", 2.0, step=1)
    mlflow_client.delete_run(first.info.run_id)

    assert mlflow.search_runs([experiment]).empty
    mlflow_client.restore_run(first.info.run_id)
    assert isinstance(mlflow.search_runs([experiment]), pd.DataFrame)
    assert mlflow.get_run(first.info.run_id).data.metrics == {"m": 2.0}


def test_a_workspace_can_be_named_by_the_tracking_address(server, mlflow_client, experiment_name):
    mlflow.set_tracking_uri(f"{server.url}/w/default")
    mlflow.set_experiment(experiment_name)

    with mlflow.start_run() as run:
        mlflow.log_text("hello", "a/b.txt")

    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/a/b.txt") == "hello"
    assert mlflow.get_experiment_by_name(experiment_name).workspace == "default"


def test_what_is_not_offered_is_refused_at_once(mlflow_client, experiment):
    with pytest.raises(MlflowException, match="ENDPOINT_NOT_FOUND"):
        mlflow_client.create_webhook("w", "https://example.com", [])
