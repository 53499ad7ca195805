"""Files under attack and in accidents: odd paths, broken uploads, large folders, deletions."""

import http.client
import json
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from artifacts.local import STAGING
from tests.support.serving import Server

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
MULTIPART = "/api/2.0/mlflow-artifacts/mpu"
SECRET = b"what only the other run may show"
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Run:
    run_id: str
    root: str
    folder: Path


def raw(server: Server, method: str, target: str, body: bytes = b"", *heads: str) -> bytes:
    """The whole answer to a request whose address is sent exactly as it is written here."""
    lines = [
        f"{method} {target} HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        "Content-Type: application/json",
        *(heads or [f"Content-Length: {len(body)}"]),
    ]
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def ask(server: Server, method: str, address: str, body=None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    try:
        try:
            connection.request(method, address, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            # The server refused before it had read everything; its answer is there.
            pass
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def call(server: Server, route: str, **message: object) -> dict:
    headers = {"Content-Type": "application/json"}
    status, answer = ask(
        server, "POST", f"/api/2.0/mlflow/{route}", json.dumps(message).encode(), **headers
    )
    assert status == 200, answer
    return json.loads(answer)


def listed(server: Server, run: Run, folder: str = "") -> list[str]:
    address = f"/api/2.0/mlflow/artifacts/list?run_id={run.run_id}&path={quote(folder)}"
    status, answer = ask(server, "GET", address)
    assert status == 200, answer
    return [file["path"] for file in json.loads(answer).get("files", [])]


@pytest.fixture
def make_run(server: Server):
    def make() -> Run:
        experiment = call(server, "experiments/create", name=f"files {secrets.token_hex(8)}")
        info = call(server, "runs/create", **experiment)["run"]["info"]
        root = info["artifact_uri"].removeprefix("mlflow-artifacts:/")
        return Run(info["run_id"], root, server.data_dir / "artifacts" / root)

    return make


@pytest.fixture
def run(make_run) -> Run:
    return make_run()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and STAGING not in file.parts
    }


# ------------------------------------------------------------------ Paths

WAYS_OUT = [
    "../{other}/artifacts/secret",
    "../../{other}/artifacts/secret",
    "./../{other}/artifacts/secret",
    "x/../../{other}/artifacts/secret",
    "%2e%2e/{other}/artifacts/secret",
    "%2E%2E%2F{other}%2Fartifacts%2Fsecret",
    "..%2f..%2f{other_root}/secret",
    "%252e%252e%252f{other}%252fartifacts%252fsecret",
    "%25252e%25252e/{other}/artifacts/secret",
    "..\\{other}\\artifacts\\secret",
    "..%5c{other}%5cartifacts%5csecret",
    "..;/{other}/artifacts/secret",
    ".%00./{other}/artifacts/secret",
    "%c0%ae%c0%ae/{other}/artifacts/secret",
    "%ef%bc%8e%ef%bc%8e/{other}/artifacts/secret",
    "%e2%80%a5/{other}/artifacts/secret",
    "..%20/{other}/artifacts/secret",
    ".../{other}/artifacts/secret",
    "..../{other}/artifacts/secret",
    "//{other_root}/secret",
    "/{other_folder}/secret",
    "%2F{other_folder}/secret",
    "file:///{other_folder}/secret",
    "file:%2f%2f{other_folder}/secret",
    "C:/{other_root}/secret",
    "secret%00.txt",
    "a#/../../{other}/artifacts/secret",
    "a?/../../{other}/artifacts/secret",
    "a%3f/../../{other}/artifacts/secret",
    "a%23/../../{other}/artifacts/secret",
    "%0d%0aSet-Cookie:%20a=b",
]


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_spelling_of_a_path_reaches_the_files_of_another_run(server, make_run, way):
    run, other = make_run(), make_run()
    mine = f"of {run.run_id}".encode()
    other.folder.mkdir(parents=True)
    (other.folder / "secret").write_bytes(SECRET)
    (run.folder / "x").mkdir(parents=True)
    way = way.format(other=other.run_id, other_root=other.root, other_folder=other.folder)
    body = json.dumps({"path": way, "num_parts": 1, "run_id": run.run_id}).encode()

    answers = []
    for target in [
        f"/get-artifact?run_id={run.run_id}&path={way}",
        f"/api/2.0/mlflow/artifacts/list?run_id={run.run_id}&path={way.removesuffix('/secret')}",
        f"/w/default/runs/{run.run_id}/raw/{way}",
        f"/w/default/runs/{run.run_id}/artifacts/{way}",
    ]:
        answers.append(raw(server, "GET", target))
    upload = f"/ajax-api/2.0/mlflow/upload-artifact?run_id={run.run_id}&path={way}"
    answers.append(raw(server, "POST", upload, mine))
    answers.append(raw(server, "POST", f"{MULTIPART}/create/{run.root}/{way}", body))
    # Below the server's own root a path may name any run of the workspace, but only as itself.
    for method in ["GET", "PUT", "DELETE"]:
        answers.append(raw(server, method, f"{PROXY}/{run.root}/{way}", mine))

    assert all(SECRET not in answer for answer in answers)
    assert all(b"\r\nSet-Cookie: a=b" not in answer for answer in answers)
    assert all(status_of(answer) < 500 for answer in answers)
    assert snapshot(other.folder) == {"secret": SECRET}
    written = [file for file in server.data_dir.rglob("*") if _holds(file, mine)]
    assert [file for file in written if run.folder not in file.parents] == []


def _holds(file: Path, content: bytes) -> bool:
    try:
        return file.stat().st_size == len(content) and file.read_bytes() == content
    except OSError:
        return False


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "target",
    [
        "/api/2.0/mlflow-artifacts/artifacts/../../../../secret-key",
        "/api/2.0/mlflow-artifacts/artifacts/..%2f..%2fsecret-key",
        "/api/2.0/mlflow-artifacts/artifacts/.staging/x",
        "/api/2.0/mlflow-artifacts/artifacts/.STAGING/x",
        "/api/2.0/mlflow-artifacts/artifacts/.%E2%80%8Bstaging/x",
        "/api/2.0/mlflow-artifacts/artifacts/WorkSpaces/other/1/x",
        "/api/2.0/mlflow-artifacts/artifacts/workspaces/other/1/x",
        "/api/2.0/mlflow-artifacts/artifacts/work%EF%BD%93paces/other/1/x",
        "http://localhost/api/2.0/mlflow-artifacts/artifacts/../x",
    ],
)
def test_no_spelling_of_an_address_reaches_what_the_server_keeps_for_itself(server, method, target):
    key = (server.data_dir / "secret-key").read_bytes()

    answer = raw(server, method, target, b"mine")

    assert status_of(answer) in {400, 404}
    assert key not in answer
    assert (server.data_dir / "secret-key").read_bytes() == key


