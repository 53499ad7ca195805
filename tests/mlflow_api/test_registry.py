"""The registry on the wire: what each call answers, and how each says no."""

import json

import pytest

from registry.models import ModelVersion, RegisteredModel
from tests.mlflow_api.conftest import pairs
from tests.registry.made import make_model, make_run_with_model, make_version

SOURCE = "s3://bucket/model"
PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]


def register(api, name: str = "churn", **fields: object) -> dict:
    answer = api.post("registered-models/create", name=name, **fields)
    assert answer.status == 200, answer
    return answer.body["registered_model"]


def add(api, name: str = "churn", **fields: object) -> dict:
    answer = api.post("model-versions/create", **{"name": name, "source": SOURCE} | fields)
    assert answer.status == 200, answer
    return answer.body["model_version"]


def model_of(api, name: str = "churn") -> dict:
    return api.get("registered-models/get", name=name).body["registered_model"]


def test_a_model_answers_with_what_it_has_and_leaves_out_what_it_has_not(api):
    bare = register(api)
    full = register(
        api, "full", description="words", tags=[{"key": "k", "value": "1"}, {"key": "k"}]
    )

    assert set(bare) == {"name", "creation_timestamp", "last_updated_timestamp"}
    assert bare["creation_timestamp"] == bare["last_updated_timestamp"]
    assert full["description"] == "words"
    assert full["tags"] == [{"key": "k", "value": ""}]


def test_a_version_always_has_the_fields_that_clients_read(api):
    register(api)

    version = add(api, tags=[{"key": "k", "value": "v"}], description="d", run_link="https://ci/1")

    moment = version["creation_timestamp"]
    assert version == {
        "name": "churn",
        "version": "1",
        "creation_timestamp": moment,
        "last_updated_timestamp": moment,
        "current_stage": "None",
        "description": "d",
        "source": SOURCE,
        "run_id": "",
        "status": "READY",
        "run_link": "https://ci/1",
        "tags": [{"key": "k", "value": "v"}],
    }


def test_a_model_lists_the_latest_version_of_each_stage(api):
    register(api)
    for _ in range(3):
        add(api)
    api.post("model-versions/transition-stage", name="churn", version="1", stage="production")
    api.post("registered-models/alias", name="churn", alias="champion", version="3")

    model = model_of(api)

    assert [(each["version"], each["current_stage"]) for each in model["latest_versions"]] == [
        ("1", "Production"),
        ("3", "None"),
    ]
    assert model["aliases"] == [{"alias": "champion", "version": "3"}]
    for method in (api.get, api.post):
        latest = method("registered-models/get-latest-versions", name="churn").body
        assert [each["version"] for each in latest["model_versions"]] == ["1", "3"]
        assert latest["model_versions"][1]["aliases"] == ["champion"]
    some = api.post("registered-models/get-latest-versions", name="churn", stages=["NONE"]).body
    assert [each["version"] for each in some["model_versions"]] == ["3"]


def test_names_are_changed_and_models_are_deleted(api):
    register(api, "taken")
    register(api)
    add(api)

    taken = api.post("registered-models/rename", name="churn", new_name="taken")
    assert (taken.status, taken.code) == (400, "RESOURCE_ALREADY_EXISTS")
    renamed = api.post("registered-models/rename", name="churn", new_name="loss").body
    assert renamed["registered_model"]["latest_versions"][0]["name"] == "loss"
    assert api.get("registered-models/get", name="churn").status == 404

    assert api.send("DELETE", "registered-models/delete", {"name": "loss"}).body == {}
    assert api.get("model-versions/get", name="loss", version="1").status == 404


def test_descriptions_are_changed_and_absent_ones_are_empty(api):
    register(api, description="old")
    add(api, description="old")

    model = api.send(
        "PATCH", "registered-models/update", {"name": "churn", "description": "new"}
    ).body["registered_model"]
    assert model["description"] == "new"
    model = api.send("PATCH", "registered-models/update", {"name": "churn"}).body
    assert "description" not in model["registered_model"]
    version = api.send(
        "PATCH", "model-versions/update", {"name": "churn", "version": "1", "description": "é"}
    ).body["model_version"]
    assert version["description"] == "é"


