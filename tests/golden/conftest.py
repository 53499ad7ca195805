"""A genuine MLflow server, on SQLite and an address of its own, with and without workspaces."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.golden.wire import Case, Recorder
from tests.support.genuine import GenuineServer
from tests.support.run_all import ANSWERS_VARIABLE


@pytest.fixture(scope="session")
def genuine_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The addresses of both, which are started at the same time, for each takes its time."""
    options = {"plain": "--disable-workspaces", "workspaces": "--enable-workspaces"}
    started = {
        name: GenuineServer(tmp_path_factory.mktemp(name), option)
        for name, option in options.items()
    }
    try:
        for server in started.values():
            server.await_answer()
        yield {name: server.store.url for name, server in started.items()}
    finally:
        for server in started.values():
            server.kill()


@pytest.fixture(scope="session")
def recorder() -> Iterator[Recorder]:
    """``make test`` says where the answers of the first engine's run are kept for the second's."""
    path = os.environ.get(ANSWERS_VARIABLE)
    recorder = Recorder(Path(path) if path else None)
    yield recorder
    recorder.keep()


@pytest.fixture
def compare(
    server, recorder: Recorder, request: pytest.FixtureRequest
) -> Callable[[Case, str], tuple[list, list]]:
    """The answers of this site and of the genuine server of that name, which starts when asked."""

    def answers(case: Case, name: str) -> tuple[list, list]:
        return recorder.compare(
            case, server.url, lambda: request.getfixturevalue("genuine_servers")[name]
        )

    return answers
