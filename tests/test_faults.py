"""What a hostile client, a clumsy one and a failing machine cannot do to the site."""

import base64
import http.client
import json
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest
from django.db import OperationalError, connection
from django.test import Client

from registry.models import RegisteredModel
from tests.support.serving import Server

INT64 = 2**63

_API = "/api/2.0/mlflow/"
_FILES = "/api/2.0/mlflow-artifacts/artifacts/"


def ask(
    server: Server,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    """Status and body of one answer; redirects are not followed."""
    http_client = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        try:
            http_client.request(
                method, path, body, {"Content-Type": "application/json", **(headers or {})}
            )
        except BrokenPipeError:
            # The server refused before it had read everything; its answer is there.
            pass
        answer = http_client.getresponse()
        return answer.status, answer.read()
    finally:
        http_client.close()


def call(server: Server, method: str, route: str, **message: object) -> tuple[int, dict]:
    """One call of MLflow's wire."""
    if method == "GET":
        status, answer = ask(server, method, f"{_API}{route}?{urlencode(message, doseq=True)}")
    else:
        status, answer = ask(server, method, _API + route, json.dumps(message).encode())
    return status, json.loads(answer)


def new_run(server: Server, experiment_name: str) -> tuple[str, str]:
    """The ids of an experiment and of a run in it."""
    _, experiment = call(server, "POST", "experiments/create", name=experiment_name)
    _, run = call(server, "POST", "runs/create", experiment_id=experiment["experiment_id"])
    return experiment["experiment_id"], run["run"]["info"]["run_id"]


def at_once(count: int, function: Callable[[int], tuple[int, dict]]) -> Counter[int]:
    """How often each status came when ``count`` clients ask at the same time."""
    with ThreadPoolExecutor(count) as clients:
        return Counter(status for status, _ in clients.map(function, range(count)))


# ------------------------------------------------------------------ Hostile requests


@pytest.mark.parametrize("origin", ["http://[", "null", "", "http://127.0.0.1:1", "http://evil"])
@pytest.mark.parametrize("path", [f"{_API}runs/create", "/w/default/experiments/new/"])
def test_no_other_origin_may_write_however_it_is_spelled(
    server: Server, path: str, origin: str
) -> None:
    status, _ = ask(server, "POST", path, b"{}", {"Origin": origin})

    assert status == 403


@pytest.mark.parametrize("host", ["evil.example", "a b", "127.0.0.1@evil.example"])
def test_a_page_asked_for_by_another_host_name_is_refused_with_a_page(
    server: Server, host: str
) -> None:
    status, page = ask(server, "GET", "/w/default/", headers={"Host": host})

    assert status == 400
    assert b"TRACKER_ALLOWED_HOSTS" in page
    assert host.encode() not in page


@pytest.mark.parametrize(
    "content",
    [
        "[" * 3000,
        "[",
        "[0]",
        '[0, "\\ud800", "a"]',
        '[0, "text", "a"]',
        "[0, 1e999, 5]",
        '[0, 1e999, "a"]',
        f'[0, {2**64}, "a"]',
        '[0, "\\u0000", "a"]',
    ],
    ids=lambda content: content[:20],
)
def test_a_broken_page_address_of_the_run_list_is_the_first_page(
    server: Server, experiment_name: str, content: str
) -> None:
    experiment, run = new_run(server, experiment_name)
    cursor = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")

    status, page = ask(server, "GET", f"/w/default/experiments/{experiment}/?page={cursor}")

    assert status == 200
    assert run.encode() in page


@pytest.mark.parametrize("direction", ["", "-"])
def test_runs_of_the_longest_and_of_negative_duration_are_sorted(
    server: Server, experiment_name: str, direction: str
) -> None:
    experiment, _ = new_run(server, experiment_name)
    runs = []
    for start, end in [(-INT64, INT64 - 1), (INT64 - 1, -INT64), (1, 2)]:
        _, run = call(server, "POST", "runs/create", experiment_id=experiment, start_time=start)
        run_id = run["run"]["info"]["run_id"]
        call(server, "POST", "runs/update", run_id=run_id, status="FINISHED", end_time=end)
        runs.append(run_id.encode())

    address = f"/w/default/experiments/{experiment}/?sort={direction}duration"
    status, page = ask(server, "GET", address)

    assert status == 200
    longest, negative, short = map(page.index, runs)
    assert negative < short < longest if direction == "" else longest < short < negative


@pytest.mark.parametrize("text", ["[" * 5000, "5", "null", "{}", '[{"name": 1}]', "garbage"])
def test_a_logged_model_is_read_whatever_a_client_wrote_into_its_list_of_versions(
    server: Server, experiment_name: str, text: str
) -> None:
    experiment, _ = new_run(server, experiment_name)
    _, model = call(server, "POST", "logged-models", experiment_id=experiment, name="model")
    model_id = model["model"]["info"]["model_id"]
    tag = {"key": "mlflow.modelVersions", "value": text}
    assert call(server, "PATCH", f"logged-models/{model_id}/tags", tags=[tag])[0] == 200

    status, model = call(server, "GET", f"logged-models/{model_id}")

    assert status == 200
    assert tag in model["model"]["info"]["tags"]


@pytest.mark.parametrize(
    "path",
    [
        "../secret-key",
        "..%2F..%2Fsecret-key",
        "%252e%252e/%252e%252e/secret-key",
        "a/../../../../secret-key",
        "..%5C..%5Csecret-key",
        "%2Fetc%2Fpasswd",
        "a%00b",
        ".staging/x",
        "x%0D%0ASet-Cookie:%20a=b",
    ],
)
def test_no_path_leaves_the_artifacts_of_its_run(
    server: Server, experiment_name: str, path: str
) -> None:
    experiment, run = new_run(server, experiment_name)
    root = f"{_FILES}{experiment}/{run}/artifacts/"
    # A name of the store itself means nothing special inside a run.
    inside = path == ".staging/x"

    assert ask(server, "PUT", _FILES + path, b"x")[0] in {400, 404}
    assert ask(server, "GET", _FILES + path)[0] in {400, 404}
    assert ask(server, "DELETE", _FILES + path)[0] in {400, 404}
    assert ask(server, "PUT", root + path, b"x")[0] in ({200} if inside else {400, 404})
    for reader in [
        f"/w/default/runs/{run}/raw/{path}",
        f"/get-artifact?run_id={run}&path={path}",
    ]:
        assert ask(server, "GET", reader)[0] in ({200} if inside else {400, 404})


# ------------------------------------------------------------------ At the same moment


def test_of_many_who_create_one_name_at_once_one_succeeds(
    server: Server, experiment_name: str
) -> None:
    def create_experiment(_: int) -> tuple[int, dict]:
        return call(server, "POST", "experiments/create", name=experiment_name)

    def create_model(_: int) -> tuple[int, dict]:
        return call(server, "POST", "registered-models/create", name=experiment_name)

    assert at_once(12, create_experiment) == {200: 1, 400: 11}
    assert at_once(12, create_model) == {200: 1, 400: 11}


def test_a_model_deleted_while_versions_come_is_gone_and_nobody_meets_a_broken_server(
    server: Server, experiment_name: str
) -> None:
    for attempt in range(4):
        name = f"{experiment_name} {attempt}"
        call(server, "POST", "registered-models/create", name=name)
        call(server, "POST", "model-versions/create", name=name, source="s3://bucket/model")

        def disturb(index: int, name: str = name) -> tuple[int, dict]:
            if index == 8:
                return call(server, "DELETE", "registered-models/delete", name=name)
            if index % 2:
                return call(
                    server, "POST", "model-versions/create", name=name, source="s3://bucket/model"
                )
            alias = f"a{index}"
            return call(
                server, "POST", "registered-models/alias", name=name, alias=alias, version="1"
            )

        assert set(at_once(16, disturb)) <= {200, 404}
        assert call(server, "GET", "registered-models/get", name=name)[0] == 404


# ------------------------------------------------------------------ Failing machines


@pytest.mark.django_db
def test_a_page_says_that_the_database_is_away(client: Client) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("no connection to server at 10.0.0.1")

    with connection.execute_wrapper(fail):
        page = client.get("/w/default/")

    assert page.status_code == 503
    assert "10.0.0.1" not in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/w/default/experiments/new/", "typed"),
        ("/w/default/experiments/0/settings/", "typed"),
        ("/w/default/new-model/", "typed"),
        ("/w/default/models/there/rename/", ""),
    ],
)
def test_a_form_that_cannot_be_saved_now_says_so_and_keeps_what_was_typed(
    client: Client, address: str, name: str
) -> None:
    RegisteredModel.objects.create(workspace_id=1, name="there")

    def fail_to_write(execute, sql, *rest):
        if sql.startswith(("INSERT", "UPDATE")):
            raise OperationalError("database or disk is full")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail_to_write):
        page = client.post(address, {"name": "typed"})

    assert page.status_code == 503
    assert "The database cannot write now" in page.text
    assert "disk is full" not in page.text
    assert name in page.text


