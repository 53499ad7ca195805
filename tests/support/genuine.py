"""A genuine MLflow server, on SQLite and an address of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

_START_SECONDS = 180


@dataclass(frozen=True)
class Store:
    """A running server, its database file, and the folder that it keeps files in."""

    url: str
    database: Path
    artifacts: Path


class GenuineServer:
    """``mlflow server`` on SQLite, in a process group of its own, with more ``options``.

    It takes long to start, so that whoever needs several starts all before it waits for any.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.store = Store(f"http://127.0.0.1:{port}", folder / "mlflow.db", folder / "artifacts")
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "mlflow", "server", "--workers", "1", *options),
                    *("--host", "127.0.0.1", "--port", str(port)),
                    *("--backend-store-uri", f"sqlite:///{self.store.database}"),
                    *("--artifacts-destination", str(self.store.artifacts)),
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
                # So that a kill reaches the workers too.
                start_new_session=True,
            )

    def await_answer(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.store.url}/health", timeout=5).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise RuntimeError(f"mlflow server did not start.\n{self._log.read_text()[-3000:]}")

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
