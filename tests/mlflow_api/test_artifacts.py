import socket
import urllib.error
import urllib.request

import pytest

BASE = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """Every test has an empty store."""
    from artifacts.local import LocalStore

    # Imported first, so that no other module keeps the store of a test.
    from mlflow_api import urls  # noqa: F401
    from runs import files

    store = LocalStore(tmp_path)
    for module in ["mlflow_api.views.artifacts", "runs.files"]:
        monkeypatch.setattr(f"{module}.artifact_store", lambda: store)
    assert files.artifact_store() is store
    return store


def put(api, path: str, content: bytes, **headers: str):
    return api.client.put(f"{BASE}/{path}", content, "application/octet-stream", headers=headers)


def read(response) -> bytes:
    return b"".join(response.streaming_content)


@pytest.mark.parametrize(
    "path", ["1/r/artifacts/a.txt", "1/r/artifacts/plots/x y.png", "1/r/ü/文/😀.bin", "1/r/100%"]
)
def test_a_file_comes_back_as_it_went(api, path):
    assert put(api, path, b"\x00bytes\xff").status_code == 200

    response = api.client.get(f"{BASE}/{path.replace('%', '%25')}")

    assert response.status_code == 200
    assert read(response) == b"\x00bytes\xff"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_an_empty_file_is_a_file(api):
    put(api, "1/r/empty", b"")

    assert read(api.client.get(f"{BASE}/1/r/empty")) == b""


def test_a_part_of_a_file_can_be_asked_for(api):
    put(api, "1/r/f", b"0123456789")

    part = api.client.get(f"{BASE}/1/r/f", headers={"Range": "bytes=2-4"})
    beyond = api.client.get(f"{BASE}/1/r/f", headers={"Range": "bytes=20-"})
    tag = part.headers["ETag"]
    unchanged = api.client.get(f"{BASE}/1/r/f", headers={"If-None-Match": tag})

    assert (part.status_code, read(part)) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    assert beyond.status_code == 416
    assert unchanged.status_code == 304


def test_a_folder_lists_its_direct_children_by_base_name(api):
    put(api, "1/r/artifacts/b/deep.txt", b"12")
    put(api, "1/r/artifacts/a.txt", b"1")

    files = api.client.get(BASE, {"path": "1/r/artifacts"}).json()
    missing = api.client.get(BASE, {"path": "1/nothing"}).json()

    assert files == {
        "files": [
            {"path": "a.txt", "is_dir": False, "file_size": 1},
            {"path": "b", "is_dir": True},
        ]
    }
    assert missing == {}


def test_a_run_lists_its_files_by_their_paths(api):
    run = api.read(api.run())["info"]
    root = run["artifact_uri"].removeprefix("mlflow-artifacts:/")
    put(api, f"{root}/plots/roc.png", b"1")

    top = api.get("artifacts/list", run_id=run["run_id"]).body
    below = api.get("artifacts/list", run_id=run["run_id"], path="plots").body
    file = api.client.get("/get-artifact", {"run_id": run["run_id"], "path": "plots/roc.png"})

    assert top == {"root_uri": run["artifact_uri"], "files": [{"path": "plots", "is_dir": True}]}
    assert below["files"] == [{"path": "plots/roc.png", "is_dir": False, "file_size": 1}]
    assert read(file) == b"1"


@pytest.mark.parametrize(
    ("folder", "names"),
    [(".", {"a.txt", "plots"}), ("./plots", {"roc.png"}), ("plots/.", {"roc.png"}), ("./.", None)],
)
def test_a_part_that_is_a_dot_lists_the_folder_itself(api, folder, names):
    put(api, "1/r/a.txt", b"1")
    put(api, "1/r/plots/roc.png", b"1")

    found = api.client.get(BASE, {"path": f"1/r/{folder}"}).json()["files"]

    assert {file["path"] for file in found} == (names or {"a.txt", "plots"})


def test_deleting_what_is_there_and_what_is_not_is_fine(api):
    put(api, "1/r/a/b", b"1")

    assert api.client.delete(f"{BASE}/1/r/a").status_code == 200
    assert api.client.delete(f"{BASE}/1/r/a").status_code == 200
    assert api.client.get(f"{BASE}/1/r/a/b").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "1/../../secret",
        "1/%2e%2e/x",
        "1/%252e%252e/x",
        "1/..%5c..%5cx",
        "%2Fetc%2Fpasswd",
        "C:/x",
        "1/a%00b",
        "1/%23x",
        "1//x",
        "1/r/",
    ],
)
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_no_spelling_of_a_path_leaves_the_store(api, own_store, path, method):
    before = sorted(own_store.root.rglob("*"))

    response = getattr(api.client, method)(f"{BASE}/{path}")

    assert response.status_code in {400, 404}
    assert response.json()["error_code"] in {
        "INVALID_PARAMETER_VALUE",
        "RESOURCE_DOES_NOT_EXIST",
        "ENDPOINT_NOT_FOUND",
    }
    assert sorted(own_store.root.rglob("*")) == before


def test_a_missing_file_and_a_folder_are_told_apart(api):
    put(api, "1/r/a", b"1")

    missing, folder = api.client.get(f"{BASE}/1/r/x"), api.client.get(f"{BASE}/1/r")

    assert (missing.status_code, missing.json()["message"]) == (404, "No such artifact: '1/r/x'")
    assert folder.status_code == 400


def test_an_upload_cut_short_stores_nothing(server):
    head = f"PUT {BASE}/1/r/cut HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + b"123")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(4096)

    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{server.url}{BASE}/1/r/cut")

    assert missing.value.code == 404


def test_an_upload_in_chunks_is_stored_whole(server):
    head = f"PUT {BASE}/1/r/chunks HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    body = b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + b"\r\n" + body)
        assert b"200" in connection.recv(4096)

    assert urllib.request.urlopen(f"{server.url}{BASE}/1/r/chunks").read() == b"abcdefg"


def test_another_workspace_keeps_its_files_apart(api):
    from workspaces.models import Workspace

    Workspace.objects.create(slug="team-b", name="Team B")
    put(api, "5/r/own", b"b", **{"X-MLFLOW-WORKSPACE": "team-b"})
    header = {"X-MLFLOW-WORKSPACE": "team-b"}

    inside = api.client.get(f"{BASE}/5/r/own", headers=header)
    spelled_out = api.client.get(f"{BASE}/workspaces/team-b/5/r/own", headers=header)
    outside = api.client.get(f"{BASE}/5/r/own")
    reaching = api.client.get(f"{BASE}/workspaces/team-b/5/r/own")
    unknown = api.client.get(f"{BASE}/5/r/own", headers={"X-MLFLOW-WORKSPACE": "nobody"})

    assert read(inside) == read(spelled_out) == b"b"
    assert {outside.status_code, reaching.status_code, unknown.status_code} == {404}


def test_presigned_downloads_are_declined_so_that_clients_fall_back(api):
    answer = api.client.get("/api/2.0/mlflow-artifacts/presigned/1/r/x")

    assert (answer.status_code, answer.json()["error_code"]) == (501, "NOT_IMPLEMENTED")
