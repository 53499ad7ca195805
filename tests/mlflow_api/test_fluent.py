"""Parts of the ``mlflow`` package that make many calls of their own, against the server."""

import subprocess
import sys

import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

pytestmark = pytest.mark.client


@pytest.fixture
def experiment(mlflow_client, experiment_name) -> str:
    """The name of an experiment that is also the active one."""
    mlflow.set_experiment(experiment_name)
    return experiment_name


def test_a_model_is_evaluated_on_data_and_knows_its_scores(experiment):
    features, target = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(features, target)
    with mlflow.start_run() as run:
        logged = mlflow.sklearn.log_model(model, name="model", input_example=features.head(2))

        result = mlflow.models.evaluate(
            logged.model_uri,
            features.assign(label=target),
            targets="label",
            model_type="classifier",
            evaluator_config={"log_explainer": False},
        )

    run = mlflow.get_run(run.info.run_id)
    assert result.metrics["accuracy_score"] > 0.9
    assert run.data.metrics["accuracy_score"] == result.metrics["accuracy_score"]
    assert [used.dataset.name for used in run.inputs.dataset_inputs] == ["dataset"]
    of_model = mlflow.get_logged_model(logged.model_id).metrics
    assert {point.key: point.value for point in of_model}["accuracy_score"] > 0.9


def test_a_table_grows_and_images_keep_their_steps(experiment, mlflow_client):
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    with mlflow.start_run() as run:
        mlflow.log_table({"question": ["a"], "score": [1]}, "answers.json")
        mlflow.log_table(pd.DataFrame({"question": ["b"], "score": [2]}), "answers.json")
        for step in range(2):
            mlflow.log_image(image, key="val/sample", step=step)

    table = mlflow.load_table("answers.json", run_ids=[run.info.run_id])
    assert table.to_dict("list") == {"question": ["a", "b"], "score": [1, 2]}
    images = [file.path for file in mlflow_client.list_artifacts(run.info.run_id, "images")]
    assert {path.partition("+timestamp")[0] for path in images} == {
        "images/val~sample+step+0",
        "images/val~sample+step+1",
    }


def test_what_is_logged_in_the_background_arrives_whole(experiment, mlflow_client):
    mlflow.config.enable_async_logging(True)
    try:
        with mlflow.start_run() as run:
            for step in range(1500):
                mlflow.log_metrics({"loss": 1 / (step + 1), "step": step}, step=step)
            mlflow.log_params({f"p{number}": number for number in range(150)})
        mlflow.flush_async_logging()
    finally:
        mlflow.config.enable_async_logging(False)

    history = mlflow_client.get_metric_history(run.info.run_id, "loss")
    assert sorted(point.step for point in history) == list(range(1500))
    assert len(mlflow.get_run(run.info.run_id).data.params) == 150


def test_a_child_is_started_for_a_run_that_has_ended(experiment):
    with mlflow.start_run(run_name="parent") as parent:
        pass

    with mlflow.start_run(parent_run_id=parent.info.run_id) as child:
        pass

    assert mlflow.get_parent_run(child.info.run_id).info.run_name == "parent"


def test_processes_log_at_the_same_time(experiment, mlflow_client, server, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import sys\n"
        "import mlflow\n"
        "mlflow.set_experiment(sys.argv[1])\n"
        "with mlflow.start_run(run_name=sys.argv[2]):\n"
        "    for step in range(30):\n"
        "        mlflow.log_metric('loss', 1 / (step + 1), step=step)\n"
        "    mlflow.log_text('done', 'log.txt')\n"
    )
    # Made beforehand: the client that loses the race for a new name logs to another experiment.
    name = f"{experiment}, of several processes"
    mlflow_client.create_experiment(name)

    processes = [
        subprocess.Popen([sys.executable, "-W", "ignore", str(script), name, f"process {number}"])
        for number in range(3)
    ]

    assert [process.wait() for process in processes] == [0, 0, 0]
    runs = mlflow.search_runs(experiment_names=[name], output_format="list")
    assert {run.info.status for run in runs} == {"FINISHED"}
    histories = [mlflow_client.get_metric_history(run.info.run_id, "loss") for run in runs]
    assert [len(history) for history in histories] == [30, 30, 30]
