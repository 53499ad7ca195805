"""What must be settled before Django reads its settings: where the tests keep their data.

Loaded by ``-p`` in pyproject.toml, since a conftest comes too late for that.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import NoPostgres, run_cluster

ENGINES = ("sqlite", "postgresql")

# Fixtures that reach a database. What uses none of them says the same on every engine.
_DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "server", "run_server"}
_BROWSER_FIXTURES = {"browser", "context", "page"}


def required() -> set[str]:
    """What may not be skipped for want of a program: ``postgres``, ``chromium``."""
    return set(filter(None, os.environ.get("TRACKER_TEST_REQUIRE", "").split(",")))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="The database that the tests run on. PostgreSQL is started for them, and only "
        "the tests that reach a database run there.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    _forget_own_settings()
    data = tempfile.mkdtemp(prefix="tracker-test-")
    early_config.add_cleanup(lambda: shutil.rmtree(data, ignore_errors=True))
    os.environ["TRACKER_DATA_DIR"] = data
    os.environ["TRACKER_DEMO"] = "0"
    if early_config.known_args_namespace.engine == "postgresql":
        cluster = run_cluster()
        try:
            os.environ["DATABASE_URL"] = cluster.__enter__().url("tracker")
        except NoPostgres as reason:
            raise pytest.UsageError(str(reason)) from None
        early_config.add_cleanup(lambda: cluster.__exit__(None, None, None))
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "mlflow_client" in item.fixturenames:
            item.add_marker("client")
        if _BROWSER_FIXTURES.intersection(item.fixturenames):
            item.add_marker("browser")
    # Playwright's event loop stays in the thread it was started in, and Django then has to
    # be told not to mind. So the others go first, and keep that guard.
    items.sort(key=_is_browser_test)
    if config.option.engine == "postgresql":
        spared = [item for item in items if not _differs_by_engine(item)]
        items[:] = [item for item in items if _differs_by_engine(item)]
        config.hook.pytest_deselected(items=spared)


def _is_browser_test(item: pytest.Item) -> bool:
    return item.get_closest_marker("browser") is not None


def _differs_by_engine(item: pytest.Item) -> bool:
    if _is_browser_test(item):
        return False
    uses_database = bool(_DATABASE_FIXTURES.intersection(item.fixturenames))
    return uses_database or item.get_closest_marker("django_db") is not None


def _forget_own_settings() -> None:
    """Drop what the developer's shell says to the site or to mlflow: tests decide that."""
    for name in list(os.environ):
        if name.startswith(("TRACKER_", "MLFLOW_", "WEB_")) and name != "TRACKER_TEST_REQUIRE":
            del os.environ[name]
    for name in ["DATABASE_URL", "HOST", "PORT"]:
        os.environ.pop(name, None)


def data_dir() -> Path:
    """The folder in which this run of the tests keeps its database and artifacts."""
    return Path(os.environ["TRACKER_DATA_DIR"])
