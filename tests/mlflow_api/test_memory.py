"""Files of many gigabytes pass through the server, and it keeps none of them in memory."""

import http.client
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.serving import Server

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
MPU = "/api/2.0/mlflow-artifacts/mpu"
MEGABYTE = 1024 * 1024
SPARSE = 2048 * MEGABYTE

# What it may need more than before, whatever the size of the file.
ROOM = 48 * MEGABYTE


def _processes(server: Server) -> Iterator[Path]:
    """What /proc has of the server's processes."""
    mark = f"TRACKER_DATA_DIR={server.data_dir}".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in environment.read_bytes().split(b"\0"):
                yield environment.parent
        except OSError:
            continue


def _memory(server: Server) -> int:
    """The most that one of the server's processes held since ``_forget``, in bytes."""
    found = [
        re.search(r"^VmHWM:\s+(\d+) kB", (process / "status").read_text(), re.MULTILINE)
        for process in _processes(server)
    ]
    return max(int(line.group(1)) * 1024 for line in found)


def _forget(server: Server) -> None:
    for process in _processes(server):
        (process / "clear_refs").write_text("5")


def _ask(server: Server, method: str, address: str, body=None, **headers: str):
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    connection.request(method, address, body, headers)
    return connection.getresponse()


def _download(server: Server, address: str) -> int:
    answer = _ask(server, "GET", address)
    assert answer.status == 200
    into = bytearray(4 * MEGABYTE)
    size = 0
    while count := answer.readinto(into):
        size += count
    return size


def _pieces(size: int) -> Iterator[bytes]:
    piece = os.urandom(MEGABYTE)
    for _ in range(size // MEGABYTE):
        yield piece


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own that has sent, received and joined a file of some megabytes."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("skipped: no /proc to read the memory of a process from")
    server = Server(tmp_path_factory.mktemp("server"))
    server.migrate()
    server.start()
    _in_parts(server, "0/warm/parts", 4 * MEGABYTE, 2)
    _upload(server, "0/warm/file", 8 * MEGABYTE)
    for _ in range(2):
        _download(server, f"{PROXY}/0/warm/file")
    yield server
    server.kill()


def _upload(server: Server, path: str, size: int) -> None:
    answer = _ask(server, "PUT", f"{PROXY}/{path}", _pieces(size), **{"Content-Length": str(size)})
    assert answer.status == 200, answer.read()


def _in_parts(server: Server, path: str, part: int, count: int) -> None:
    folder, _, name = path.rpartition("/")

    def call(verb: str, **message: object) -> dict:
        body = json.dumps({"path": name, **message}).encode()
        headers = {"Content-Type": "application/json"}
        answer = _ask(server, "POST", f"{MPU}/{verb}/{folder}", body, **headers)
        content = answer.read()
        assert answer.status == 200, content
        return json.loads(content)

    def send(credential: dict) -> dict:
        url = urlsplit(credential["url"]).path
        answer = _ask(server, "PUT", url, _pieces(part), **{"Content-Length": str(part)})
        assert answer.status == 200, answer.read()
        return {"part_number": credential["part_number"], "etag": answer.headers["ETag"]}

    upload = call("create", num_parts=count)
    with ThreadPoolExecutor(3) as senders:
        parts = list(senders.map(send, upload["credentials"]))
    call("complete", upload_id=upload["upload_id"], parts=parts)


def _download_sparse(server: Server) -> int:
    folder = server.data_dir / "artifacts" / "0" / secrets.token_hex(16)
    folder.mkdir(parents=True)
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(SPARSE)
    assert _download(server, f"{PROXY}/0/{folder.name}/huge.bin") == SPARSE
    return SPARSE


def _upload_large(server: Server) -> int:
    _upload(server, "0/large/file", 300 * MEGABYTE)
    return (server.data_dir / "artifacts/0/large/file").stat().st_size


def _upload_large_in_chunks(server: Server) -> int:
    answer = _ask(server, "PUT", f"{PROXY}/0/large/chunks", _pieces(300 * MEGABYTE))
    assert answer.status == 200, answer.read()
    return (server.data_dir / "artifacts/0/large/chunks").stat().st_size


def _upload_large_in_parts(server: Server) -> int:
    _in_parts(server, "0/large/parts", 50 * MEGABYTE, 6)
    return (server.data_dir / "artifacts/0/large/parts").stat().st_size


def _download_an_archive(server: Server) -> int:
    """A run's files as a zip archive."""
    headers = {"Content-Type": "application/json"}
    body = b'{"experiment_id": "0"}'
    made = _ask(server, "POST", "/api/2.0/mlflow/runs/create", body, **headers)
    info = json.loads(made.read())["run"]["info"]
    folder = server.data_dir / "artifacts" / info["artifact_uri"].partition(":/")[2]
    folder.mkdir(parents=True)
    for name in ["a.bin", "b.bin"]:
        with (folder / name).open("wb") as file:
            file.truncate(150 * MEGABYTE)
    return _download(server, f"/w/default/runs/{info['run_id']}/raw/")


@pytest.mark.parametrize(
    "use",
    [
        _download_sparse,
        _upload_large,
        _upload_large_in_chunks,
        _upload_large_in_parts,
        _download_an_archive,
    ],
    ids=lambda use: use.__name__.strip("_"),
)
def test_a_file_passes_through_without_the_memory_of_the_server(
    warm: Server, use: Callable[[Server], int]
) -> None:
    _forget(warm)
    before = _memory(warm)

    size = use(warm)

    assert size >= 300 * MEGABYTE
    assert _memory(warm) - before < ROOM
