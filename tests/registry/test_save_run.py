"""Save as ML model: from a run's page to a version, and what is said when it cannot be."""

import re

import pytest

from registry.models import ModelVersion, RegisteredModel
from runs.actions.logged_models import finalize
from runs.actions.runs import delete_run
from runs.models import LoggedModelStatus, Run
from tests.registry.files import MODEL_FILES
from tests.registry.made import (
    PROMPT,
    make_logged_model,
    make_model,
    make_run_with_model,
    make_version,
)
from tests.runs.logged import make_experiment, make_run, write_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(db) -> Run:
    """A run with one model folder, in the experiment churn."""
    return make_run_with_model("kind-owl")[0]


def url(run: Run) -> str:
    return f"/w/default/runs/{run.run_id}/save-as-model/"


def save(client, run: Run, *, follow: bool = True, **fields: str):
    asked = {"target": "new", "name": "churn", "folder": "/model"}
    return client.post(url(run), asked | fields, follow=follow)


def checked(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)" checked', page)


def test_the_only_folder_and_a_new_model_are_chosen_at_first(client, run):
    page = client.get(url(run)).text

    assert checked(page, "target") == ["new"]
    assert checked(page, "folder") == ["/model"]
    assert 'name="name" value="churn"' in page
    assert "sklearn · 12.3 kB · with a signature" in page
    assert "There is none yet" in page


def test_a_run_becomes_version_1_of_a_new_model(client, run):
    response = save(
        client,
        run,
        description="The first",
        alias="champion",
        tag_key="review",
        tag_value="open",
    )

    version = ModelVersion.objects.get()
    assert response.redirect_chain == [(f"/w/default/runs/{run.run_id}/", 302)]
    assert 'Saved as churn v1 · <a href="/w/default/models/churn/versions/1/">' in response.text
    assert "View ML model" in response.text
    assert (version.model.name, version.run, version.description) == ("churn", run, "The first")
    assert version.source == f"{run.artifact_uri}/model"
    assert version.aliases.get().alias == "champion"
    assert dict(version.tags.values_list("key", "value")) == {"review": "open"}
    assert client.get(version.get_absolute_url()).status_code == 200


def test_the_runs_page_leads_here_and_shows_what_came_of_it(client, run):
    page = client.get(f"/w/default/runs/{run.run_id}/").text
    assert f'href="{url(run)}"' in page

    save(client, run)

    assert (
        "/w/default/models/churn/versions/1/" in client.get(f"/w/default/runs/{run.run_id}/").text
    )


def test_a_run_becomes_the_next_version_of_an_existing_model(client, run):
    make_model("other")
    model = make_model("churn", versions=3)
    page = client.get(url(run)).text
    assert "churn — will become version 4" in page
    assert "other — will become version 1" in page

    save(client, run, target="existing", existing="churn", name="")

    assert model.versions.get(version=4).run == run


def test_the_model_that_the_experiment_was_saved_as_is_chosen_at_first(client, run):
    save(client, run)
    again = make_run(run.experiment, "again", files={"model/MLmodel": MODEL_FILES["MLmodel"]})
    make_model("changed since")

    page = client.get(url(again)).text

    assert checked(page, "target") == ["existing"]
    assert '<option value="churn" selected>churn — will become version 2</option>' in page
    # The name is taken, so it is not proposed for a new model.
    assert 'name="name" value' not in page


def test_a_logged_model_is_a_folder_to_choose(client, run):
    logged = make_logged_model(run)
    finalize(logged, status=LoggedModelStatus.READY)
    for path, content in MODEL_FILES.items():
        write_file(logged, path, content)
    page = client.get(url(run)).text
    assert re.findall(r'name="folder" value="([^"]*)"', page) == [logged.model_id, "/model"]
    assert checked(page, "folder") == []

    save(client, run, folder=logged.model_id)

    version = ModelVersion.objects.get()
    assert (version.source, version.logged_model) == (f"models:/{logged.model_id}", logged)
    assert version.storage_location == logged.artifact_uri


def test_a_logged_model_whose_upload_failed_cannot_be_chosen(client, run):
    for status in (LoggedModelStatus.UPLOAD_FAILED, LoggedModelStatus.PENDING):
        finalize(make_logged_model(run), status=status)

    page = client.get(url(run)).text

    assert re.findall(r'name="folder" value="([^"]*)"', page) == ["/model"]


