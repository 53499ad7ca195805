"""What every test may ask for: the database, a real server, a real client, a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from uuid import uuid4

import hypothesis
import pytest

from tests.support.plugin import data_dir, required
from tests.support.serving import Server

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("tracker", deadline=None, print_blob=True)
hypothesis.settings.load_profile("tracker")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """On SQLite the tests use a file, as the site does: in memory there is no WAL."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(data_dir() / "test.sqlite3")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running site (``url``, ``data_dir``), shared by all tests: use names of your own."""
    server = Server(tmp_path_factory.mktemp("server"))
    server.migrate()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def run_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """A function that starts a site for one test, with the settings it is given.

    For tests that kill the server, fill its disk or change how it is set up.
    """
    started: list[Server] = []

    def run(**settings: str) -> Server:
        server = Server(tmp_path_factory.mktemp("server"), **settings)
        started.append(server)
        server.migrate()
        server.start()
        return server

    yield run
    for server in started:
        server.kill()


@pytest.fixture
def experiment_name(request: pytest.FixtureRequest) -> str:
    """A name that no other test uses."""
    return f"{request.node.name[:100]} {uuid4().hex[:8]}"


@pytest.fixture
def mlflow_client(server: Server, monkeypatch: pytest.MonkeyPatch):
    """The unmodified MLflow client, pointed at the server: both ``MlflowClient`` and ``mlflow.*``.

    Afterwards no run is active, no autologging is on and no experiment is chosen.
    """
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    # By default a client repeats what fails for four minutes.
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")
    import mlflow
    from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS

    mlflow.set_tracking_uri(server.url)
    mlflow.set_registry_uri(server.url)
    mlflow.tracking.fluent._active_experiment_id = None
    yield mlflow.MlflowClient()
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.autolog(disable=True, silent=True)
    # A library's own autolog() keeps mlflow.autolog() from changing it ever after.
    AUTOLOGGING_INTEGRATIONS.clear()
    mlflow.tracking.fluent._active_experiment_id = None
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)
    # The client writes this one itself, for the sake of child processes.
    os.environ.pop("MLFLOW_EXPERIMENT_ID", None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """The Chromium of this machine; Playwright downloads none."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        if "chromium" in required():
            pytest.fail("No Chromium on PATH, and TRACKER_TEST_REQUIRE asks for it.")
        pytest.skip("skipped: no Chromium")
    quiet = ["background-networking", "component-update", "sync", "quic", "gpu"]
    flags = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    return {**browser_type_launch_args, "executable_path": chromium, "args": flags}


@pytest.fixture(scope="session")
def playwright(playwright):
    """Playwright, beside which Django's database may be used in the same thread.

    Its event loop counts as running for as long as it lives, though no code of ours runs in it.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failed test shows what its server wrote."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and server is not None:
        report.sections.append(("Server log", server.log()))
    return report
