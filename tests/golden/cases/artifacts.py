"""Artifacts through the server: sent, listed, fetched and removed."""

from dataclasses import replace

from tests.golden.setups import DELETE_RUN, EXPERIMENT, NEW_MODEL, NEW_RUN, RUN, UNKNOWN_RUN
from tests.golden.wire import Call, case, get, post

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
OF_RUN = f"{PROXY}/<experiment>/<run>/artifacts"


def put(path: str, body: bytes = b"hello", root: str = OF_RUN) -> Call:
    return Call("PUT", f"{root}/{path}", body)


def remove(path: str) -> Call:
    return Call("DELETE", f"{OF_RUN}/{path}")


def fetch(path: str, **headers: str) -> Call:
    return replace(get(f"{OF_RUN}/{path}"), headers=headers)


def proxied(path: str) -> Call:
    return get(PROXY, path=path)


def of_run(**query: str) -> Call:
    return get("artifacts/list", run_id="<run>", **query)


FILES = (
    *NEW_RUN,
    put("a.txt"),
    put("dir/b.json", b"{}"),
    put("dir/sub/c", b""),
    put("ä b.txt", b"\xff"),
)

CASES = [
    case("a file is sent and fetched", *NEW_RUN, put("a.txt"), fetch("a.txt")),
    case(
        "a file is sent again",
        *NEW_RUN,
        put("a.txt"),
        put("a.txt", b"other"),
        fetch("a.txt"),
        of_run(),
    ),
    case("an empty file", *NEW_RUN, put("a.txt", b""), fetch("a.txt"), of_run()),
    case("JSON is fetched", *FILES, fetch("dir/b.json")),
    case("a file with blanks in its name", *FILES, fetch("ä b.txt")),
    case("a part of a file", *FILES, fetch("a.txt", Range="bytes=1-2")),
    case("a file that is not there", *NEW_RUN, fetch("no.txt")),
    case("a folder is fetched", *FILES, fetch("dir")),
    case("files of a run", *FILES, of_run()),
    case("files in a folder", *FILES, of_run(path="dir")),
    case("files in a folder with a slash", *FILES, of_run(path="dir/")),
    case("files in a folder of a folder", *FILES, of_run(path="dir/sub")),
    case("files in a file", *FILES, of_run(path="a.txt")),
    case("files in what is not there", *FILES, of_run(path="nowhere")),
    case("files of a run without any", *NEW_RUN, of_run()),
    case("files of a deleted run", *FILES, DELETE_RUN, of_run()),
    case("files by the run's old name", *FILES, get("artifacts/list", run_uuid="<run>")),
    *(
        case(
            f"the store's files at {path!r}",
            *FILES,
            proxied(f"<experiment>/<run>/artifacts/{path}"),
        )
        for path in [".", "./dir", "dir/.", "./.", ""]
    ),
    case("files of no run", get("artifacts/list", run_id=UNKNOWN_RUN)),
    case("files without a run", get("artifacts/list")),
    *(
        case(f"files at {path!r}", *FILES, of_run(path=path))
        for path in [
            "..",
            "../x",
            "dir/../..",
            "/etc",
            "%2e%2e/x",
            "%252e%252e",
            "dir\\..",
            "C:/x",
            "a#b",
            ".",
            "./dir",
        ]
    ),
    case("files through the server", *FILES, proxied("<experiment>/<run>/artifacts")),
    case(
        "files in a folder through the server", *FILES, proxied("<experiment>/<run>/artifacts/dir")
    ),
    case(
        "files in a file through the server", *FILES, proxied("<experiment>/<run>/artifacts/a.txt")
    ),
    case("files in nothing through the server", proxied("no/such/folder")),
    *(
        case(f"files through the server at {path!r}", proxied(path))
        for path in ["..", "a/../../b", "/etc", "%2e%2e"]
    ),
    *(
        case(f"nothing is sent to {path!r}", *NEW_RUN, put(path))
        for path in ["dir/", "%2e%2e/x", "a%2f%2e%2e%2f..%2fb", "a%00b", "a%5c..%5cb"]
    ),
    case("a file is removed", *FILES, remove("a.txt"), fetch("a.txt"), of_run()),
    case("a folder is removed", *FILES, remove("dir"), of_run()),
    case("what is not there is removed", *NEW_RUN, remove("no.txt")),
    case("a file below a file", *FILES, put("a.txt/b")),
    case("a file in place of a folder", *FILES, put("dir")),
    case("a file by its run", *FILES, get("/get-artifact", run_id="<run>", path="dir/b.json")),
    case(
        "a file by its run's old name",
        *FILES,
        get("/get-artifact", run_uuid="<run>", path="dir/b.json"),
    ),
    case("no file by its run", *FILES, get("/get-artifact", run_id="<run>", path="no")),
    case("a file of no run", get("/get-artifact", run_id=UNKNOWN_RUN, path="a")),
    case(
        "a file out of the run",
        *FILES,
        get("/get-artifact", run_id="<run>", path="../../x"),
    ),
    case(
        "an upload in parts",
        *NEW_RUN,
        post("/api/2.0/mlflow-artifacts/mpu/create/a/b", path="x", num_parts=2),
    ),
    case(
        "the end of no upload in parts",
        post("/api/2.0/mlflow-artifacts/mpu/complete/a/b", path="x", upload_id="u", parts=[]),
    ),
    case(
        "no upload in parts to abort",
        post("/api/2.0/mlflow-artifacts/mpu/abort/a/b", path="x", upload_id="u"),
    ),
    case(
        "files of a logged model",
        *NEW_MODEL,
        put("MLmodel", b"flavors: {}", f"{PROXY}/<experiment>/models/<model>/artifacts"),
        put("data/x", b"1", f"{PROXY}/<experiment>/models/<model>/artifacts"),
        get("logged-models/<model>/artifacts/directories"),
        get("logged-models/<model>/artifacts/directories", artifact_directory_path="data"),
    ),
    *(
        case(
            f"an upload by a page is refused: {query}",
            *NEW_RUN,
            Call("POST", "/ajax-api/2.0/mlflow/upload-artifact", body, query=query),
        )
        for query, body in [
            ({}, b"x"),
            ({"run_uuid": "<run>"}, b"x"),
            ({"run_uuid": "<run>", "path": ""}, b"x"),
            ({"run_uuid": "<run>", "path": "../x"}, b""),
            ({"run_uuid": "<run>", "path": "x"}, b""),
            ({"run_uuid": UNKNOWN_RUN, "path": "x"}, b"x"),
        ]
    ),
    case(
        "an upload by a page",
        EXPERIMENT,
        RUN,
        Call(
            "POST",
            "/ajax-api/2.0/mlflow/upload-artifact",
            b"abc",
            query={"run_uuid": "<run>", "path": "x/y.txt"},
        ),
        of_run(path="x"),
    ),
]