ODD_NAMES = [
    "a b",
    " a ",
    "ends with dots...",
    "...",
    ".hidden",
    "größe 文 😀.bin",
    "a\u0301",
    "\u202egnp.exe",
    "100%",
    "a+b&c=d?e;f",
    "quote\"'`<b>",
    "-rf",
    "CON",
    "n" * 251 + ".bin",
    "/".join(["d" * 20] * 150),
    "/".join("d" * 240),
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: name[:20])
def test_an_odd_name_is_kept_as_it_is_and_found_by_every_way(server, run, name):
    content = name.encode()
    folder, _, _ = name.rpartition("/")

    assert ask(server, "PUT", f"{PROXY}/{run.root}/{quote(name)}", content)[0] == 200

    assert listed(server, run, folder) == [name]
    for address in [
        f"{PROXY}/{run.root}/{quote(name)}",
        f"/get-artifact?run_id={run.run_id}&path={quote(name)}",
        f"/w/default/runs/{run.run_id}/raw/{quote(name)}",
    ]:
        assert ask(server, "GET", address) == (200, content)
    status, page = ask(server, "GET", f"/w/default/runs/{run.run_id}/artifacts/{quote(name)}")
    assert status == 200
    assert b"`<b>" not in page
    assert (run.folder / name).read_bytes() == content
    assert ask(server, "DELETE", f"{PROXY}/{run.root}/{quote(name)}")[0] == 200
    assert listed(server, run, folder) == []


@pytest.mark.parametrize(
    "name", ["n" * 256, "ö" * 128, "/".join(["d"] * 260), "/".join(["d" * 200] * 30), "a/" * 5000]
)
def test_a_name_that_no_file_system_takes_is_refused(server, run, name):
    status, _ = ask(server, "PUT", f"{PROXY}/{run.root}/{quote(name)}", b"x")

    assert status in {400, 414}
    assert listed(server, run) == []


# ------------------------------------------------------------------ Many files


def test_a_folder_of_20000_files_is_listed_whole_and_shown_by_the_page(server, run):
    folder = run.folder / "images"
    folder.mkdir(parents=True)
    names = [f"image {number:05}.png" for number in range(20_000)]
    for name in names:
        (folder / name).touch()

    status, answer = ask(server, "GET", f"{PROXY}?path={run.root}/images")
    page = ask(server, "GET", f"/w/default/runs/{run.run_id}/artifacts/images")[1].decode()
    last = ask(server, "GET", f"/w/default/runs/{run.run_id}/artifacts/images?page=100")[1].decode()

    assert status == 200
    assert [file["path"] for file in json.loads(answer)["files"]] == names
    assert listed(server, run, "images") == [f"images/{name}" for name in names]
    assert names[0] in page
    assert names[-1] not in page
    assert names[-1] in last
    assert len(page) < MEGABYTE


