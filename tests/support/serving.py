"""The site as people run it: gunicorn in a process of its own, asked over HTTP."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]

_START_SECONDS = 60
_STOP_SECONDS = 40


class Server:
    """One site with a data folder, and on PostgreSQL a database, of its own.

    It can be killed and started again, on the same address and with the same data.
    """

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.log_file = data_dir / "server.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "TRACKER_DATA_DIR": str(data_dir),
            "TRACKER_DEMO": "0",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            **settings,
        }
        if url := os.environ.get("DATABASE_URL"):
            name = f"server_{secrets.token_hex(6)}"
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
            self._environment["DATABASE_URL"] = f"{url.rpartition('/')[0]}/{name}"
        self._process: subprocess.Popen | None = None

    def migrate(self) -> None:
        self.manage("migrate", "--verbosity=0")

    def manage(self, *arguments: str) -> str:
        """Run a management command on this site's data and return what it printed."""
        done = subprocess.run(
            [_python(), "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"manage.py {' '.join(arguments)} failed.\n{done.stderr}")
        return done.stdout

    def start(self) -> None:
        """Start gunicorn and wait until it answers."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [_python(), "-m", "gunicorn", "-c", "gunicorn.conf.py", "tracker.wsgi"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own, so that a kill reaches the workers too.
                start_new_session=True,
            )
        try:
            self._await_answer(self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ask gunicorn to finish what it is doing and end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """End every process of the site at once, as a loss of power would."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, 9)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._process = None
        # A worker may outlive its parent by a moment, and would still take connections.
        deadline = time.monotonic() + _STOP_SECONDS
        while self._is_listening() and time.monotonic() < deadline:
            time.sleep(0.01)

    def log(self) -> str:
        """The last lines that the server wrote."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-200:])

    def _is_listening(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _await_answer(self, process: subprocess.Popen) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=5).close()
            except urllib.error.HTTPError as error:
                raise RuntimeError(f"/health answers {error.code}.\n{self.log()}") from error
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"The server did not start.\n{self.log()}")


def _python() -> str:
    """The interpreter of `make run`, which has no mlflow and a newer gunicorn, if it is there."""
    python = ROOT / ".venv/bin/python"
    return str(python) if python.exists() else sys.executable


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
