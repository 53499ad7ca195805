"""Files as HTTP has them: parts, conditions and headers, alike on every address they have."""

import http.client
import json
import secrets
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import pytest
from mlflow.utils.mime_type_utils import _guess_mime_type

from tests.support.serving import Server

CONTENT = b"0123456789"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes


def ask(
    server: Server, method: str, address: str, body: bytes | None = None, **headers: str
) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        connection.request(
            method, address, body, {name.replace("_", "-"): headers[name] for name in headers}
        )
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.headers), answer.read())
    finally:
        connection.close()


def call(server: Server, route: str, **message: object) -> dict:
    body = json.dumps(message).encode()
    answer = ask(server, "POST", f"/api/2.0/mlflow/{route}", body, Content_Type="application/json")
    assert answer.status == 200, answer.content
    return json.loads(answer.content)


@dataclass(frozen=True)
class Places:
    """Where one file lies, by every address that it has."""

    server: Server
    run_id: str
    model_id: str
    model_name: str
    run_root: str
    model_root: str

    def put(self, name: str, content: bytes = CONTENT) -> None:
        for root in [self.run_root, self.model_root]:
            address = f"/api/2.0/mlflow-artifacts/artifacts/{root}/{quote(name)}"
            assert ask(self.server, "PUT", address, content).status == 200

    def addresses(self, name: str) -> dict[str, str]:
        file = quote(name)
        named = f"name={quote(self.model_name)}&version=1&path={file}"
        model = f"/ajax-api/2.0/mlflow/logged-models/{self.model_id}/artifacts/files"
        return {
            "proxy": f"/api/2.0/mlflow-artifacts/artifacts/{self.run_root}/{file}",
            "run": f"/get-artifact?run_id={self.run_id}&path={file}",
            "run in a workspace": f"/w/default/get-artifact?run_id={self.run_id}&path={file}",
            "model version": f"/model-versions/get-artifact?{named}",
            "logged model": f"{model}?artifact_file_path={file}",
            "run page": f"/w/default/runs/{self.run_id}/raw/{file}",
            "version page": f"/w/default/models/{quote(self.model_name)}/versions/1/files/{file}",
        }


KINDS = [
    "proxy",
    "run",
    "run in a workspace",
    "model version",
    "logged model",
    "run page",
    "version page",
]


@pytest.fixture(scope="module")
def places(server: Server) -> Places:
    name = f"downloads {secrets.token_hex(4)}"
    experiment = call(server, "experiments/create", name=name)["experiment_id"]
    run = call(server, "runs/create", experiment_id=experiment)["run"]["info"]
    model = call(server, "logged-models", experiment_id=experiment, name="model")["model"]["info"]
    call(server, "registered-models/create", name=name)
    call(
        server,
        "model-versions/create",
        name=name,
        source=f"models:/{model['model_id']}",
        model_id=model["model_id"],
    )
    places = Places(
        server,
        run["run_id"],
        model["model_id"],
        name,
        run["artifact_uri"].removeprefix("mlflow-artifacts:/"),
        model["artifact_uri"].removeprefix("mlflow-artifacts:/"),
    )
    places.put("a.bin")
    return places


@pytest.fixture(params=KINDS)
def address(request, places: Places) -> str:
    return places.addresses("a.bin")[request.param]


