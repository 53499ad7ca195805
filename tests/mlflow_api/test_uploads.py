"""Large files in parts: by MLflow's unmodified client, and by clients that get it wrong."""

import json
import os
import secrets
import socket
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
import pytest
from django.core import signing
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository

from artifacts.local import STAGING
from tests.support.serving import Server

API = "/api/2.0/mlflow-artifacts"
PART = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> dict:
        return json.loads(self.text)


def send(method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Answer(answer.status, answer.read().decode(), dict(answer.headers))
    except urllib.error.HTTPError as refusal:
        return Answer(refusal.code, refusal.read().decode(), dict(refusal.headers))


@dataclass
class Uploader:
    """Sends one file ``name`` into one folder of a server, in parts."""

    server: Server
    folder: str
    name: str = "model.bin"

    def call(self, verb: str, **message: object) -> Answer:
        url = f"{self.server.url}{API}/mpu/{verb}/{self.folder}"
        body = json.dumps({"path": f"/home/me/{self.name}", **message}).encode()
        return send("POST", url, body, **{"Content-Type": "application/json"})

    def create(self, parts: int = 2) -> tuple[str, list[str]]:
        """The upload's id and the addresses of its parts."""
        answer = self.call("create", num_parts=parts)
        assert answer.status == 200, answer.text
        credentials = answer.json["credentials"]
        assert [each["part_number"] for each in credentials] == list(range(1, parts + 1))
        return answer.json["upload_id"], [each["url"] for each in credentials]

    def send_parts(self, urls: list[str], *contents: bytes) -> list[dict]:
        """Send the parts, the last one first, and return what ``complete`` names."""
        named = []
        for number, content in reversed(list(enumerate(contents, 1))):
            answer = send("PUT", urls[number - 1], content)
            assert answer.status == 200, answer.text
            named.append({"part_number": number, "etag": answer.headers["ETag"]})
        return named

    def complete(self, upload_id: str, parts: list[dict]) -> Answer:
        return self.call("complete", upload_id=upload_id, parts=parts)

    def abort(self, upload_id: str) -> Answer:
        return self.call("abort", upload_id=upload_id)

    def fetch(self) -> Answer:
        return send("GET", f"{self.server.url}{API}/artifacts/{self.folder}/{self.name}")

    def staged(self) -> list[Path]:
        """The parts that wait on the server, of all uploads."""
        return list((self.server.data_dir / "artifacts" / STAGING).glob("upload-*/0*"))


@pytest.fixture
def uploader(server: Server) -> Uploader:
    return Uploader(server, f"0/{secrets.token_hex(16)}/artifacts/models")


# ------------------------------------------------------------------ MLflow's own client


@pytest.fixture
def in_small_parts(monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(3 * PART))
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(PART))


@pytest.fixture
def parts_sent(monkeypatch) -> list[int]:
    """The numbers of the parts that the client sends."""
    sent: list[int] = []
    really_send = HttpArtifactRepository._upload_part

    def send_noted(credential, **arguments):
        sent.append(credential.part_number)
        return really_send(credential, **arguments)

    monkeypatch.setattr(HttpArtifactRepository, "_upload_part", staticmethod(send_noted))
    return sent


@pytest.mark.parametrize("folder", [None, "weights/größe 1", "deep/er"])
def test_the_client_sends_a_large_file_in_parts(
    mlflow_client, experiment_name, in_small_parts, parts_sent, tmp_path, folder
):
    large = tmp_path / "large model.bin"
    large.write_bytes(os.urandom(7 * PART + 17))
    small = tmp_path / "small.bin"
    small.write_bytes(b"small")
    mlflow.set_experiment(experiment_name)

    with mlflow.start_run() as run:
        mlflow.log_artifact(str(large), folder)
        mlflow.log_artifact(str(small), folder)
    below = f"{folder}/" if folder else ""
    uri = f"runs:/{run.info.run_id}/{below}large model.bin"
    fetched = mlflow.artifacts.download_artifacts(uri, dst_path=tmp_path / "back")

    assert sorted(parts_sent) == list(range(1, 9))
    assert Path(fetched).read_bytes() == large.read_bytes()


def test_the_client_sends_parts_into_a_workspace_by_its_address(
    server, mlflow_client, experiment_name, in_small_parts, parts_sent, tmp_path
):
    send(
        "POST",
        f"{server.url}/api/3.0/mlflow/workspaces",
        b'{"name": "in-parts"}',
        **{"Content-Type": "application/json"},
    )
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(3 * PART))
    mlflow.set_tracking_uri(f"{server.url}/w/in-parts")
    mlflow.set_experiment(experiment_name)

    with mlflow.start_run() as run:
        mlflow.log_artifact(str(large))
    fetched = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/large.bin")

    assert sorted(parts_sent) == [1, 2, 3]
    assert Path(fetched).read_bytes() == large.read_bytes()
    assert "workspaces/in-parts/" in run.info.artifact_uri