def test_tags_are_set_and_deleting_an_absent_one_is_fine(api):
    register(api)
    add(api)

    api.post("registered-models/set-tag", name="churn", key="a", value="1")
    api.post("model-versions/set-tag", name="churn", version="1", key="b", value="2")
    assert pairs(model_of(api)["tags"]) == {"a": "1"}
    assert pairs(model_of(api)["latest_versions"][0]["tags"]) == {"b": "2"}

    for _ in range(2):
        gone = api.send("DELETE", "registered-models/delete-tag", {"name": "churn", "key": "a"})
        assert (gone.status, gone.body) == (200, {})
        gone = api.send(
            "DELETE", "model-versions/delete-tag", {"name": "churn", "version": "1", "key": "b"}
        )
        assert (gone.status, gone.body) == (200, {})
    assert "tags" not in model_of(api)


def test_an_alias_is_found_moved_and_removed(api):
    register(api)
    add(api)
    add(api)

    for version in ("1", "2"):
        api.post("registered-models/alias", name="churn", alias="champion", version=version)
        found = api.get("registered-models/alias", name="churn", alias="champion").body
        assert found["model_version"]["version"] == version
    latest = api.get("registered-models/alias", name="churn", alias="Latest").body
    assert latest["model_version"]["version"] == "2"

    for _ in range(2):
        gone = api.send("DELETE", "registered-models/alias", {"name": "churn", "alias": "champion"})
        assert gone.status == 200
    missing = api.get("registered-models/alias", name="churn", alias="champion")
    assert (missing.status, missing.code) == (400, "INVALID_PARAMETER_VALUE")
    assert missing.message == "Registered model alias champion not found."


def test_files_are_found_through_the_origin(api):
    run, source = make_run_with_model()
    register(api)
    register(api, "copy")
    add(api, source=source, run_id=run.run_id)
    add(api, "copy", source="models:/churn/1")

    for name in ("churn", "copy"):
        answer = api.get("model-versions/get-download-uri", name=name, version="1")
        assert answer.body == {"artifact_uri": source}
    response = api.client.get(
        "/model-versions/get-artifact", {"name": "copy", "version": "1", "path": "MLmodel"}
    )
    assert b"mlflow_version" in b"".join(response.streaming_content)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"name": "churn", "version": "1", "path": "no/such"}, 404),
        ({"name": "churn", "version": "1", "path": "../../x"}, 400),
        ({"name": "churn", "version": "1"}, 400),
        ({"name": "churn", "version": "2", "path": "MLmodel"}, 404),
        ({"name": "churn", "version": "x", "path": "MLmodel"}, 400),
        ({"name": "nothing", "version": "1", "path": "MLmodel"}, 404),
        ({"name": "bucket", "version": "1", "path": "MLmodel"}, 404),
        ({}, 400),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused(api, query, status):
    run, source = make_run_with_model()
    make_version(make_model("churn"), source=source, run_id=run.run_id)
    make_version(make_model("bucket"))

    response = api.client.get("/model-versions/get-artifact", query)

    assert response.status_code == status
    assert json.loads(response.content)["error_code"]


