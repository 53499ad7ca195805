"""A genuine MLflow server, on SQLite and an address of its own, with and without workspaces."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.golden.wire import Case, Recorder
from tests.support.run_all import ANSWERS_VARIABLE

_START_SECONDS = 180


@pytest.fixture(scope="session")
def genuine_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The addresses of both, which are started at the same time, for each takes its time."""
    options = {"plain": "--disable-workspaces", "workspaces": "--enable-workspaces"}
    started = {
        name: _start(tmp_path_factory.mktemp(name), option) for name, option in options.items()
    }
    try:
        for process, url, folder in started.values():
            _await_answer(process, url, folder)
        yield {name: url for name, (_process, url, _folder) in started.items()}
    finally:
        for process, _url, _folder in started.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


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


def _start(folder: Path, option: str) -> tuple[subprocess.Popen, str, Path]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--workers", "1", option),
                *("--host", "127.0.0.1", "--port", str(port)),
                *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
                *("--artifacts-destination", str(folder / "artifacts")),
            ],
            cwd=folder,
            env={
                **os.environ,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                "GIT_PYTHON_REFRESH": "quiet",
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A group of its own, so that a kill reaches the workers too.
            start_new_session=True,
        )
    return process, f"http://127.0.0.1:{port}", folder


def _await_answer(process: subprocess.Popen, url: str, folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"mlflow server did not start.\n{(folder / 'log').read_text()[-3000:]}")