# ------------------------------------------------------------------ Broken uploads


def staged(server: Server) -> list[Path]:
    folder = server.data_dir / "artifacts" / STAGING
    return [file for file in folder.glob("*") if file.is_file()] if folder.exists() else []


def _begin(server: Server, target: str, head: str, size: int) -> socket.socket:
    method = "POST" if "upload-artifact" in target else "PUT"
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode())
    piece = bytes(size)
    if "chunked" in head:
        piece = f"{size:x}\r\n".encode() + piece + b"\r\n"
    connection.sendall(piece)
    return connection


@pytest.mark.parametrize("head", ["Content-Length: 4000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("way", ["proxy", "page"])
@pytest.mark.parametrize("end", ["half-closed", "closed", "reset"])
@pytest.mark.parametrize("old", [None, b"old"])
def test_an_upload_that_breaks_off_changes_nothing(server, run, head, way, end, old):
    target = {
        "proxy": f"{PROXY}/{run.root}/deep/file",
        "page": f"/ajax-api/2.0/mlflow/upload-artifact?run_id={run.run_id}&path=deep/file",
    }[way]
    if old is not None:
        assert ask(server, "PUT", f"{PROXY}/{run.root}/deep/file", old)[0] == 200
    before = snapshot(run.folder)

    with _begin(server, target, head, 1_500_000) as connection:
        if end == "half-closed":
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65536)
            assert status_of(answer) == 400
        elif end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    _await(lambda: staged(server) == [])

    assert snapshot(run.folder) == before
    assert listed(server, run) == ([] if old is None else ["deep"])


def _await(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "It never came to that."
        time.sleep(0.02)


@pytest.mark.parametrize(
    "line", ["zz\r\n", "-5\r\nabcde\r\n", "5\r\nabcdefgh\r\n", "ffffffffffff\r\na"]
)
def test_broken_chunks_are_refused_and_nothing_is_stored(server, run, line):
    target = f"{PROXY}/{run.root}/file"
    head = f"PUT {target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"

    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head.encode() + b"3\r\nabc\r\n" + line.encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)

    assert status_of(answer) == 400
    assert snapshot(run.folder) == {}


@pytest.mark.parametrize("is_chunked", [False, True])
def test_what_a_page_uploads_has_at_most_ten_megabytes(server, run, is_chunked):
    address = f"/ajax-api/2.0/mlflow/upload-artifact?run_id={run.run_id}&path="

    def pieces(megabytes: int, more: bytes = b"") -> bytes | Iterator[bytes]:
        parts = [bytes(MEGABYTE)] * megabytes + [more]
        return iter([part for part in parts if part]) if is_chunked else b"".join(parts)

    full = ask(server, "POST", address + "full", pieces(10))
    beyond = ask(server, "POST", address + "beyond", pieces(10, b"x"))

    assert full[0] == 200
    assert (beyond[0], json.loads(beyond[1])["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert json.loads(beyond[1])["message"] == "Artifact size is too large. Max size is 10MB."
    assert listed(server, run) == ["full"]
    assert (run.folder / "full").stat().st_size == 10 * MEGABYTE


# ------------------------------------------------------------------ Deletions


def test_a_folder_is_deleted_with_all_in_it_and_nothing_beside_it(server, run):
    for name in ["a/1", "a/b/2", "ab", "c/3"]:
        ask(server, "PUT", f"{PROXY}/{run.root}/{name}", b"x")

    assert ask(server, "DELETE", f"{PROXY}/{run.root}/a")[0] == 200
    assert ask(server, "DELETE", f"{PROXY}/{run.root}/c/3")[0] == 200

    assert sorted(snapshot(run.folder)) == ["ab"]


@pytest.mark.parametrize("what", ["folder/file", "folder"])
def test_who_downloads_what_is_deleted_meanwhile_gets_all_of_it(server, run, what):
    size = 64 * MEGABYTE
    address = f"{PROXY}/{run.root}/folder/file"
    assert ask(server, "PUT", address, b"x" * size)[0] == 200

    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(
            f"GET {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        got = connection.recv(65536)
        assert ask(server, "DELETE", f"{PROXY}/{run.root}/{what}")[0] == 200
        assert ask(server, "GET", address)[0] == 404
        while piece := connection.recv(MEGABYTE):
            got += piece

    assert got.partition(b"\r\n\r\n")[2] == b"x" * size


@pytest.mark.parametrize("path", ["", "/", "%2e", ".", "./", "%2F"])
def test_the_root_of_all_files_cannot_be_deleted_or_written(server, run, path):
    ask(server, "PUT", f"{PROXY}/{run.root}/kept", b"x")

    for method in ["DELETE", "PUT"]:
        answer = raw(server, method, f"{PROXY}/{path}", b"x")
        assert status_of(answer) in {400, 404, 405}

    assert listed(server, run) == ["kept"]
