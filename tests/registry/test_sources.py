"""Which sources a model version may have, and what follows from them."""

import pytest

from core.errors import Invalid, Missing, Refused
from experiments.actions import create_experiment
from registry.actions.errors import BadSource
from registry.actions.versions import delete_version, move_to_stage
from registry.models import Stage
from registry.sources import find_origin
from runs.access import NoSuchLoggedModel
from runs.actions.logged_models import delete_logged_model
from tests.registry.made import (
    BUCKET,
    PROMPT,
    make_logged_model,
    make_model,
    make_run_with_model,
    make_version,
)
from tests.runs.logged import make_experiment, make_run
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

NOT_CONTAINED = "request parameter must identify the resource that contains the source."
NOT_ABSOLUTE = "an absolute path must be provided without relative path references present."


@pytest.fixture
def workspace(db) -> Workspace:
    return Workspace.objects.get(slug="default")


@pytest.mark.parametrize(
    "source", [BUCKET, "gs://b/m", "dbfs:/models/1", "wasbs://c@a.blob.core.windows.net/m", "hub"]
)
def test_a_place_that_this_server_does_not_keep_is_taken_on_trust(workspace, source):
    if source == "hub":
        source = "hub:model/1"

    origin = find_origin(workspace, source, run_id="0" * 32)

    assert (origin.source, origin.storage_location) == (source, source)
    assert (origin.run_id, origin.run) == ("0" * 32, None)


@pytest.mark.parametrize(
    "scheme",
    ["http", "https", "ftp", "sftp", "hdfs", "viewfs", "r2", "b2", "abfss", "mlflow-artifacts"],
)
def test_a_source_sends_no_client_to_a_strangers_host(workspace, scheme):
    with pytest.raises(BadSource, match=f"'source' cannot use the '{scheme}' scheme"):
        find_origin(workspace, f"{scheme}://evil.example/model", run_id="0" * 32)
    with pytest.raises(BadSource):
        find_origin(workspace, f"{scheme.upper()}://evil.example/model")


@pytest.mark.parametrize(
    "path",
    ["/../x", "/a/../../x", "/%2e%2e/x", "/%252e%252e/x", "/a/./b", "/a%00b"],
)
def test_a_source_has_no_relative_parts(workspace, path):
    for root in ("s3://bucket", "mlflow-artifacts:", "runs:", "file:", "", "dbfs:"):
        with pytest.raises(BadSource, match=NOT_ABSOLUTE):
            find_origin(workspace, f"{root}{path}")


@pytest.mark.parametrize(
    "source",
    ["http://[", "//[x/y", "models://host/x/1", "runs://host/x", "s3://[::1", "models:/",
     "models:/x", "models:/x/", "models:/ /1", "models:/x/1/2", "models:/@a", "models:/x@",
     "runs:/", "file://[x"],
)  # fmt: skip
def test_a_source_that_cannot_be_read_is_refused(workspace, source):
    with pytest.raises(Refused):
        find_origin(workspace, source)


def test_the_files_of_a_run_are_the_runs_own(workspace):
    run, source = make_run_with_model("one")
    other, _ = make_run_with_model("two", experiment="other")

    origin = find_origin(workspace, source, run_id=run.run_id)

    assert (origin.run, origin.storage_location) == (run, source)
    assert find_origin(workspace, run.artifact_uri, run_id=run.run_id).run == run
    for run_id in (other.run_id, "0" * 32, None, ""):
        with pytest.raises(BadSource) as refused:
            find_origin(workspace, source, run_id=run_id)
        assert refused.value.message == (
            f"Invalid model version source: '{source}'. The run_id {NOT_CONTAINED}"
        )


def test_a_folder_whose_name_only_begins_alike_is_another(workspace):
    run, _ = make_run_with_model()

    with pytest.raises(BadSource):
        find_origin(workspace, f"{run.artifact_uri}-of-another/model", run_id=run.run_id)


def test_a_run_of_another_workspace_vouches_for_nothing(workspace):
    elsewhere = make_run(make_experiment("churn", workspace="elsewhere"))

    with pytest.raises(BadSource):
        find_origin(workspace, f"{elsewhere.artifact_uri}/model", run_id=elsewhere.run_id)
    assert find_origin(workspace, BUCKET, run_id=elsewhere.run_id).run is None


