import json

import pytest

from tests.mlflow_api.conftest import pairs


@pytest.fixture
def experiment(api) -> str:
    return api.experiment("models")


def create(api, experiment: str, **fields) -> dict:
    return api.post("logged-models", experiment_id=experiment, **fields).body["model"]


def read(api, model_id: str) -> dict:
    return api.get(f"logged-models/{model_id}").body["model"]


def test_a_logged_model_is_pending_until_its_files_are_there(api, experiment):
    run = api.run(experiment)
    model = create(
        api,
        experiment,
        name="m",
        model_type="classifier",
        source_run_id=run,
        params=[{"key": "depth", "value": "3"}],
        tags=[{"key": "t", "value": "1"}],
    )
    key = model["info"]["model_id"]

    done = api.send("PATCH", f"logged-models/{key}", {"status": "LOGGED_MODEL_READY"})

    assert model["info"]["status"] == "LOGGED_MODEL_PENDING"
    assert model["info"]["artifact_uri"] == (
        f"mlflow-artifacts:/{experiment}/models/{key}/artifacts"
    )
    assert pairs(model["data"]["params"]) == {"depth": "3"}
    assert done.body["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    assert read(api, key)["info"]["source_run_id"] == run


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "100%", 'a"b', "a'b"])
def test_a_name_that_a_uri_cannot_hold_is_refused(api, experiment, name):
    answer = api.post("logged-models", experiment_id=experiment, name=name)

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "cannot contain the following characters" in answer.message


def test_points_about_a_model_are_kept_on_it_once(api, experiment):
    run = api.run(experiment)
    key = create(api, experiment)["info"]["model_id"]
    point = {
        "key": "auc",
        "value": 0.5,
        "timestamp": 1,
        "step": 2,
        "model_id": key,
        "dataset_name": "iris",
        "dataset_digest": "d",
    }

    for _ in range(2):
        assert api.post("runs/log-batch", run_id=run, metrics=[point]).status == 200
    api.post("runs/log-metric", run_id=run, **point)

    assert read(api, key)["data"]["metrics"] == [point | {"run_id": run}]


def test_what_a_run_made_and_read_stands_on_the_run(api, experiment):
    run = api.run(experiment)
    made, used = (create(api, experiment)["info"]["model_id"] for _ in range(2))

    api.post("runs/outputs", run_id=run, models=[{"model_id": made, "step": 3}])
    api.post("runs/log-inputs", run_id=run, models=[{"model_id": used}])
    found = api.read(run)

    assert found["outputs"] == {"model_outputs": [{"model_id": made, "step": 3}]}
    assert found["inputs"]["model_inputs"] == [{"model_id": used}]


def test_tags_are_written_over_and_removed_and_params_are_not(api, experiment):
    key = create(api, experiment)["info"]["model_id"]

    api.send("PATCH", f"logged-models/{key}/tags", {"tags": [{"key": "a/b", "value": "1"}]})
    api.send("PATCH", f"logged-models/{key}/tags", {"tags": [{"key": "a/b", "value": "2"}]})
    tagged = read(api, key)["info"]["tags"]
    removed = api.send("DELETE", f"logged-models/{key}/tags/a/b", {})
    missed = api.send("DELETE", f"logged-models/{key}/tags/a/b", {})
    api.post(f"logged-models/{key}/params", params=[{"key": "p", "value": "1"}])
    same = api.post(f"logged-models/{key}/params", params=[{"key": "p", "value": "1"}])
    other = api.post(f"logged-models/{key}/params", params=[{"key": "p", "value": "2"}])

    assert pairs(tagged) == {"a/b": "2"}
    assert (removed.status, missed.status) == (200, 404)
    assert (same.status, other.status) == (200, 400)


def test_a_deleted_model_is_found_no_more(api, experiment):
    key = create(api, experiment)["info"]["model_id"]

    assert api.send("DELETE", f"logged-models/{key}", {}).status == 200

    assert api.get(f"logged-models/{key}").status == 404
    assert api.post("logged-models/search", experiment_ids=[experiment]).body == {}


def test_registered_versions_are_read_from_the_tag_that_clients_read(api, experiment):
    versions = [{"name": "churn", "version": 3}]
    tag = {"key": "mlflow.modelVersions", "value": json.dumps(versions)}
    broken = {"key": "mlflow.modelVersions", "value": "not json"}

    assert create(api, experiment, tags=[tag])["info"]["registrations"] == [
        {"name": "churn", "version": "3"}
    ]
    assert "registrations" not in create(api, experiment, tags=[broken])["info"]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, "ba"),
        ({"filter": "name = 'a'"}, "a"),
        ({"filter": "params.depth = '2'"}, "b"),
        ({"filter": "metrics.auc > 0.6"}, "b"),
        ({"filter": "status = 'READY'"}, ""),
        ({"filter": "status IN ('PENDING', 'READY')"}, "ba"),
        ({"order_by": [{"field_name": "metrics.auc", "ascending": True}]}, "ab"),
        ({"order_by": [{"field_name": "metrics.auc", "ascending": False}]}, "ba"),
        ({"order_by": [{"field_name": "name"}]}, "ab"),
        ({"datasets": [{"dataset_name": "iris"}]}, "b"),
        ({"max_results": 1}, "b"),
    ],
)
def test_logged_models_are_searched(api, experiment, fields, names):
    run = api.run(experiment)
    for index, name in enumerate("ab", start=1):
        key = create(
            api, experiment, name=name, params=[{"key": "depth", "value": str(index)}]
        )["info"]["model_id"]  # fmt: skip
        point = {"key": "auc", "value": index / 2.5, "timestamp": 1, "model_id": key}
        if name == "b":
            point |= {"dataset_name": "iris", "dataset_digest": "d"}
        api.post("runs/log-batch", run_id=run, metrics=[point])
    from runs.models import LoggedModel

    # Made within a millisecond they would be in no certain order.
    LoggedModel.objects.filter(name="b").update(creation_time=2**50)

    answer = api.post("logged-models/search", experiment_ids=[experiment], **fields)

    assert answer.status == 200
    assert "".join(each["info"]["name"] for each in answer.body.get("models", [])) == names


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"experiment_ids": ["x"]},
        {"experiment_ids": ["0"], "filter": "colour = 'red'"},
        {"experiment_ids": ["0"], "order_by": [{"field_name": "colour"}]},
        {"experiment_ids": ["0"], "max_results": -1},
    ],
)
def test_a_bad_search_is_refused(api, fields):
    assert api.post("logged-models/search", fields).status == 400
