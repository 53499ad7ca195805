"""One genuine MLflow server for all tests of the import, filled once."""

from collections.abc import Iterator

import pytest

from tests.support.genuine import GenuineServer, Store
from tests.tracker.mlflow_store import fill, pointed_at


@pytest.fixture(scope="session")
def mlflow_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """What is to be copied. Tests only read it."""
    genuine = GenuineServer(tmp_path_factory.mktemp("mlflow"))
    try:
        genuine.await_answer()
        with pointed_at(genuine.store.url):
            fill(genuine.store.url)
        yield genuine.store
    finally:
        genuine.kill()