@pytest.mark.parametrize("root", ["/srv/files", "file:///srv/files"])
def test_a_local_path_must_lie_below_its_runs_own(workspace, root):
    experiment = create_experiment(workspace=workspace, name="local", artifact_location=root)
    run = make_run(experiment)
    below = f"/srv/files/{run.run_id}/artifacts/model"

    assert find_origin(workspace, below, run_id=run.run_id).run == run
    assert find_origin(workspace, f"file://{below}", run_id=run.run_id).run == run
    for source in (
        "/etc/passwd",
        "file:///etc",
        "/srv/files/other",
        f"file://host{below}",
        "model",
    ):
        with pytest.raises(BadSource, match="To use a local path as a model version source"):
            find_origin(workspace, source, run_id=run.run_id)
    with pytest.raises(BadSource, match="To use a local path"):
        find_origin(workspace, below)


def test_a_runs_uri_names_the_run_that_is_named(workspace):
    run, _ = make_run_with_model()
    source = f"runs:/{run.run_id}/model"

    assert find_origin(workspace, source, run_id=run.run_id).run == run
    for run_id in (None, "0" * 32):
        with pytest.raises(BadSource, match=NOT_CONTAINED):
            find_origin(workspace, source, run_id=run_id)


def test_a_logged_model_must_be_the_one_that_is_named(workspace):
    run, _ = make_run_with_model()
    logged, other = make_logged_model(run), make_logged_model(run)
    source = f"models:/{logged.model_id}"

    origin = find_origin(workspace, source, model_id=logged.model_id)

    assert (origin.logged_model, origin.run) == (logged, run)
    assert origin.storage_location == logged.artifact_uri
    inside = find_origin(workspace, f"{logged.artifact_uri}/sub", model_id=logged.model_id)
    assert inside.storage_location == f"{logged.artifact_uri}/sub"
    for source_, model_id in ((source, other.model_id), (source, None), (logged.artifact_uri, None),
                              (f"runs:/{run.run_id}/m", logged.model_id)):  # fmt: skip
        with pytest.raises(BadSource, match=NOT_CONTAINED):
            find_origin(workspace, source_, model_id=model_id)


def test_a_logged_model_that_is_not_there_is_said_not_to_be(workspace):
    run, _ = make_run_with_model()
    logged = make_logged_model(run)
    delete_logged_model(logged)

    for model_id in ("m-" + "0" * 32, logged.model_id, "nonsense"):
        with pytest.raises(NoSuchLoggedModel, match=f"Logged model with ID '{model_id}' not found"):
            find_origin(workspace, BUCKET, model_id=model_id)


def test_a_copy_has_the_origin_of_what_was_copied(workspace):
    run, source = make_run_with_model()
    version = make_version(make_model("dev"), source=source, run_id=run.run_id, alias="best")
    make_version(version.model, source=source, run_id=run.run_id)
    move_to_stage(version, stage=Stage.STAGING)

    for name in ("dev/1", "dev@best", "dev/staging"):
        origin = find_origin(workspace, f"models:/{name}")

        assert origin.source == "models:/dev/1"
        assert (origin.run, origin.run_id) == (run, run.run_id)
        assert origin.storage_location == source
    assert find_origin(workspace, "models:/dev/Latest").source == "models:/dev/2"

    copy = make_version(make_model("prod"), source="models:/dev/1")
    assert find_origin(workspace, "models:/prod/1").storage_location == source
    assert copy.run == run
    with pytest.raises(BadSource, match="must match the referenced model version"):
        find_origin(workspace, "models:/dev/1", run_id="0" * 32)
    with pytest.raises(BadSource, match="must match the referenced model version"):
        find_origin(workspace, "models:/dev/1", model_id="m-1")


def test_a_copy_of_what_is_not_there_is_refused(workspace):
    version = make_version(make_model("dev"))
    make_version(make_model("prompt", tags=PROMPT), source="dummy-source", tags=PROMPT)
    make_version(make_model("secret", workspace="elsewhere"))

    for name in ("nothing/1", "dev/2", "dev@nobody", "dev/Production", "dev/foo", "secret/1",
                 "dev/99999999999999999999999", "prompt/1", "dev/²"):  # fmt: skip
        with pytest.raises((Missing, Invalid)):
            find_origin(workspace, f"models:/{name}")
    delete_version(version)
    with pytest.raises(Missing):
        find_origin(workspace, "models:/dev/1")
    with pytest.raises(Missing):
        find_origin(workspace, "models:/dev/latest")
