"""How gunicorn is set up, and that it stands what clients do."""

import importlib.util
import os
import runpy
import socket
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from gunicorn.config import Config

CONFIGURATION = Path(__file__).resolve().parent.parent / "gunicorn.conf.py"


@pytest.fixture
def configuration(monkeypatch):
    def read(**environment: str) -> dict:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(CONFIGURATION))

    return read


@pytest.mark.parametrize(
    ("environment", "workers", "threads"),
    [
        ({}, 1, 64),
        ({"DATABASE_URL": "sqlite:////tmp/x.sqlite3"}, 1, 64),
        ({"DATABASE_URL": "postgres://a@b/c"}, min(os.cpu_count(), 5), 64),
        ({"DATABASE_URL": "postgres://a@b/c", "WEB_WORKERS": "9", "WEB_THREADS": "4"}, 9, 4),
        ({"WEB_THREADS": "8"}, 1, 8),
    ],
)
def test_processes_and_threads_fit_the_database(configuration, environment, workers, threads):
    settings = configuration(**environment)

    assert (settings["workers"], settings["threads"]) == (workers, threads)


@pytest.mark.parametrize(
    ("environment", "bind"),
    [
        ({}, "127.0.0.1:8000"),
        ({"HOST": "0.0.0.0", "PORT": "8123"}, "0.0.0.0:8123"),
        ({"HOST": "::1"}, "[::1]:8000"),
    ],
)
def test_the_address_is_what_the_environment_says(configuration, environment, bind):
    assert configuration(**environment)["bind"] == bind


def test_gunicorn_knows_every_setting_and_takes_its_value(configuration):
    names = {
        name
        for name, value in configuration().items()
        if name.islower() and isinstance(value, str | int | None) and name[0] != "_"
    }

    known = Config()
    for name in names:
        known.set(name, configuration()[name])
    assert "control_socket_disable" in names


def test_an_address_may_have_64_kib_and_no_more(server):
    most = requests.get(f"{server.url}/health", {"q": "x" * 65_000}, timeout=10)
    more = requests.get(f"{server.url}/health", {"q": "x" * 66_000}, timeout=10)

    assert (most.status_code, more.status_code) == (200, 414)


def test_slashes_before_the_first_name_count_once(server):
    answer = requests.get(f"{server.url}//version", timeout=10)

    assert (answer.status_code, answer.history) == (200, [])


def test_clients_that_send_slowly_do_not_keep_others_waiting(server):
    with ExitStack() as slow:
        for _ in range(60):
            connection = slow.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(b"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        started = time.monotonic()
        urllib.request.urlopen(f"{server.url}/health", timeout=10).close()

    assert time.monotonic() - started < 2


def test_a_client_that_stalls_in_a_request_is_let_go(monkeypatch):
    specification = importlib.util.spec_from_file_location("configuration", CONFIGURATION)
    configuration = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(configuration)
    monkeypatch.setattr(configuration, "STALL_SECONDS", 1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        configuration.when_ready(SimpleNamespace(LISTENERS=[SimpleNamespace(sock=listener)]))
        with socket.create_connection(listener.getsockname()):
            accepted, _address = listener.accept()
            accepted.setblocking(True)
            started = time.monotonic()
            with accepted, pytest.raises(BlockingIOError):
                accepted.recv(1)

    assert 0.5 < time.monotonic() - started < 5


def test_a_site_that_was_killed_comes_back_with_its_data(run_server):
    server = run_server()
    key = (server.data_dir / "secret-key").read_bytes()

    server.kill()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{server.url}/health", timeout=5)
    server.start()

    urllib.request.urlopen(f"{server.url}/health", timeout=5).close()
    assert (server.data_dir / "secret-key").read_bytes() == key