def test_folders_are_found_at_any_depth_and_at_the_root(client, run):
    write_file(run, "deep/down/forest/MLmodel", MODEL_FILES["MLmodel"])
    write_file(run, "MLmodel", "rubbish")

    page = client.get(url(run)).text
    assert re.findall(r'name="folder" value="([^"]*)"', page) == [
        "/", "/deep/down/forest", "/model"
    ]  # fmt: skip

    save(client, run, folder="/deep/down/forest")
    save(client, run, folder="/", name="all of it")
    assert sorted(version.source for version in ModelVersion.objects.all()) == [
        run.artifact_uri, f"{run.artifact_uri}/deep/down/forest"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": ""}, "Give the name some text."),
        ({"name": "a/b"}, "A name cannot have / or : in it"),
        ({"name": "x" * 257}, "at most 256 characters"),
        ({"name": "taken"}, 'a <a href="/w/default/models/taken/">model of this name</a> already'),
        ({"name": "greeting"}, "A prompt has this name"),
        ({"target": ""}, "Choose a new model or an existing one."),
        ({"target": "both"}, "Select a valid choice"),
        ({"target": "existing"}, "Choose the model that gets a new version."),
        ({"target": "existing", "existing": "nothing"}, "There is no model of this name any more."),
        ({"target": "existing", "existing": "greeting"}, "There is no model of this name any more"),
        ({"target": "existing", "existing": "theirs"}, "There is no model of this name any more."),
        ({"target": "existing", "existing": "a\x00"}, "Null characters are not allowed."),
        ({"folder": ""}, "Choose the folder of the model."),
        ({"folder": "/no/such"}, "The run has no model in this folder."),
        ({"folder": "/../../etc"}, "The run has no model in this folder."),
        ({"folder": "m-" + "0" * 32}, "The run has no model in this folder."),
        ({"alias": "v4"}, "are taken: they mean versions already"),
        ({"alias": "a b"}, "An alias has letters, digits"),
        ({"description": "x" * 100_001}, "at most 100,000 characters"),
        ({"tag_key": "mlflow.x", "tag_value": "y"}, "are the clients&#x27; own"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_made(
    client, run, fields, reason
):
    make_model("taken")
    make_model("greeting", tags=PROMPT)
    make_model("theirs", workspace="elsewhere")

    response = save(client, run, **{"description": "kept words"} | fields)

    assert response.status_code == 422
    assert reason in response.text
    assert fields.get("description", "kept words") in response.text
    assert not ModelVersion.objects.exists()
    assert RegisteredModel.objects.count() == 3


def test_what_stands_in_the_fields_of_the_other_way_does_not_matter(client, run):
    make_model("churn")

    save(client, run, target="existing", existing="churn", name="a/b")
    save(client, run, target="new", existing="a\x00", name="other")

    assert sorted(map(str, ModelVersion.objects.all())) == ["churn v1", "other v1"]


def test_an_alias_of_another_version_moves_only_when_that_is_said(client, run):
    model = make_model("churn")
    make_version(model, alias="champion")
    fields = {"target": "existing", "existing": "churn", "alias": "champion"}

    asked = save(client, run, **fields)
    assert asked.status_code == 422
    assert "Version 1 has this alias. Shall it move?" in asked.text
    assert "Move champion from version 1 to the new version" in asked.text
    assert model.versions.count() == 1

    save(client, run, **fields, move_alias="on")
    assert model.aliases.get().model_version.version == 2


def test_models_are_found_among_many_and_what_was_typed_stays(client, run):
    for i in range(10):
        make_model(f"model {i}")
    page = client.get(url(run)).text
    assert 'name="find_text"' in page

    found = save(
        client, run, target="existing", find="1", find_text="MODEL 7", description="kept words"
    )

    assert found.status_code == 200
    assert re.findall(r'<option value="([^"]+)"', found.text) == ["model 7"]
    assert "kept words" in found.text
    assert checked(found.text, "target") == ["existing"]
    nothing = save(client, run, target="existing", find="1", find_text="x", existing="model 3")
    assert re.findall(r'<option value="([^"]+)" selected', nothing.text) == ["model 3"]
    assert not ModelVersion.objects.exists()


def test_a_row_for_a_tag_is_added_without_saving(client, run):
    response = save(client, run, add_tag="1", tag_key="review", tag_value="open")

    assert response.status_code == 200
    assert response.text.count('name="tag_key"') == 2
    assert not ModelVersion.objects.exists()


def test_a_run_without_model_files_says_why_and_what_would_help(client):
    run = make_run(make_experiment("churn"), files={"notes.txt": "nothing"})

    for response in (client.get(url(run)), save(client, run)):
        assert response.status_code == 200
        assert "The run has no model files" in response.text
        assert f"mlflow.start_run(run_id=&quot;{run.run_id}&quot;)" in response.text
    assert not ModelVersion.objects.exists()


def test_a_run_whose_files_are_elsewhere_says_so(client):
    run = make_run(make_experiment("churn"))
    Run.objects.update(artifact_uri="s3://bucket/run")

    assert "s3://bucket/run" in client.get(url(run)).text


def test_a_run_in_the_trash_is_not_saved(client, run):
    delete_run(run)

    for response in (client.get(url(run)), save(client, run)):
        assert "The run is in the Trash" in response.text
    assert not ModelVersion.objects.exists()


def test_a_run_that_is_not_there_is_not_found(client, run):
    assert client.get("/w/default/runs/nothing/save-as-model/").status_code == 404
    assert client.post(f"/w/elsewhere/runs/{run.run_id}/save-as-model/").status_code == 404


def test_a_name_may_have_any_character(client, run):
    name = '100% "sure" <b>it\'s #1?'

    response = save(client, run, name=name)

    assert response.status_code == 200
    assert "<b>it" not in response.text
    assert ModelVersion.objects.get().model.name == name
