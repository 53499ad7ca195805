"""``manage.py import_mlflow``, from a genuine MLflow server and from its database file."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from runs.models import Metric, Run
from tests.support.genuine import Store
from tests.support.serving import Server
from tests.tracker.held import held
from tests.tracker.mlflow_store import SMALL_RUNS, files, pointed_at, view
from workspaces.models import Workspace


def arguments(kind: str, store: Store) -> list[str]:
    if kind == "server":
        return [store.url]
    return [str(store.database), "--artifacts-folder", str(store.artifacts)]


def copy(store: Store, *options: str) -> str:
    """Copy from the database file into the tests' own database; what was said."""
    said = StringIO()
    command = ["import_mlflow", str(store.database), "--artifacts-folder", str(store.artifacts)]
    call_command(*command, *options, stdout=said, stderr=said)
    return said.getvalue()


@pytest.fixture
def site(run_server) -> Server:
    """A site whose experiments have other ids than those of the source."""
    from mlflow import MlflowClient

    site = run_server()
    MlflowClient(tracking_uri=site.url).create_experiment("here before")
    return site


@pytest.fixture
def changed(mlflow_store, tmp_path):
    """A function that copies the source's database and changes the copy."""

    def change(*statements: str) -> Store:
        file = tmp_path / "changed.db"
        with (
            closing(sqlite3.connect(mlflow_store.database)) as source,
            closing(sqlite3.connect(file)) as target,
        ):
            source.backup(target)
            for statement in statements:
                target.execute(statement)
            target.commit()
        return Store(mlflow_store.url, file, mlflow_store.artifacts)

    return change


@pytest.mark.client
@pytest.mark.parametrize("kind", ["server", "database"])
def test_a_client_sees_the_same_here_as_at_the_source(site, mlflow_store, kind, tmp_path):
    import mlflow

    said = site.manage("import_mlflow", *arguments(kind, mlflow_store))

    there, here = view(mlflow_store.url), view(site.url)
    assert {key: here[key] for key in there} == there
    assert here.keys() - there.keys() == {("experiment", "here before")}
    for what, run_id, *_ in there:
        if what == "run":
            of_source = files(mlflow_store.url, run_id, tmp_path / "there")
            assert files(site.url, run_id, tmp_path / "here") == of_source
    with pointed_at(site.url):
        for uri in ("models:/registered/1", "models:/from-run@champion"):
            assert list(mlflow.sklearn.load_model(uri).predict([[3.0]])) == pytest.approx([3.0])
    assert f"{SMALL_RUNS + 4} runs" in said
    assert " 0 differ" in site.manage("verify")


@pytest.mark.client
def test_a_second_copy_changes_nothing_whichever_way_it_comes(site, mlflow_store):
    site.manage("import_mlflow", *arguments("database", mlflow_store))
    first = view(site.url)

    said = [
        site.manage("import_mlflow", *arguments(kind, mlflow_store))
        for kind in ("database", "server")
    ]

    assert view(site.url) == first
    assert all("Nothing is new" in text for text in said)


@pytest.mark.client
@pytest.mark.parametrize(
    ("moment", "answers", "runs_here"),
    [
        pytest.param("/mlflow-artifacts/artifacts/", 3, 0, id="some files are here"),
        pytest.param("/metrics/get-history-bulk", 1, 3, id="an experiment's runs are here"),
    ],
)
def test_a_killed_copy_leaves_whole_runs_and_goes_on_when_started_again(
    site, mlflow_store, moment, answers, runs_here
):
    def has_begun() -> bool:
        files = (site.data_dir / "artifacts").rglob("*")
        return any(file.is_file() for file in files)

    with held(mlflow_store.url, moment, answers=answers) as source:
        copying = start_copy(site, source.url)
        try:
            # What was answered is written meanwhile, and no more is.
            assert source.is_holding.wait(60)
            while copying.poll() is None and not has_begun():
                time.sleep(0.01)
            assert copying.poll() is None
        finally:
            os.killpg(copying.pid, signal.SIGKILL)
            copying.wait()

    there, part = view(mlflow_store.url), view(site.url)
    runs = {key for key in part if key[0] == "run"}
    assert len(runs) == runs_here
    assert all(part[key] == there[key] for key in runs)
    site.manage("import_mlflow", mlflow_store.url)
    here = view(site.url)
    assert {key: here[key] for key in there} == there
    assert " 0 differ" in site.manage("verify")