def test_a_kill_at_any_moment_loses_nothing_acknowledged_and_leaves_nothing_half(
    run_server: Callable[..., Server], experiment_name: str
) -> None:
    server = run_server()
    experiment, run = new_run(server, experiment_name)
    folder = f"{_FILES}{experiment}/{run}/artifacts/"
    over = threading.Event()
    batches: set[int] = set()
    files: set[int] = set()

    def log_batches() -> None:
        for number in _until(over):
            entries = [{"key": f"{number}.{index}", "value": "1"} for index in range(20)]
            metrics = [{**entry, "value": 1, "timestamp": 1} for entry in entries]
            status, _ = call(
                server, "POST", "runs/log-batch", run_id=run, metrics=metrics, params=entries
            )
            if status == 200:
                batches.add(number)

    def upload_files() -> None:
        for number in _until(over):
            content = bytes([number % 256]) * 1_000_000
            if ask(server, "PUT", f"{folder}{number}", content)[0] == 200:
                files.add(number)

    def retrying(work: Callable[[], None]) -> None:
        while not over.is_set():
            try:
                work()
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.01)

    with ThreadPoolExecutor() as clients:
        for work in [log_batches, upload_files]:
            clients.submit(retrying, work)
        for _ in range(3):
            time.sleep(0.5)
            server.kill()
            server.start()
        over.set()

    _, answer = call(server, "GET", "runs/get", run_id=run)
    data = answer["run"]["data"]
    for kind in ["metrics", "params"]:
        found = Counter(int(entry["key"].partition(".")[0]) for entry in data[kind])
        assert batches
        assert batches <= found.keys()
        assert set(found.values()) == {20}
    _, listing = call(server, "GET", "artifacts/list", run_id=run)
    found_files = {int(file["path"]): file["file_size"] for file in listing["files"]}
    assert files
    assert files <= found_files.keys()
    assert set(found_files.values()) == {1_000_000}
    assert ", 0 differ" in server.manage("verify")