def test_a_server_that_is_told_to_lets_clients_send_parts_unasked(
    run_server, mlflow_client, monkeypatch, parts_sent, tmp_path
):
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", str(PART))
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", str(PART))
    server = run_server(TRACKER_MULTIPART_UPLOADS="1")
    mlflow.set_tracking_uri(server.url)
    large = tmp_path / "large.bin"
    large.write_bytes(os.urandom(2 * PART))

    with mlflow.start_run():
        mlflow.log_artifact(str(large))

    assert sorted(parts_sent) == [1, 2]


def test_what_the_client_gives_up_leaves_nothing(
    mlflow_client, experiment_name, in_small_parts, uploader, monkeypatch, tmp_path
):
    really_send = HttpArtifactRepository._upload_part

    def fail_at_two(credential, **arguments):
        if credential.part_number == 2:
            raise OSError("the line is down")
        return really_send(credential, **arguments)

    monkeypatch.setattr(HttpArtifactRepository, "_upload_part", staticmethod(fail_at_two))
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(3 * PART))
    mlflow.set_experiment(experiment_name)
    before = uploader.staged()

    with mlflow.start_run(), pytest.raises(MlflowException, match="at least one part"):
        mlflow.log_artifact(str(large))

    assert mlflow.artifacts.list_artifacts(run_id=mlflow.last_active_run().info.run_id) == []
    assert uploader.staged() == before


# ------------------------------------------------------------------ The calls


def test_parts_are_put_together_by_their_numbers(uploader):
    upload_id, urls = uploader.create(parts=3)
    parts = uploader.send_parts(urls, b"one, ", b"two, ", b"three")

    assert uploader.fetch().status == 404
    assert uploader.complete(upload_id, parts).status == 200

    assert uploader.fetch().text == "one, two, three"
    assert not [part for part in uploader.staged() if upload_id in str(part)]


def test_a_part_that_is_sent_again_counts_as_it_is_named(uploader):
    upload_id, urls = uploader.create(parts=1)
    first = uploader.send_parts(urls, b"first")
    uploader.send_parts(urls, b"second")

    assert uploader.complete(upload_id, first).status == 200

    assert uploader.fetch().text == "first"


