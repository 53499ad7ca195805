"""What holds for every call: methods, content types, bodies, names of fields, the server's own."""

from dataclasses import replace

from tests.golden.setups import EXPERIMENT
from tests.golden.wire import Call, case, get, post, send

CREATE = "/api/2.0/mlflow/experiments/create"


def typed(content_type: str, body: bytes = b'{"name": "<unique>"}') -> Call:
    return Call(
        "POST", CREATE, body, headers={"Content-Type": content_type} if content_type else {}
    )


CASES = [
    case("health", get("/health")),
    case("the version", get("/version")),
    case(
        "a call for pages",
        replace(post("/ajax-api/2.0/mlflow/experiments/create", name="<unique>")),
    ),
    case("no content type", typed("")),
    case("a form", typed("application/x-www-form-urlencoded", b"name=x")),
    case("plain text", typed("text/plain")),
    case(
        "JSON with a character set",
        send(
            "POST", "experiments/search", {"max_results": 1, "filter": "name = 'none'"}
        ).with_headers({"Content-Type": "application/json; charset=utf-8"}),
    ),
    *(
        case(f"the body {body!r}", send("POST", "experiments/create", body))
        for body in [b"", b"{}", b"null", b"[]", b"12", b'"text"', b"{", b"true", b"\xff\xfe"]
    ),
    case("a search in broken JSON", send("POST", "runs/search", b'{"max_results": }')),
    case("a GET where a POST is due", get("experiments/create")),
    case("a POST where a GET is due", post("experiments/get", experiment_id="0")),
    case("a DELETE where a POST is due", send("DELETE", "runs/create", {})),
    case("a PUT where a POST is due", send("PUT", "runs/create", {})),
    case("no such call", post("no/such/call")),
    case("no such call of a trace", get("/api/3.0/mlflow/no-such-thing")),
    case("traces of the future", get("/api/9.0/mlflow/traces")),
    case(
        "a slash too many before it",
        EXPERIMENT,
        get("//api/2.0/mlflow/experiments/get", experiment_id="0"),
    ),
    case("a slash too many", EXPERIMENT, get("experiments/get/", experiment_id="0")),
    case(
        "a GET with a body",
        EXPERIMENT,
        send("GET", "experiments/get?experiment_id=0", {"experiment_id": "abc"}),
    ),
    case(
        "a field twice in a query",
        send("GET", "experiments/get?experiment_id=0&experiment_id=abc", None),
    ),
    case(
        "a deep body",
        send("POST", "experiments/create", b'{"a":' * 500 + b"1" + b"}" * 500),
    ),
    case("half a character", send("POST", "experiments/create", b'{"name": "\\ud800"}')),
    case(
        "the character NUL",
        send("POST", "experiments/create", b'{"name": "<unique>\\u0000"}'),
    ),
]
