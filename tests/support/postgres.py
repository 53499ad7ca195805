"""A PostgreSQL of our own for one run of the tests, from the binaries of this machine."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGQUIT
from urllib.parse import quote

import psycopg

# What a test run may lose, it need not write twice.
_CAREFREE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
_INITDB_OPTIONS = "-U owner -A trust -E UTF8 --locale=C.UTF-8 --no-sync".split(" ")
_START_SECONDS = 60


class NoPostgres(Exception):
    """This machine has no PostgreSQL server to start."""

    def __init__(self) -> None:
        super().__init__("skipped: no PostgreSQL")


@dataclass(frozen=True)
class Cluster:
    """A running server, reached through the socket in ``folder``. Nothing listens on a port."""

    folder: Path

    def url(self, database: str) -> str:
        """The DATABASE_URL of ``database``, as a role that may create databases, not more."""
        return f"postgres://app@{quote(str(self.folder), safe='')}/{database}"

    def create_database(self, name: str) -> None:
        with self.connect("app") as connection:
            connection.execute(f'CREATE DATABASE "{name}"')

    def connect(self, role: str) -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user=role, dbname="postgres", autocommit=True)


def find_binaries() -> Path:
    """The folder with ``initdb`` and ``postgres``. Raises ``NoPostgres``."""
    candidates = []
    if initdb := shutil.which("initdb"):
        # Distributions put a link on PATH, and leave the server itself beside the target.
        candidates.append(Path(initdb).resolve().parent)
    candidates += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0,
        reverse=True,
    )
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres


@contextmanager
def run_cluster() -> Iterator[Cluster]:
    """Start a server and stop it afterwards, leaving nothing. Raises ``NoPostgres``."""
    binaries = find_binaries()
    identity = _unprivileged_user()
    # Short, since the path of a socket has a limit of about a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="tracker-pg-", dir="/tmp"))
    try:
        if identity:
            os.chown(folder, identity["user"], identity["group"])
        subprocess.run(
            [binaries / "initdb", "-D", folder / "data", *_INITDB_OPTIONS],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **identity,
        )
        settings = ["listen_addresses=", f"unix_socket_directories={folder}", *_CAREFREE]
        options = [word for setting in settings for word in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", folder / "data", *options],
                stdout=log,
                stderr=log,
                cwd=folder,
                # Ctrl-C stops the tests first and, through them, the server.
                start_new_session=True,
                **identity,
            )
        try:
            cluster = Cluster(folder)
            _await_start(cluster, server)
            yield cluster
        finally:
            server.send_signal(SIGQUIT)
            server.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_user() -> dict:
    """Who runs the server, as options of ``subprocess``: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ["postgres", "nobody"]:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise NoPostgres


def _await_start(cluster: Cluster, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with cluster.connect("owner") as connection:
                connection.execute("CREATE ROLE app LOGIN CREATEDB")
                connection.execute("CREATE DATABASE tracker OWNER app")
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                log = (cluster.folder / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start.\n{log}") from error
            time.sleep(0.05)
