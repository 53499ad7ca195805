"""The examples, filled in by the real mlflow client over HTTP, as ``make demo`` does it."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

pytestmark = [pytest.mark.client, pytest.mark.usefixtures("filled")]

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = [
    "breast-cancer-screening",
    "diabetes-regression",
    "digits-mlp-sweep",
    "iris-nightly",
    "wine-autolog",
]


def fill(url: str, *options: str, progress_file: Path) -> subprocess.CompletedProcess:
    # The examples choose their own client settings; those of the test run are not theirs,
    # but for this one: who waits for a server in a test waits for nothing.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW")}
    environment["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
    return subprocess.run(
        [
            *(sys.executable, "-m", "examples", "--quick"),
            *("--tracking-uri", url),
            *("--progress-file", str(progress_file)),
            *options,
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def filled(server, tmp_path_factory):
    """What the command said, once the examples stand on the server."""
    progress_file = tmp_path_factory.mktemp("examples") / "progress.json"
    outcome = fill(server.url, progress_file=progress_file)
    assert outcome.returncode == 0, outcome.stderr
    return {"output": outcome.stdout, "progress": json.loads(progress_file.read_text())}


def example_runs(client: MlflowClient, *, experiment: str) -> dict[str, Run]:
    found = client.get_experiment_by_name(experiment)
    runs = client.search_runs([found.experiment_id])
    return {run.info.run_name: run for run in runs}


def everything(client: MlflowClient) -> Counter:
    """How much stands there, by experiment and by model."""
    runs = {name: len(example_runs(client, experiment=name)) for name in EXPERIMENTS}
    versions = [
        version.name
        for name in ("digits-classifier", "breast-cancer-screening")
        for version in client.search_model_versions(f"name = '{name}'")
    ]
    return Counter(runs) + Counter(f"model {name}" for name in versions)


def test_every_run_is_announced_on_a_line_of_its_own(filled):
    counted = [line for line in filled["output"].splitlines() if line.startswith("[")]

    assert len(counted) == 19
    assert counted[0].startswith("[ 1/19] digits-mlp-sweep  mlp-16 lr=0.001 seed=1  val/accuracy")


def test_the_progress_file_tells_a_site_that_all_is_done(filled):
    progress = filled["progress"]

    assert (progress["done"], progress["total"]) == (19, 19)
    assert progress["finished"] is True
    assert progress["errors"] == []


def test_every_experiment_says_what_it_is_about(mlflow_client):
    for name in EXPERIMENTS:
        tags = mlflow_client.get_experiment_by_name(name).tags

        assert len(tags["mlflow.note.content"]) > 80
        assert tags["team"]


def test_a_network_has_a_point_for_every_epoch(mlflow_client):
    run = example_runs(mlflow_client, experiment="digits-mlp-sweep")["mlp-16 lr=0.001 seed=1"]

    loss = mlflow_client.get_metric_history(run.info.run_id, "train/loss")

    assert [point.step for point in loss] == list(range(1, 36))
    assert loss[-1].value < loss[0].value / 4
    assert run.data.metrics["test/accuracy"] > 0.85
    assert run.data.params["seed"] == "1"
    inputs = {each.tags[0].value for each in run.inputs.dataset_inputs if each.tags}
    assert {"train", "validation"} <= inputs


def test_a_run_lies_in_the_past_and_took_the_time_it_took(mlflow_client):
    run = example_runs(mlflow_client, experiment="digits-mlp-sweep")["mlp-16 lr=0.001 seed=1"]
    loss = mlflow_client.get_metric_history(run.info.run_id, "train/loss")

    now = datetime.now(UTC).timestamp() * 1000
    assert 8 < (now - run.info.start_time) / 86_400_000 < 10
    assert 0 < run.info.end_time - run.info.start_time < 60_000
    assert all(run.info.start_time <= point.timestamp <= run.info.end_time for point in loss)


def test_a_run_names_its_author_and_its_script(mlflow_client):
    run = example_runs(mlflow_client, experiment="breast-cancer-screening")[
        "logistic-regression C=1"
    ]

    assert run.info.user_id == "amara"
    assert run.data.tags["mlflow.source.name"] == "breast_cancer_screening.py"
    assert run.data.tags["tracker.example"] == "breast-cancer-screening/logistic-regression C=1"


def test_a_screening_run_has_figures_tables_a_report_and_a_log(mlflow_client):
    run = example_runs(mlflow_client, experiment="breast-cancer-screening")[
        "logistic-regression C=1"
    ]
    files = [file.path for file in mlflow_client.list_artifacts(run.info.run_id)]
    figures = [file.path for file in mlflow_client.list_artifacts(run.info.run_id, "figures")]

    assert {"report.html", "scores.json", "logs", "predictions"} <= set(files)
    assert figures == [
        "figures/calibration.png",
        "figures/feature-importance.png",
        "figures/roc.png",
    ]


def test_a_failed_run_keeps_its_traceback(mlflow_client):
    run = example_runs(mlflow_client, experiment="breast-cancer-screening")["nu-svc nu=0.9"]

    traceback = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/traceback.txt")

    assert run.info.status == "FAILED"
    assert traceback.rstrip().endswith("ValueError: specified nu is infeasible")


def test_a_search_names_its_best_child(mlflow_client):
    runs = example_runs(mlflow_client, experiment="diabetes-regression")
    parent = runs["linear models, alpha search"]
    children = [
        run
        for run in runs.values()
        if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id
    ]

    best = min(children, key=lambda run: run.data.metrics["cv/rmse"])

    assert len(children) == 12
    assert parent.data.tags["best_child_run_id"] == best.info.run_id
    assert parent.data.metrics["cv/rmse"] == best.data.metrics["cv/rmse"]


def test_autologging_writes_down_what_the_script_did_not(mlflow_client):
    run = example_runs(mlflow_client, experiment="wine-autolog")["linear regression"]

    assert run.data.params["estimator"] == "LinearRegression"
    assert run.data.params["fit_intercept"] == "True"
    assert 0 < run.data.metrics["training_r2_score"] < 1
    assert run.outputs.model_outputs


def test_one_nightly_run_goes_on_and_one_was_stopped(mlflow_client):
    runs = example_runs(mlflow_client, experiment="iris-nightly")

    assert runs["nightly 47"].info.status == "RUNNING"
    assert runs["nightly 47"].info.end_time is None
    assert runs["nightly 44"].info.status == "KILLED"


def test_a_registered_version_can_be_loaded_and_predicts(mlflow_client):
    version = mlflow_client.get_model_version_by_alias("breast-cancer-screening", "champion")
    model = mlflow.sklearn.load_model("models:/breast-cancer-screening@champion")

    source = mlflow_client.get_run(version.run_id)

    assert source.info.run_name == "logistic-regression C=1"
    assert version.description
    assert model.n_features_in_ == 30


def test_a_second_call_trains_only_what_an_interrupted_one_left(mlflow_client, server, tmp_path):
    before = everything(mlflow_client)
    interrupted = example_runs(mlflow_client, experiment="iris-nightly")["nightly 44"].info.run_id
    mlflow_client.set_terminated(interrupted, "FAILED")

    again = fill(server.url, progress_file=tmp_path / "progress.json")

    replacement = example_runs(mlflow_client, experiment="iris-nightly")["nightly 44"]
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("already there") == 6
    assert everything(mlflow_client) == before
    assert replacement.info.run_id != interrupted
    assert replacement.info.status == "KILLED"
    assert mlflow_client.get_run(interrupted).info.lifecycle_stage == "deleted"


def test_without_a_server_it_says_so_and_ends(tmp_path):
    outcome = fill("http://127.0.0.1:9", progress_file=tmp_path / "progress.json")

    progress = json.loads((tmp_path / "progress.json").read_text())
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("No MLflow server answers at http://127.0.0.1:9")
    assert (progress["done"], progress["finished"]) == (0, False)
