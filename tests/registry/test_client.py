"""The registry through the unmodified MLflow client over HTTP."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

pytestmark = [
    # Stages are old, and clients still send them.
    pytest.mark.filterwarnings("ignore:.*deprecated since:FutureWarning"),
]


@pytest.fixture
def name() -> str:
    """A model name that no other test uses."""
    return f"diabetes {uuid4().hex[:8]} ü"


@pytest.fixture
def fitted():
    data, target = load_diabetes(return_X_y=True, as_frame=True)
    return LinearRegression().fit(data, target), data


@pytest.fixture
def run_with_model(mlflow_client, experiment_name, fitted) -> str:
    """The id of a run that logged the fitted model as "model"."""
    model, data = fitted
    mlflow.set_experiment(experiment_name)
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(
            model, name="model", signature=infer_signature(data, model.predict(data))
        )
    return run.info.run_id


def test_a_run_is_registered_found_and_loaded_back(mlflow_client, run_with_model, name, fitted):
    model, data = fitted
    uri = f"runs:/{run_with_model}/model"

    first = mlflow.register_model(uri, name, tags={"task": "regression"})
    second = mlflow.register_model(uri, name)
    mlflow_client.set_registered_model_alias(name, "champion", first.version)

    assert [first.version, second.version] == ["1", "2"]
    for reference in (f"{name}/1", f"{name}/latest", f"{name}@champion"):
        loaded = mlflow.pyfunc.load_model(f"models:/{reference}")
        assert loaded.predict(data) == pytest.approx(model.predict(data))
    version = mlflow_client.get_model_version(name, "1")
    assert (version.run_id, version.status) == (run_with_model, "READY")
    assert version.tags == {"task": "regression"}
    assert list(version.aliases) == ["champion"]
    logged = mlflow.get_logged_model(version.source.removeprefix("models:/"))
    # The client notes each version too, without looking whether the server has.
    noted = json.loads(logged.tags["mlflow.modelVersions"])
    assert {(each["name"], str(each["version"])) for each in noted} == {(name, "1"), (name, "2")}


def test_log_model_and_autolog_register_as_they_log(
    mlflow_client, monkeypatch, experiment_name, name, fitted
):
    model, data = fitted
    mlflow.set_experiment(experiment_name)

    with mlflow.start_run():
        mlflow.sklearn.log_model(model, name="model", registered_model_name=name)
    # What one integration is told outlives the test otherwise, and mlflow.autolog() minds it.
    monkeypatch.setitem(AUTOLOGGING_INTEGRATIONS, "sklearn", {})
    mlflow.sklearn.autolog(registered_model_name=name)
    with mlflow.start_run():
        LinearRegression().fit(data, data["age"])

    found = mlflow_client.search_model_versions(f"name = '{name}'")
    assert [version.version for version in found] == ["2", "1"]


def test_the_registry_is_changed_and_searched(mlflow_client, name):
    client = mlflow_client
    client.create_registered_model(name, tags={"suite": name}, description="first")
    for number in range(3):
        client.create_model_version(name, f"s3://bucket/{number}", tags={"number": str(number)})

    client.update_registered_model(name, "second")
    client.update_model_version(name, "2", "the best")
    client.set_model_version_tag(name, "2", "review", "done")
    client.delete_model_version_tag(name, "2", "number")
    client.set_registered_model_tag(name, "team", "risk")
    client.delete_registered_model_tag(name, "suite")
    client.transition_model_version_stage(name, "1", "Production")
    client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)

    model = client.get_registered_model(name)
    assert (model.description, model.tags) == ("second", {"team": "risk"})
    stages = {each.version: each.current_stage for each in model.latest_versions}
    assert stages == {"1": "Archived", "2": "Production", "3": "None"}
    version = client.get_model_version(name, "2")
    assert (version.description, version.tags) == ("the best", {"review": "done"})
    assert [each.version for each in client.get_latest_versions(name, ["Production"])] == ["2"]
    found = client.search_registered_models(f"name = '{name}'")
    assert [dict(each)["name"] for each in found] == [name]
    found = client.search_model_versions(f"name = '{name}'", order_by=["version_number ASC"])
    assert [each.version for each in found] == ["1", "2", "3"]

    client.set_registered_model_alias(name, "champion", "1")
    client.set_registered_model_alias(name, "champion", "3")
    assert client.get_model_version_by_alias(name, "champion").version == "3"
    assert client.get_registered_model(name).aliases == {"champion": "3"}
    client.delete_model_version(name, "3")
    with pytest.raises(MlflowException, match="INVALID_PARAMETER_VALUE"):
        client.get_model_version_by_alias(name, "champion")
    with pytest.raises(MlflowException, match="RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(name, "3")

    client.rename_registered_model(name, f"{name} 2")
    assert client.get_model_version(f"{name} 2", "1").name == f"{name} 2"
    client.delete_registered_model(f"{name} 2")
    with pytest.raises(MlflowException, match="RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model(f"{name} 2")


def test_versions_are_copied_to_another_name(mlflow_client, run_with_model, name):
    mlflow.register_model(f"runs:/{run_with_model}/model", name)

    copy = mlflow_client.copy_model_version(f"models:/{name}/1", f"{name} prod")

    assert (copy.name, copy.version, copy.run_id) == (f"{name} prod", "1", run_with_model)
    assert copy.source == f"models:/{name}/1"
    origin = mlflow_client.get_model_version_download_uri(name, "1")
    assert mlflow_client.get_model_version_download_uri(f"{name} prod", "1") == origin


def test_a_prompt_is_kept_beside_the_models(mlflow_client):
    name = f"greeting-{uuid4().hex[:8]}"
    mlflow.genai.register_prompt(name=name, template="Hello {{name}}", tags={"tone": "kind"})
    mlflow.genai.register_prompt(name=name, template="Hi {{name}}")
    mlflow.genai.set_prompt_alias(name, alias="live", version=1)

    assert mlflow.genai.load_prompt(f"prompts:/{name}@live").template == "Hello {{name}}"
    assert mlflow.genai.load_prompt(f"prompts:/{name}/2").format(name="you") == "Hi you"
    assert name in [prompt.name for prompt in mlflow.genai.search_prompts()]
    assert not mlflow_client.search_registered_models(f"name = '{name}'")


def test_numbers_are_dense_and_unique_when_many_register_at_once(mlflow_client, name):
    mlflow_client.create_registered_model(name)

    def register(number: int) -> int:
        return int(mlflow_client.create_model_version(name, f"s3://bucket/{number}").version)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(register, range(40)))

    assert sorted(made) == list(range(1, 41))


def test_an_alias_that_many_move_at_once_ends_on_one_version(mlflow_client, name):
    mlflow_client.create_registered_model(name)
    versions = [mlflow_client.create_model_version(name, "s3://bucket/m").version for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(
                lambda each: mlflow_client.set_registered_model_alias(name, "champion", each),
                versions,
            )
        )

    # As in MLflow, a search leaves the aliases out; each version by itself has them.
    holders = [
        version
        for version in versions
        if "champion" in mlflow_client.get_model_version(name, version).aliases
    ]
    assert holders == [mlflow_client.get_model_version_by_alias(name, "champion").version]


def test_one_name_is_created_once_when_many_create_it(mlflow_client, name):
    def create(_: int) -> str:
        try:
            mlflow_client.create_registered_model(name)
        except MlflowException as error:
            return error.error_code
        return "created"

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(create, range(6)))

    assert answers == ["RESOURCE_ALREADY_EXISTS"] * 5 + ["created"]