_numbers = iter(range(10**9))


def _until(over: threading.Event) -> Iterator[int]:
    while not over.is_set():
        yield next(_numbers)


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[None]:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("skipped: may not mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_said_and_stops_nothing_but_writes_until_there_is_room(
    run_server: Callable[..., Server], experiment_name: str, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("skipped: only root may mount a file system")
    if "DATABASE_URL" in os.environ:
        pytest.skip("skipped: PostgreSQL's disk is its own")
    with _small_disk(tmp_path, "20m"):
        server = run_server(TRACKER_DATA_DIR=str(tmp_path))
        experiment, run = new_run(server, experiment_name)
        file = f"{_FILES}{experiment}/{run}/artifacts/file"
        assert ask(server, "PUT", file, b"old")[0] == 200

        status, answer = ask(server, "PUT", file, bytes(30_000_000))
        assert (status, json.loads(answer)["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        assert ask(server, "GET", file) == (200, b"old")

        ballast = tmp_path / "ballast"
        _fill(ballast)
        metrics = [{"key": f"m{index}", "value": 1, "timestamp": 1} for index in range(900)]
        refused = 0
        for _ in range(10):
            status, answer = call(server, "POST", "runs/log-batch", run_id=run, metrics=metrics)
            if status != 200:
                assert (status, answer["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
                refused += 1
                break
            metrics = [{**metric, "key": f"{metric['key']}."} for metric in metrics]
        assert refused
        assert ask(server, "GET", f"/w/default/runs/{run}/")[0] == 200
        assert ask(server, "GET", file) == (200, b"old")

        ballast.unlink()
        assert call(server, "POST", "runs/log-batch", run_id=run, metrics=metrics)[0] == 200
        assert ask(server, "PUT", file, b"new")[0] == 200
        assert ask(server, "GET", f"/w/default/runs/{run}/raw/{quote('file')}") == (200, b"new")
        assert ", 0 differ" in server.manage("verify")
        server.kill()


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as ballast:
        for size in [65536, 512]:
            try:
                while ballast.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