def test_a_file_comes_with_what_a_browser_needs_to_be_harmless(server, address):
    answer = ask(server, "GET", address)

    assert (answer.status, answer.content) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Length"] == "10"
    assert answer.headers["Content-Disposition"] == "attachment; filename=a.bin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_asking_about_a_file_sends_the_headers_alone(server, address):
    whole, about = ask(server, "GET", address), ask(server, "HEAD", address, Range="bytes=1-2")

    assert (about.status, about.content) == (200, b"")
    for name in ["Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges"]:
        assert about.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("asked", "status", "content", "told"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, CONTENT, "bytes 0-9/10"),
        ("bytes=9-99", 206, b"9", "bytes 9-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=4-2", 200, CONTENT, None),
        ("bytes=1-2,4-5", 200, CONTENT, None),
        ("lines=1-2", 200, CONTENT, None),
        ("bytes=" + "9" * 400 + "-", 200, CONTENT, None),
    ],
)
def test_a_part_of_a_file_can_be_asked_for(server, address, asked, status, content, told):
    answer = ask(server, "GET", address, Range=asked)

    assert answer.status == status
    assert content is None or answer.content == content
    assert answer.headers.get("Content-Range") == told
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_who_has_the_file_is_not_sent_it_again(server, address):
    headers = ask(server, "GET", address).headers
    tag, moment = headers["ETag"], headers["Last-Modified"]

    for same in [
        {"If_None_Match": tag},
        {"If_None_Match": f'"other", W/{tag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": moment},
        {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    ]:
        answer = ask(server, "GET", address, **same)
        assert (answer.status, answer.content) == (304, b"")
        assert answer.headers["ETag"] == tag
    for changed in [
        {"If_None_Match": '"other"'},
        {"If_None_Match": '"other"', "If_Modified_Since": moment},
        {"If_Modified_Since": "Thu, 01 Jan 1998 00:00:00 GMT"},
        {"If_Modified_Since": "whenever"},
    ]:
        assert ask(server, "GET", address, **changed).status == 200
    assert ask(server, "GET", address, If_Match='"other"').status == 412


def test_a_download_is_resumed_only_if_the_file_is_the_same(server, address):
    headers = ask(server, "GET", address).headers

    for known in [headers["ETag"], headers["Last-Modified"]]:
        assert ask(server, "GET", address, Range="bytes=8-", If_Range=known).content == b"89"
    for known in ['"other"', f"W/{headers['ETag']}", "Thu, 01 Jan 1998 00:00:00 GMT"]:
        answer = ask(server, "GET", address, Range="bytes=8-", If_Range=known)
        assert (answer.status, answer.content) == (200, CONTENT)


@pytest.mark.parametrize(
    "name",
    ["a.txt", "a.json", "a.html", "a.svg", "a.png", "a.csv", "MLmodel", "a.pkl", "a", "a.tar.gz"],
)
@pytest.mark.parametrize("kind", KINDS[:5])
def test_a_file_is_called_what_mlflow_calls_it(server, places, name, kind):
    places.put(name)

    answer = ask(server, "GET", places.addresses(name)[kind])

    assert answer.headers["Content-Type"] == _guess_mime_type(name)
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_beyond_ascii_is_told_whole(server, places, kind):
    places.put("größe 1.bin")

    answer = ask(server, "GET", places.addresses("größe 1.bin")[kind])

    assert answer.status == 200
    assert "filename*=UTF-8''gr%C3%B6%C3%9Fe%201.bin" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_is_missing_for_who_asks_about_it_too(server, places, kind):
    missing, about = (
        ask(server, each, places.addresses("no.bin")[kind]) for each in ("GET", "HEAD")
    )

    assert (missing.status, about.status, about.content) == (404, 404, b"")
    assert about.headers["Content-Length"] == str(len(missing.content))


@pytest.mark.parametrize("address", ["runs/{}/raw/", "runs/{}/artifacts/", "models/", ""])
def test_asking_about_a_page_or_an_archive_sends_the_headers_alone(server, places, address):
    address = f"/w/default/{address.format(places.run_id)}"
    whole, about = ask(server, "GET", address), ask(server, "HEAD", address)

    assert (whole.status, about.status, about.content) == (200, 200, b"")
    assert about.headers["Content-Type"] == whole.headers["Content-Type"]
    assert "body bytes" not in server.log()


def test_asking_about_a_call_answers_as_the_call_does(server):
    address = "/api/2.0/mlflow/experiments/get?experiment_id=0"

    answer = ask(server, "HEAD", address)

    assert (answer.status, answer.content) == (200, b"")
    assert ask(server, "HEAD", "/api/2.0/mlflow/runs/create").status == 405
    assert ask(server, "HEAD", "/api/2.0/mlflow/experiments/get?experiment_id=9999").status == 404
