"""What the tests of the pages of runs share."""

from urllib.parse import urlsplit

import pytest
from mlflow.entities import Metric, Param
from playwright.sync_api import ConsoleMessage, Page, Request

from tests.runs.charting import ESTIMATORS


@pytest.fixture
def address(server, mlflow_client, experiment_name) -> str:
    """The comparison of two runs that have a curve with a gap and a single value."""
    experiment = mlflow_client.create_experiment(experiment_name)
    runs = []
    for number, estimator in enumerate(ESTIMATORS):
        run_id = mlflow_client.create_run(experiment, run_name=f"run {number}").info.run_id
        values = [1.0, 0.5, float("nan"), 0.25, 0.125 + number]
        mlflow_client.log_batch(
            run_id,
            metrics=[
                *(Metric("loss", value, step, step) for step, value in enumerate(values)),
                Metric("mean_absolute_error", 40.0 - number, 1, 0),
            ],
            params=[Param("estimator", estimator)],
        )
        mlflow_client.set_terminated(run_id)
        runs.append(run_id)
    return f"{server.url}/w/default/compare/charts/?runs={','.join(runs)}"


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complained about, and every request that left this site.

    Plotly brings a style sheet for maps with it, which the policy keeps out; there are no maps.
    """
    said: list[str] = []

    def hear(line: ConsoleMessage) -> None:
        if line.type == "error" and "plotly.min.js" not in line.location["url"]:
            said.append(line.text)

    def watch(request: Request) -> None:
        if urlsplit(request.url).hostname not in {"127.0.0.1", "localhost", None}:
            said.append(f"asked for {request.url}")

    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", hear)
    page.on("request", watch)
    return said


@pytest.fixture
def run_list_url(server, mlflow_client, address, experiment_name) -> str:
    """The list of the two runs of ``address``."""
    experiment = mlflow_client.get_experiment_by_name(experiment_name)
    return f"{server.url}/w/default/experiments/{experiment.experiment_id}/"