def start_copy(site: Server, source: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_mlflow", source],
        cwd=Path(__file__).resolve().parents[2],
        env=site._environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_only_the_named_experiments_come_and_the_versions_that_belong_to_them(db, mlflow_store):
    copy(mlflow_store, "--experiment", "beta", "--experiment", "gone")

    workspace = Workspace.objects.get(slug="default")
    names = set(workspace.experiments.values_list("name", flat=True))
    assert names == {"Default", "beta", "gone"}
    assert not workspace.registered_models.exists()

    copy(mlflow_store, "--experiment", "alpha")

    names = set(workspace.registered_models.values_list("name", flat=True))
    assert names == {"registered", "from-run"}


def test_files_that_were_left_there_come_with_the_next_copy(db, mlflow_store, settings):
    copy(mlflow_store, "--no-artifacts")
    run = Run.objects.get(name="rich")
    root = Path(settings.ARTIFACT_ROOT, run.artifact_uri.partition(":/")[2])
    assert not root.exists()

    copy(mlflow_store)

    assert (root / "notes/näme x.txt").read_text() == "hello"
    shutil.rmtree(settings.ARTIFACT_ROOT)


def test_a_run_that_was_still_running_goes_on_with_the_next_copy(db, changed, mlflow_store):
    part = changed(
        "DELETE FROM metrics WHERE step >= 10",
        "DELETE FROM params",
        "UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE name = 'small 7'",
    )
    copy(part, "--experiment", "beta", "--no-artifacts")
    Run.objects.get(name="small 7").tags.create(key="note", value="written here")

    said = [copy(mlflow_store, "--experiment", "beta", "--no-artifacts") for _ in range(2)]

    run = Run.objects.get(name="small 7")
    assert (run.status, run.end_time) == ("FINISHED", 5000)
    assert dict(run.params.values_list("key", "value")) == {"index": "7"}
    assert run.metrics.count() == 20
    assert run.stats.get().last_step == 19
    assert run.tags.get(key="note").value == "written here"
    assert "1 continued run" in said[0]
    assert "Nothing is new" in said[1]
    assert Run.objects.get(name="small 6").metrics.count() == 10


def test_a_run_that_another_workspace_has_is_refused_and_the_others_come(db, mlflow_store):
    copy(mlflow_store, "--experiment", "gone", "--no-artifacts")
    Workspace.objects.create(slug="other", name="Other")
    said = StringIO()

    with pytest.raises(CommandError, match="1 could not be copied"):
        call_command(
            "import_mlflow",
            str(mlflow_store.database),
            "--workspace=other",
            "--no-artifacts",
            stdout=StringIO(),
            stderr=said,
        )

    assert "is in the workspace 'default' already" in said.getvalue()
    assert Run.objects.filter(experiment__workspace__slug="other").count() == SMALL_RUNS + 3


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("step = 1e300", id="beyond 64 bits, which cannot be written"),
        pytest.param("value = 'much'", id="no number, which cannot be read"),
    ],
)
def test_a_damaged_run_is_named_and_leaves_nothing_behind(db, changed, damage):
    store = changed(
        f"UPDATE metrics SET {damage} WHERE run_uuid ="
        " (SELECT run_uuid FROM runs WHERE name = 'small 7')"
    )
    said = StringIO()

    with pytest.raises(CommandError, match="1 could not be copied"):
        call_command(
            "import_mlflow", str(store.database), "--no-artifacts", stdout=said, stderr=said
        )

    assert not Run.objects.filter(name="small 7").exists()
    assert Run.objects.filter(experiment__name="beta").count() == SMALL_RUNS - 1
    assert Metric.objects.filter(run__experiment__name="beta").count() == 20 * (SMALL_RUNS - 1)


@pytest.mark.parametrize("uri", ["file://{secret}", "{secret}", "mlflow-artifacts:/../secret"])
def test_a_source_cannot_make_this_machine_copy_its_own_files(db, changed, tmp_path, settings, uri):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("private")
    store = changed(f"UPDATE runs SET artifact_uri = '{uri.format(secret=secret)}'")

    said = copy(store)

    assert "Left out: run without its files" in said
    assert not list(Path(settings.ARTIFACT_ROOT).rglob("key"))
    shutil.rmtree(settings.ARTIFACT_ROOT)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("missing.db", "There is no file"),
        ("text.db", "is not an SQLite database"),
        ("other.db", "not one of MLflow's"),
        ("postgresql://db/mlflow", "Start `mlflow server` on it"),
        ("http://127.0.0.1:9", "does not answer"),
    ],
)
def test_a_source_that_is_none_is_refused_with_the_reason(
    db, tmp_path, monkeypatch, source, reason
):
    monkeypatch.chdir(tmp_path)
    Path("text.db").write_text("not a database at all")
    with closing(sqlite3.connect("other.db")) as other:
        other.execute("CREATE TABLE t (x)")

    with pytest.raises(CommandError, match=reason):
        call_command("import_mlflow", source)


def test_an_experiment_that_the_source_does_not_have_is_named(db, mlflow_store):
    with pytest.raises(CommandError, match="no experiment 'delta'"):
        copy(mlflow_store, "--experiment", "delta")


@pytest.mark.client
def test_a_site_that_is_no_mlflow_server_is_refused(server, db):
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("import_mlflow", f"{server.url}/help")