@pytest.mark.parametrize(
    ("call", "asked", "status", "message"),
    [
        ("registered-models/create", {}, 400, "Missing value for required parameter 'name'"),
        ("registered-models/create", {"name": 7}, 400, "Invalid value 7 for parameter 'name'"),
        ("registered-models/create", {"name": "a/b"}, 400, "Names cannot contain '/' or ':'."),
        ("registered-models/create", {"name": "churn"}, 400, "already exists"),
        ("registered-models/create", {"name": "x\u0000"}, 400, "NUL"),
        ("registered-models/create", {"name": "x", "tags": [{"value": "v"}]}, 400, "tags[0].key"),
        ("registered-models/create", {"name": "x", "tags": {"a": "b"}}, 400, "'tags'"),
        ("registered-models/create", {"name": "churn", "tags": PROMPT}, 400,
         "Tried to create a prompt"),
        ("registered-models/rename", {"name": "churn", "new_name": " "}, 400, "'new_name'"),
        ("registered-models/rename", {"name": "no", "new_name": "x"}, 404,
         "Registered Model with name=no not found"),
        ("registered-models/set-tag", {"name": "no", "key": "k"}, 404, "name=no not found"),
        ("registered-models/set-tag", {"name": "churn", "key": "a//b"}, 400, "would resolve to"),
        ("registered-models/set-tag", {"name": "churn"}, 400, "'key'"),
        ("registered-models/alias", {"name": "churn", "alias": "a", "version": "9"}, 404,
         "Model Version (name=churn, version=9) not found"),
        ("registered-models/alias", {"name": "churn", "alias": "v1", "version": "1"}, 400,
         "Version alias name 'v1' is reserved."),
        ("registered-models/alias", {"name": "churn", "alias": "a", "version": "one"}, 400,
         "Parameter 'version' must be an integer, got 'one'."),
        ("registered-models/get-latest-versions", {"name": "no"}, 404, "not found"),
        ("registered-models/get-latest-versions", {"name": "churn", "stages": ["foo"]}, 400,
         "Invalid Model Version stage: foo. Value must be one of"),
        ("model-versions/create", {"name": "churn"}, 400, "'source'"),
        ("model-versions/create", {"name": "no", "source": SOURCE}, 404, "name=no not found"),
        ("model-versions/create", {"name": "churn", "source": "/etc"}, 400, "To use a local path"),
        ("model-versions/create", {"name": "churn", "source": "models:/m-" + "0" * 32}, 400,
         "The model_id request parameter must identify"),
        ("model-versions/create", {"name": "churn", "source": "models:/no/1"}, 404, "name=no"),
        ("model-versions/create", {"name": "churn", "source": SOURCE, "model_id": "m-1"}, 404,
         "Logged model with ID 'm-1' not found."),
        ("model-versions/transition-stage", {"name": "churn", "version": "1", "stage": "x"}, 400,
         "Invalid Model Version stage: x."),
        ("model-versions/transition-stage",
         {"name": "churn", "version": "1", "stage": "None", "archive_existing_versions": True}, 400,
         "'None' is not an Active stage"),
        ("model-versions/set-tag", {"name": "churn", "version": "9", "key": "k"}, 404,
         "version=9) not found"),
        ("model-versions/set-tag", {"name": "churn", "version": 1, "key": "k"}, 400, "'version'"),
        ("model-versions/set-tag", {"name": "churn", "version": "9" * 30, "key": "k"}, 404,
         "not found"),
        ("model-versions/set-tag", {"name": "churn", "version": "-1", "key": "k"}, 404,
         "not found"),
        ("model-versions/set-tag", {"name": "churn", "version": "9" * 5000, "key": "k"}, 400,
         "must be an integer"),
    ],
)  # fmt: skip
def test_a_call_that_cannot_be_done_says_why(api, call, asked, status, message):
    register(api)
    add(api)

    answer = api.post(call, asked)

    assert answer.status == status
    assert answer.code == (
        "RESOURCE_DOES_NOT_EXIST"
        if status == 404
        else "RESOURCE_ALREADY_EXISTS"
        if "already" in answer.message
        else "INVALID_PARAMETER_VALUE"
    )
    assert message in answer.message


def test_searches_are_paged(api):
    for number in range(5):
        register(api, f"model-{number}")
        add(api, f"model-{number}")

    for call, field in (
        ("registered-models/search", "registered_models"),
        ("model-versions/search", "model_versions"),
    ):
        found, token = [], ""
        while True:
            page = api.get(call, max_results=2, page_token=token, order_by="name DESC").body
            found += [each["name"] for each in page[field]]
            token = page.get("next_page_token", "")
            if not token:
                break
        assert found == [f"model-{number}" for number in (4, 3, 2, 1, 0)]


def test_pages_of_models_join_although_others_come_first_and_go(api):
    for name in ("b", "c", "d", "e"):
        register(api, name)
    first = api.get("registered-models/search", max_results=2).body

    register(api, "a")
    api.send("DELETE", "registered-models/delete", {"name": "b"})
    rest = api.get(
        "registered-models/search", max_results=2, page_token=first["next_page_token"]
    ).body

    assert [model["name"] for model in rest["registered_models"]] == ["d", "e"]
    assert "next_page_token" not in rest


