import pytest

from tests.mlflow_api.conftest import pairs


def test_the_default_experiment_exists_from_the_start(api):
    found = api.get("experiments/get", experiment_id="0").body["experiment"]

    assert found["name"] == "Default"
    assert found["lifecycle_stage"] == "active"
    assert found["artifact_location"] == "mlflow-artifacts:/0"


def test_a_created_experiment_is_found_by_id_and_by_name(api):
    key = api.experiment("churn / baseline ü", tags=[{"key": "team", "value": "growth"}])

    by_id = api.get("experiments/get", experiment_id=key).body["experiment"]
    by_name = api.get("experiments/get-by-name", experiment_name="churn / baseline ü").body

    assert by_id == by_name["experiment"]
    assert by_id["experiment_id"] == key
    assert by_id["artifact_location"] == f"mlflow-artifacts:/{key}"
    assert pairs(by_id["tags"]) == {"team": "growth"}
    assert isinstance(by_id["creation_time"], int)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({}, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'"),
        ({"name": ""}, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'"),
        ({"name": None}, "INVALID_PARAMETER_VALUE", "Missing value for required parameter 'name'"),
        ({"name": "  "}, "INVALID_PARAMETER_VALUE", "Invalid experiment name"),
        ({"name": 3}, "INVALID_PARAMETER_VALUE", "Invalid value 3 for parameter 'name' supplied"),
        ({"name": "x" * 501}, "INVALID_PARAMETER_VALUE", "maximum length of 500"),
        ({"name": "Default"}, "RESOURCE_ALREADY_EXISTS", "already exists"),
        ({"name": "a\x00b"}, "INVALID_PARAMETER_VALUE", "NUL"),
        ({"name": "a", "artifact_location": "runs:/x"}, "INVALID_PARAMETER_VALUE", "runs:/"),
        ({"name": "a", "artifact_location": "s3://b/#f"}, "INVALID_PARAMETER_VALUE", "fragment"),
        ({"name": "a", "artifact_location": "http://h/x"}, "INVALID_PARAMETER_VALUE", "'http'"),
        ({"name": "a", "artifact_location": "s3://b/../c"}, "INVALID_PARAMETER_VALUE", "'..'"),
        ({"name": "a", "tags": [{"value": "v"}]}, "INVALID_PARAMETER_VALUE", "'tags[0].key'"),
        ({"name": "a", "tags": [{"key": "../x"}]}, "INVALID_PARAMETER_VALUE", "resolve to"),
    ],
)
def test_a_bad_experiment_is_refused_with_the_reason(api, body, code, words):
    answer = api.post("experiments/create", body)

    assert (answer.status, answer.code) == (400, code)
    assert words in answer.message


def test_a_name_in_the_trash_is_still_taken(api):
    key = api.experiment("once")
    api.post("experiments/delete", experiment_id=key)

    answer = api.post("experiments/create", name="once")

    assert answer.code == "RESOURCE_ALREADY_EXISTS"
    assert "deleted" in answer.message


def test_deleting_and_restoring_takes_the_runs_along(api):
    key = api.experiment()
    run = api.run(key)

    assert api.post("experiments/delete", experiment_id=key).status == 200
    assert api.read(run)["info"]["lifecycle_stage"] == "deleted"
    assert api.post("experiments/delete", experiment_id=key).status == 404
    assert api.post("runs/create", experiment_id=key).status == 400

    assert api.post("experiments/restore", experiment_id=key).status == 200
    assert api.read(run)["info"]["lifecycle_stage"] == "active"
    assert api.post("experiments/restore", experiment_id=key).status == 404


def test_a_rename_moves_the_update_time_and_a_taken_name_is_refused(api):
    key, other = api.experiment("before"), api.experiment("other")

    assert api.post("experiments/update", experiment_id=key, new_name="after").status == 200
    taken = api.post("experiments/update", experiment_id=other, new_name="after")

    assert (taken.status, taken.code) == (400, "BAD_REQUEST")
    assert api.get("experiments/get-by-name", experiment_name="before").status == 404
    assert api.get("experiments/get", experiment_id=key).body["experiment"]["name"] == "after"


