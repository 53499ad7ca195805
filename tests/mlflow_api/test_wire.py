"""What holds for every call, whatever it is for."""

import json

import pytest

from tests.support.routes import all_routes

# What stands for each part of a route.
ARGUMENTS = {
    "<path:path>": "1/r/x",
    "<str:model_id>": "m-0",
    "<path:tag_key>": "k",
    "<str:workspace_name>": "nothing",
    "<str:ticket>": "nothing",
}


def calls() -> list[str]:
    """Every address of the wire, with its arguments filled in."""
    return [_filled(route) for route in all_routes() if route.startswith("api/")]


def _filled(route: str) -> str:
    for kind, value in ARGUMENTS.items():
        route = route.replace(kind, value)
    assert "<" not in route
    return f"/{route}"


NONSENSE = [
    b"",
    b"{}",
    b"null",
    b"[]",
    b'"text"',
    b"12",
    b"{",
    b"\xff\xfe",
    b'{"run_id": null, "experiment_id": null, "name": null}',
    b'{"run_id": {}, "experiment_id": [], "name": 1.5, "key": [], "metrics": 3, "tags": "x"}',
    b'{"run_id": "\\u0000", "experiment_id": "\\u0000", "name": "\\u0000", "key": "\\u0000"}',
    b'{"run_id": "\\ud800", "experiment_id": "\\ud800", "name": "\\ud800", "key": "\\ud800"}',
    b'{"run_id": "\xf0\x9f\x92\xa5", "experiment_id": "\xf0\x9f\x92\xa5", "key": "k"}',
    b'{"experiment_id": "99999999999999999999999999", "run_id": "9999999999999999999999999"}',
    b'{"max_results": 99999999999999999999, "experiment_ids": ["9999999999999999999999"]}',
    b'{"run_id": "x", "key": "k", "value": NaN, "timestamp": 1e400, "step": Infinity}',
    b'{"experiment_ids": ["0"], "filter": "((((", "order_by": ["", ",", "x y z"]}',
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    json.dumps({"name": "x" * 100_000, "run_id": "x" * 100_000, "key": "x" * 100_000}).encode(),
]


def test_the_wire_has_addresses():
    assert len(calls()) > 35


@pytest.mark.django_db
@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize("method", ["GET ?", "GET", "POST", "PUT", "PATCH", "DELETE"])
def test_nonsense_is_refused_as_json_and_never_breaks_anything(client, method, body):
    client.raise_request_exception = False
    for address in calls():
        if method == "PUT" and "/mlflow-artifacts/" in address:
            continue  # Any bytes are a good file.
        query = "?run_id=%00&path=%ff&max_results=x&metric_key=\ud83d" if "?" in method else ""
        response = client.generic(
            method.removesuffix(" ?"),
            address + query.encode("utf-8", "surrogatepass").decode("latin-1"),
            body,
            content_type="application/json",
        )

        assert response.status_code < 500 or response.status_code == 501, (address, body[:60])
        if not response.streaming:
            answer = json.loads(response.content)
            if response.status_code >= 400:
                assert answer["error_code"]
                assert answer["message"]
                assert "Traceback" not in answer["message"]


@pytest.mark.parametrize(
    ("content_type", "words"),
    [
        ("", "Content-Type header is missing"),
        ("text/plain", "Content-Type must be one of"),
        ("application/x-www-form-urlencoded", "Content-Type must be one of"),
    ],
)
def test_a_body_must_say_that_it_is_json(api, content_type, words):
    response = api.client.generic(
        "POST", "/api/2.0/mlflow/experiments/create", b'{"name": "x"}', content_type
    )

    assert response.status_code == 400
    assert words in response.json()["message"]