def test_pages_of_versions_join_although_newer_ones_come(api):
    for name in ("a", "b", "c"):
        register(api, name)
        add(api, name)
        add(api, name)
    for moment, name in enumerate(("a", "b", "c")):
        ModelVersion.objects.filter(model__name=name).update(last_update_time=moment)
    first = api.get("model-versions/search", max_results=4).body

    add(api, "a")
    rest = api.get("model-versions/search", max_results=4, page_token=first["next_page_token"]).body

    assert [(each["name"], each["version"]) for each in first["model_versions"]] == [
        *(("c", "2"), ("c", "1"), ("b", "2"), ("b", "1"))
    ]
    assert [(each["name"], each["version"]) for each in rest["model_versions"]] == [
        *(("a", "2"), ("a", "1"))
    ]


def test_a_search_for_no_models_finds_none_and_ends(api):
    register(api)

    assert api.get("registered-models/search", max_results=0).body == {}


def test_a_path_that_leaves_the_files_is_no_path_whatever_version_is_named(api):
    answer = api.client.get(
        "/model-versions/get-artifact", {"name": "none", "version": 1, "path": "../x"}
    )

    assert answer.status_code == 400
    assert answer.json() == {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid path"}


@pytest.mark.parametrize(
    ("call", "query"),
    [
        ("registered-models/search", {"max_results": 1001}),
        ("registered-models/search", {"max_results": "many"}),
        ("registered-models/search", {"page_token": "rubbish"}),
        ("registered-models/search", {"filter": "name >"}),
        ("registered-models/search", {"order_by": "pk"}),
        ("model-versions/search", {"max_results": 200_001}),
        ("model-versions/search", {"max_results": -1}),
        ("model-versions/search", {"filter": "model__workspace = 'x'"}),
        ("model-versions/search", {"order_by": ["name", "name"]}),
    ],
)
def test_a_search_that_cannot_be_done_is_refused(api, call, query):
    answer = api.get(call, **query)

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")


def test_prompts_are_found_only_by_those_who_ask(api):
    register(api)
    register(api, "greeting", tags=PROMPT)
    add(api, "greeting", source="dummy-source", tags=PROMPT)

    assert [each["name"] for each in api.get("registered-models/search").body[
        "registered_models"]] == ["churn"]  # fmt: skip
    assert api.get("model-versions/search").body == {}
    asked = {"filter": "tags.`mlflow.prompt.is_prompt` = 'true'"}
    assert len(api.get("registered-models/search", **asked).body["registered_models"]) == 1
    assert len(api.get("model-versions/search", **asked).body["model_versions"]) == 1


def test_a_workspace_sees_only_its_own(api):
    make_version(make_model("theirs", workspace="elsewhere"))
    register(api, "ours")

    assert api.get("registered-models/get", name="theirs").status == 404
    assert api.get("model-versions/search").body == {}
    answer = api.client.get("/w/elsewhere/api/2.0/mlflow/registered-models/search")
    assert [each["name"] for each in answer.json()["registered_models"]] == ["theirs"]
    register(api, "theirs")
    assert RegisteredModel.objects.filter(name="theirs").count() == 2


def test_more_models_do_not_mean_more_queries(api, django_assert_num_queries):
    def fill(count: int) -> None:
        for number in range(count):
            name = f"model-{RegisteredModel.objects.count()}-{number}"
            make_version(make_model(name, tags={"k": "v"}), alias="a", tags={"k": "v"})

    fill(2)
    # The workspace, the models, their tags and aliases, their latest versions, and those' tags.
    with django_assert_num_queries(6):
        api.get("registered-models/search")
    fill(5)
    with django_assert_num_queries(6):
        answer = api.get("registered-models/search")
    assert len(answer.body["registered_models"]) == 7
    # The workspace, the versions, their tags.
    with django_assert_num_queries(3):
        answer = api.get("model-versions/search")
    assert len(answer.body["model_versions"]) == 7


def test_a_deleted_version_is_found_no_more(api):
    register(api)
    add(api)
    add(api)

    api.send("DELETE", "model-versions/delete", {"name": "churn", "version": "2"})

    again = api.send("DELETE", "model-versions/delete", {"name": "churn", "version": "2"})
    assert (again.status, again.code) == (404, "RESOURCE_DOES_NOT_EXIST")
    found = api.get("model-versions/search").body["model_versions"]
    assert [each["version"] for each in found] == ["1"]
    assert add(api)["version"] == "3"
    assert ModelVersion.objects.count() == 3