def test_tags_are_set_overwritten_and_removed(api):
    key = api.experiment()

    api.post("experiments/set-experiment-tag", experiment_id=key, key="k", value="1")
    api.post("experiments/set-experiment-tag", experiment_id=key, key="k", value="2")
    tags = api.get("experiments/get", experiment_id=key).body["experiment"]["tags"]
    removed = api.post("experiments/delete-experiment-tag", experiment_id=key, key="k")
    again = api.post("experiments/delete-experiment-tag", experiment_id=key, key="k")

    assert pairs(tags) == {"k": "2"}
    assert (removed.status, again.status) == (200, 404)


@pytest.mark.parametrize("length", [20_000, 20_001])
def test_a_tag_too_long_is_refused_and_never_cut(api, length):
    key = api.experiment()

    answer = api.post(
        "experiments/set-experiment-tag", experiment_id=key, key="k", value="v" * length
    )

    assert answer.status == (200 if length == 20_000 else 400)


@pytest.mark.parametrize(
    ("experiment_id", "status"),
    [("x", 400), ("1.5", 400), ("999999", 404), ("-1", 404), ("9" * 40, 404), ("", 400)],
)
def test_an_id_that_names_nothing_is_refused(api, experiment_id, status):
    assert api.get("experiments/get", experiment_id=experiment_id).status == status


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, ["c", "b", "a", "Default"]),
        ({"filter": "name LIKE 'b%'"}, ["b"]),
        ({"filter": "name ILIKE 'B%'"}, ["b"]),
        ({"filter": "name != 'b'", "order_by": ["name"]}, ["Default", "a", "c"]),
        ({"filter": "tags.kind = 'x'"}, ["a"]),
        ({"filter": "tags.kind IS NULL", "order_by": ["name DESC"]}, ["c", "b", "Default"]),
        ({"filter": "creation_time > 0", "order_by": ["experiment_id ASC"]},
         ["Default", "a", "b", "c"]),
        ({"view_type": "DELETED_ONLY"}, ["gone"]),
        ({"view_type": "ALL", "order_by": ["name"]}, ["Default", "a", "b", "c", "gone"]),
    ],
)  # fmt: skip
def test_experiments_are_searched_as_mlflow_does(api, fields, names):
    for name in ["a", "b", "c", "gone"]:
        api.experiment(name, tags=[{"key": "kind", "value": "x"}] if name == "a" else [])
    gone = api.get("experiments/get-by-name", experiment_name="gone").body["experiment"]
    api.post("experiments/delete", experiment_id=gone["experiment_id"])
    if "order_by" not in fields:
        # Those of one millisecond are ordered by id, so the order must be asked for.
        fields = fields | {"order_by": ["experiment_id DESC"]}

    answer = api.post("experiments/search", max_results=100, **fields)

    assert [found["name"] for found in answer.body["experiments"]] == names


def test_pages_of_a_search_join_without_gap_or_overlap(api):
    for index in range(5):
        api.experiment(f"e{index}")

    seen, token = [], ""
    while True:
        answer = api.post("experiments/search", max_results=2, page_token=token).body
        seen += [found["name"] for found in answer["experiments"]]
        token = answer.get("next_page_token", "")
        if not token:
            break

    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "It must be a positive integer"),
        ({"max_results": 50_001}, "It must be at most 50000"),
        ({"max_results": 1, "page_token": "§"}, "could not base64-decode"),
        ({"max_results": 1, "page_token": "aGVsbG8="}, "Invalid page token"),
        ({"max_results": 1, "filter": "colour = 'red'"}, "colour"),
        ({"max_results": 1, "order_by": ["colour"]}, "colour"),
    ],
)
def test_a_bad_search_is_refused_with_the_reason(api, fields, words):
    answer = api.post("experiments/search", fields)

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert words in answer.message