def test_a_client_that_missed_the_answer_may_complete_again(uploader):
    upload_id, urls = uploader.create()
    parts = uploader.send_parts(urls, b"a", b"b")
    uploader.complete(upload_id, parts)

    again = uploader.complete(upload_id, parts)
    other = uploader.complete(upload_id, parts[:1])
    late = send("PUT", urls[0], b"late")
    abort = uploader.abort(upload_id)

    assert (again.status, again.json) == (200, {})
    for refusal in [other, late, abort]:
        assert (refusal.status, refusal.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
        assert "complete already" in refusal.json["message"]
    assert uploader.fetch().text == "ab"


def test_what_is_aborted_is_gone(uploader):
    upload_id, urls = uploader.create()
    parts = uploader.send_parts(urls, b"a", b"b")

    assert uploader.abort(upload_id).status == 200

    for answer in [
        uploader.complete(upload_id, parts),
        uploader.abort(upload_id),
        send("PUT", urls[0], b"a"),
    ]:
        assert (answer.status, answer.json["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert uploader.fetch().status == 404
    assert not [part for part in uploader.staged() if upload_id in str(part)]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda parts: [], "Part 1 of 2 is not named."),
        (lambda parts: parts[:1], "Part 1 of 2 is not named."),
        (lambda parts: [*parts, parts[0]], "Part 2 is named twice."),
        (lambda parts: [*parts, {"part_number": 3, "etag": "x"}], "has 2 parts; 3 is none"),
        (lambda parts: [{**parts[0], "etag": "0" * 32}, parts[1]], "part 2 has another etag"),
        (lambda parts: [{**parts[0], "etag": "../../x"}, parts[1]], "part 2 has another etag"),
    ],
)
def test_parts_that_are_not_those_received_are_refused_and_can_be_corrected(
    uploader, spoil, reason
):
    upload_id, urls = uploader.create()
    parts = uploader.send_parts(urls, b"a", b"b")

    refusal = uploader.complete(upload_id, spoil(parts))

    assert (refusal.status, refusal.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert reason in refusal.json["message"]
    assert uploader.fetch().status == 404
    assert uploader.complete(upload_id, parts).status == 200
    assert uploader.fetch().text == "ab"


def test_a_part_that_never_came_is_named(uploader):
    upload_id, urls = uploader.create()
    parts = uploader.send_parts(urls[:1], b"a")

    refusal = uploader.complete(upload_id, [*parts, {"part_number": 2, "etag": "0" * 32}])

    assert refusal.status == 400
    assert "Part 2 of 2 was not received" in refusal.json["message"]


@pytest.mark.parametrize("upload_id", ["nothing", "0" * 32, "../../secret-key", ""])
def test_an_unknown_upload_is_refused(uploader, upload_id):
    part = {"part_number": 1, "etag": "0" * 32}

    for answer in [uploader.complete(upload_id, [part]), uploader.abort(upload_id)]:
        assert answer.status == (404 if upload_id else 400)


def test_an_upload_is_for_one_path_only(uploader, server):
    upload_id, urls = uploader.create()
    parts = uploader.send_parts(urls, b"a", b"b")
    elsewhere = Uploader(server, uploader.folder + "/elsewhere")
    other_name = Uploader(server, uploader.folder, "other.bin")

    for other in [elsewhere, other_name]:
        assert other.complete(upload_id, parts).status == 404
        assert other.abort(upload_id).status == 404
        assert other.fetch().status == 404
    assert uploader.complete(upload_id, parts).status == 200


@pytest.mark.parametrize("number", [0, -1, 10_001, 2**40, "many", 1.5])
def test_only_so_many_parts_can_be_asked_for(uploader, number):
    answer = uploader.call("create", num_parts=number)

    assert (answer.status, answer.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "num_parts" in answer.json["message"]


@pytest.mark.parametrize("name", ["..", ".", "", "a/..", "%2e%2e", "a%2f..%2f..%2fx", "a\\\x00"])
def test_no_name_of_a_file_leads_elsewhere(uploader, name):
    uploader.name = name

    assert uploader.call("create", num_parts=1).status == 400


def test_a_path_on_windows_has_its_name_after_the_last_back_slash(uploader):
    answer = uploader.call("create", path=r"C:\Users\me\model.bin", num_parts=1)
    parts = uploader.send_parts([answer.json["credentials"][0]["url"]], b"from Windows")

    done = uploader.call(
        "complete",
        path=r"C:\Users\me\model.bin",
        upload_id=answer.json["upload_id"],
        parts=parts,
    )

    assert done.status == 200
    assert uploader.fetch().text == "from Windows"


def test_the_address_of_a_part_takes_that_part_only(uploader):
    _, (first, second) = uploader.create()
    base, _, ticket = first.rpartition("/")
    _, _, other = second.rpartition("/")
    upload_id, number, moment, signature = ticket.split(":")

    forged = [
        "x",
        f"{upload_id}:2:{moment}:{signature}",
        f"{'0' * 32}:{number}:{moment}:{signature}",
        f"{upload_id}:1:zzzzzz:{signature}",
        ":".join([*ticket.split(":")[:3], other.rpartition(":")[2]]),
        ticket[:-1],
    ]
    for each in forged:
        answer = send("PUT", f"{base}/{each}", b"x")
        assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert send("GET", first).status == 405


@pytest.mark.django_db
def test_the_address_of_a_part_expires_after_a_day(api):
    created = api.client.post(
        f"{API}/mpu/create/0/expires", {"path": "x", "num_parts": 1}, "application/json"
    ).json()
    url = created["credentials"][0]["url"]
    now = signing.time.time()

    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(signing.time, "time", lambda: now + 24 * 3600 + 2)
        late = api.client.put(url, b"x", "application/octet-stream")
    in_time = api.client.put(url, b"x", "application/octet-stream")

    assert late.status_code == 403
    assert "a day" in late.json()["message"]
    assert in_time.status_code == 200


def test_a_part_that_is_cut_short_is_not_kept(uploader):
    upload_id, urls = uploader.create(parts=1)
    address = urlsplit(urls[0])
    head = f"PUT {address.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode() + b"123")
        connection.shutdown(socket.SHUT_WR)
        assert b"400" in connection.recv(4096)

    refusal = uploader.complete(upload_id, [{"part_number": 1, "etag": "0" * 32}])

    assert "was not received" in refusal.json["message"]


def test_a_file_where_a_folder_is_wanted_is_refused_at_the_start(uploader):
    folder = f"{uploader.server.url}{API}/artifacts/{uploader.folder}"
    send("PUT", f"{folder}/{uploader.name}/below", b"x")

    answer = uploader.call("create", num_parts=1)

    assert answer.status == 400
    assert "is a folder" in answer.json["message"]


def test_many_complete_one_upload_at_once_and_all_hear_that_it_is_done(uploader):
    upload_id, urls = uploader.create()
    parts = uploader.send_parts(urls, b"a" * PART, b"b" * PART)

    with ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(lambda _: uploader.complete(upload_id, parts), range(6)))

    assert [answer.status for answer in answers] == [200] * 6
    assert uploader.fetch().text == "a" * PART + "b" * PART


def test_parts_that_were_received_outlast_a_kill(run_server):
    server = run_server()
    uploader = Uploader(server, "0/killed/artifacts")
    upload_id, urls = uploader.create(parts=3)
    parts = uploader.send_parts(urls[:2], b"a" * PART, b"b" * PART)

    server.kill()
    server.start()
    rest = send("PUT", urls[2], b"c")
    parts.append({"part_number": 3, "etag": rest.headers["ETag"]})

    assert uploader.complete(upload_id, parts).status == 200
    assert uploader.fetch().text == "a" * PART + "b" * PART + "c"