def test_a_body_encoded_twice_is_read(api):
    body = json.dumps(json.dumps({"name": "twice"})).encode()

    assert api.send("POST", "experiments/create", body).status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param("", 200, id="without a query the body counts"),
        pytest.param("?experiment_name=another", 404, id="a query comes first"),
    ],
)
def test_what_is_read_may_be_asked_for_in_a_body(api, query, status):
    """mlflow-export-import asks so."""
    api.experiment("named in a body")

    answer = api.send(
        "GET", f"experiments/get-by-name{query}", {"experiment_name": "named in a body"}
    )

    assert answer.status == status


def test_half_a_surrogate_pair_is_named_as_what_is_wrong(api):
    answer = api.send("POST", "runs/set-tag", b'{"run_id": "x", "key": "k", "value": "\\ud800"}')

    assert answer.status == 400
    assert answer.message == "A text in the request has half a surrogate pair."


def test_nulls_count_as_absent(api):
    answer = api.post("runs/create", experiment_id="0", run_name=None, tags=None, start_time=None)

    assert answer.status == 200


def test_what_is_not_offered_says_so_as_clients_expect(client):
    for address in [
        "/api/2.0/mlflow/nothing",
        "/api/3.0/mlflow/traces",
        "/ajax-api/2.0/x",
        "/v1/traces",
        "/graphql",
        "/w/default/api/3.0/mlflow/traces",
    ]:
        response = client.post(address, {}, content_type="application/json")

        assert response.status_code == 404
        assert response.json()["error_code"] == "ENDPOINT_NOT_FOUND"


def test_a_wrong_method_is_told_the_right_one(api):
    response = api.client.get("/api/2.0/mlflow/runs/create")

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


def test_the_server_says_what_it_is(client, db):
    import mlflow

    assert client.get("/health").content == b"OK"
    assert client.get("/ready").content == b"ready"
    assert client.get("/version").content.decode() == mlflow.__version__
    assert client.get("/api/3.0/mlflow/server-info").json()["artifact_serving_enabled"] is True


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_web_page_of_another_origin_cannot_write(api, headers):
    answer = api.send("POST", "experiments/create", {"name": "x"}, **headers)

    assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")


def test_a_page_of_ours_can_write(api):
    assert api.send(
        "POST", "experiments/create", {"name": "x"}, Origin="http://testserver"
    ).status == 200  # fmt: skip


def test_an_unknown_host_is_refused(client, settings):
    settings.ALLOWED_HOSTS = ["localhost"]

    response = client.get("/health", headers={"Host": "rebound.example"})

    assert response.status_code == 400
    assert response.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_a_body_larger_than_the_limit_is_refused(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    answer = api.post("experiments/create", name="x" * 200)

    assert answer.status == 413


@pytest.mark.django_db
def test_ids_of_another_workspace_do_not_exist(api):
    from experiments.actions import create_experiment
    from runs.actions.logged_models import create_logged_model
    from runs.actions.runs import create_run
    from workspaces.models import Workspace

    workspace = Workspace.objects.create(slug="team-b", name="Team B")
    experiment = create_experiment(workspace=workspace, name="theirs")
    run = create_run(experiment=experiment).run_id
    model = create_logged_model(experiment=experiment).model_id
    key = str(experiment.pk)

    answers = [
        api.get("experiments/get", experiment_id=key),
        api.get("experiments/get-by-name", experiment_name="theirs"),
        api.post("experiments/delete", experiment_id=key),
        api.post("runs/create", experiment_id=key),
        api.get("runs/get", run_id=run),
        api.post("runs/log-batch", run_id=run),
        api.post("runs/delete", run_id=run),
        api.get("artifacts/list", run_id=run),
        api.get(f"logged-models/{model}"),
    ]
    found = api.post("runs/search", experiment_ids=[key])
    history = api.get("metrics/get-history", run_id=run, metric_key="m")
    inside = api.send("POST", "runs/log-batch", {"run_id": run}, **{"X-MLFLOW-WORKSPACE": "team-b"})

    assert {(answer.status, answer.code) for answer in answers} == {
        (404, "RESOURCE_DOES_NOT_EXIST")
    }
    assert found.body == history.body == {}
    assert inside.status == 200
