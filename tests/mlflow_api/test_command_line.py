"""The unmodified ``mlflow`` command line against the server."""

import csv
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from click.testing import CliRunner
from mlflow.cli import cli

pytestmark = pytest.mark.client


class CommandFailed(Exception):
    """The command ended with a status that is not 0."""


@pytest.fixture
def command_line(mlflow_client, tmp_path, monkeypatch) -> Callable[..., str]:
    """``mlflow <arguments>`` in an empty folder; what it said, or the error that it ended with."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, arguments)
        if done.exit_code != 0:
            raise CommandFailed(f"{done.output} {done.exception}")
        return done.output

    return run


def test_an_experiment_is_made_found_renamed_deleted_and_restored(command_line, experiment_name):
    said = command_line("experiments", "create", "-n", experiment_name)
    key = re.search(r"with id (\d+)", said)[1]

    with pytest.raises(CommandFailed, match="RESOURCE_ALREADY_EXISTS"):
        command_line("experiments", "create", "-n", experiment_name)
    command_line("experiments", "rename", "-x", key, "--new-name", f"{experiment_name}, renamed")
    command_line("experiments", "delete", "-x", key)
    assert f"{experiment_name}, renamed" not in command_line("experiments", "search")
    assert f"{experiment_name}, renamed" in command_line(
        "experiments", "search", "--view", "deleted_only"
    )
    command_line("experiments", "restore", "-x", key)

    assert f"{experiment_name}, renamed" in command_line("experiments", "search")


def test_runs_are_listed_described_deleted_restored_and_exported(
    command_line, mlflow_client, experiment_name, tmp_path
):
    key = mlflow.create_experiment(experiment_name)
    run = mlflow_client.create_run(key, run_name="by the client").info.run_id
    mlflow_client.log_param(run, "depth", 3)
    mlflow_client.log_metric(run, "loss", 0.25)

    assert run in command_line("runs", "list", "--experiment-id", key)
    described = command_line("runs", "describe", "--run-id", run)
    assert '"depth": "3"' in described
    assert '"loss": 0.25' in described
    command_line("experiments", "csv", "-x", key, "-o", "runs.csv")
    [row] = csv.DictReader((tmp_path / "runs.csv").open())
    assert (row["run_id"], row["params.depth"], row["metrics.loss"]) == (run, "3", "0.25")

    command_line("runs", "delete", "--run-id", run)
    assert run not in command_line("runs", "list", "--experiment-id", key)
    deleted = command_line("runs", "list", "--experiment-id", key, "--view", "deleted_only")
    assert run in deleted
    command_line("runs", "restore", "--run-id", run)

    assert mlflow.get_run(run).info.lifecycle_stage == "active"


def test_files_are_logged_listed_and_downloaded(
    command_line, mlflow_client, experiment_name, tmp_path
):
    run = mlflow_client.create_run(mlflow.create_experiment(experiment_name)).info.run_id
    (tmp_path / "up/deep").mkdir(parents=True)
    (tmp_path / "up/ä b.txt").write_text("one")
    (tmp_path / "up/deep/two.txt").write_text("two")

    command_line("artifacts", "log-artifacts", "--local-dir", "up", "--run-id", run, "-a", "to")
    command_line("artifacts", "log-artifact", "--local-file", "up/ä b.txt", "--run-id", run)

    listed = json.loads(command_line("artifacts", "list", "--run-id", run, "-a", "to"))
    assert [entry["path"] for entry in listed] == ["to/deep", "to/ä b.txt"]
    command_line("artifacts", "download", "--run-id", run, "-d", "down")
    assert contents(tmp_path / "down") == {
        "ä b.txt": "one",
        "to/ä b.txt": "one",
        "to/deep/two.txt": "two",
    }
    command_line("artifacts", "download", "-u", f"runs:/{run}/to/deep", "-d", "part")
    assert contents(tmp_path / "part") == {"deep/two.txt": "two"}


def test_a_project_is_run_and_what_it_logs_is_on_its_run(
    command_line, mlflow_client, experiment_name, tmp_path
):
    project = tmp_path / "project"
    project.mkdir()
    (project / "MLproject").write_text(
        "name: project\n"
        "entry_points:\n"
        "  main:\n"
        "    parameters:\n"
        "      alpha: {type: float, default: 0.5}\n"
        f'    command: "{sys.executable} main.py {{alpha}}"\n'
    )
    (project / "main.py").write_text(
        "import sys\n"
        "import mlflow\n"
        "with mlflow.start_run():\n"
        "    mlflow.log_metric('seen', float(sys.argv[1]))\n"
    )
    where = ["--env-manager", "local", "--experiment-name", experiment_name]

    command_line("run", *where, "-P", "alpha=0.25", "project")

    [run] = mlflow.search_runs(experiment_names=[experiment_name], output_format="list")
    assert run.info.status == "FINISHED"
    assert run.data.params == {"alpha": "0.25"}
    assert run.data.metrics == {"seen": 0.25}
    assert run.data.tags["mlflow.project.backend"] == "local"


def test_what_is_not_there_is_refused_by_name(command_line):
    with pytest.raises(CommandFailed, match="RESOURCE_DOES_NOT_EXIST"):
        command_line("runs", "delete", "--run-id", "0" * 32)
    with pytest.raises(CommandFailed, match="No Experiment with id=99999999 exists"):
        command_line("experiments", "delete", "-x", "99999999")


def contents(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text()
        for file in folder.rglob("*")
        if file.is_file()
    }
