"""The page of one version: what it shows of its run and its files, and what can be changed."""

import io
import re
from zipfile import ZipFile

import pytest

from registry.models import ModelVersion, RegisteredModel
from runs.actions.ingest import log_batch
from runs.actions.logged_models import finalize, log_params
from runs.actions.runs import delete_run
from runs.models import LoggedModelStatus
from tests.registry.files import MODEL_FILES
from tests.registry.made import make_logged_model, make_model, make_run_with_model, make_version
from tests.runs.logged import Point, Text, make_experiment, make_run, write_file

pytestmark = pytest.mark.django_db

URL = "/w/default/models/churn/versions/1/"


@pytest.fixture
def version(db) -> ModelVersion:
    """Version 1 of churn, from a run that logged a model folder."""
    run, source = make_run_with_model("kind-owl")
    return make_version(make_model("churn"), source=source, run_id=run.run_id)


def logged_version(**fields: object) -> ModelVersion:
    """Version 1 of churn, from a model that MLflow 3 logged."""
    run = make_run(make_experiment("churn"), "kind-owl")
    logged = make_logged_model(run)
    finalize(logged, status=LoggedModelStatus.READY)
    for path, content in MODEL_FILES.items():
        write_file(logged, path, content)
    return make_version(
        make_model("churn"),
        source=f"models:/{logged.model_id}",
        model_id=logged.model_id,
        **fields,
    )


def aliases(model: RegisteredModel) -> dict[str, int]:
    return dict(model.aliases.values_list("alias", "model_version__version"))


def test_a_version_has_the_sections_that_people_look_for(client, version):
    log_batch(
        version.run,
        metrics=[Point("val/auc", 0.91), Point("system/cpu", 3.0)],
        params=[Text("lr", "0.1"), Text("note", "")],
    )

    page = client.get(URL).text

    for title in ("Metrics", "Hyperparameters", "Model schema", "Logged files", "Tags", "Aliases"):
        assert f"<h2>{title}</h2>" in page
    assert "<dt>Time created</dt>" in page
    assert re.search(r'<dt>Run name</dt>\s*<dd><a href="/w/default/runs/\w+/">kind-owl</a>', page)
    assert re.search(r"<dt>Experiment</dt><dd><a [^>]*>churn</a>", page)
    assert 'title="0.91"' in page
    assert "system/cpu" not in page
    assert re.search(r'lr</span></th><td class="param break">0.1</td>', page)


def test_the_signature_is_read_from_the_models_file(client, version):
    page = client.get(URL).text

    assert re.search(r'<th scope="row">age</th><td><code>double</code>', page)
    assert "visits" in page
    assert "optional" in page
    assert "float64 (any)" in page


def test_files_lead_to_where_the_run_shows_them(client, version):
    page = client.get(URL).text

    assert f'href="/w/default/runs/{version.run.run_id}/artifacts/model/MLmodel"' in page
    assert f'<span class="count">{len(MODEL_FILES)}</span>' in page


def test_the_files_of_a_logged_model_show_below_its_name(client):
    version = logged_version()

    page = client.get(URL).text

    address = f"/w/default/runs/{version.run.run_id}/artifacts/forest/MLmodel"
    assert f'href="{address}"' in page
    assert client.get(address).status_code == 200
    assert "double" in page


def test_files_that_the_run_hides_are_sent_from_the_version_itself(client):
    version = logged_version()
    write_file(version.run, "forest/other.txt", "the run's own folder of that name")

    page = client.get(URL).text

    assert f'href="{URL}files/MLmodel"' in page
    response = client.get(f"{URL}files/MLmodel")
    assert b"mlflow_version" in b"".join(response.streaming_content)
    assert "attachment" in response.headers["Content-Disposition"]


def test_all_files_are_sent_as_an_archive(client, version):
    response = client.get(f"{URL}files/")

    archive = ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert sorted(archive.namelist()) == sorted(MODEL_FILES)
    assert 'filename="churn v1.zip"' in response.headers["Content-Disposition"]


def test_however_many_and_deep_the_files_are_the_page_stays_short(client, version):
    write_file(version.run, f"model/{'d/' * 200}deep.txt", "x")
    for i in range(400):
        write_file(version.run, f"model/many/{i}.txt", "x")

    page = client.get(URL)

    assert page.status_code == 200
    assert "The download has all of them" in page.text
    assert page.text.count('class="size"') <= 300
    assert f'/artifacts/model{"/d" * 12}"' in page.text


@pytest.mark.parametrize("path", ["files/no/such", "files/../../x", "files/%2e%2e/x", "files/a//b"])
def test_a_file_that_is_not_there_is_not_sent(client, version, path):
    assert client.get(f"{URL}{path}").status_code in {400, 404}


def test_a_version_whose_files_are_elsewhere_says_where(client):
    make_version(make_model("churn"), source="s3://bucket/churn/1")

    page = client.get(URL).text

    assert "The files are not kept by this server" in page
    assert "s3://bucket/churn/1" in page
    assert "No run was named" in page
    assert client.get(f"{URL}files/").status_code == 404
    assert client.get(f"{URL}files/MLmodel").status_code == 404


@pytest.mark.parametrize(
    "content",
    ["", "not yaml: [", "flavors: 7", "signature: {}", "\x00\x01", "a: &x [*x, *x]", "- a\n- b"],
)
def test_a_model_file_that_cannot_be_read_breaks_nothing(client, version, content):
    write_file(version.run, "model/MLmodel", content)

    page = client.get(URL)

    assert page.status_code == 200
    assert "There is no file" in page.text


def test_a_model_without_a_signature_is_said_to_have_none(client, version):
    write_file(version.run, "model/MLmodel", "flavors:\n  sklearn:\n    code: null\n")

    page = client.get(URL).text

    assert "without a signature" in page
    assert "mlflow.sklearn.load_model" in page


def test_what_the_logged_model_was_measured_by_stands_beside_the_runs_metrics(client):
    version = logged_version()
    log_params(version.logged_model, params={"depth": "3"})
    key = version.logged_model.model_id
    log_batch(
        version.run,
        metrics=[
            Point("auc", 0.9),
            Point("auc", 0.7, step=0, model_id=key, dataset_name="holdout"),
            Point("f1", 0.5, step=1, model_id=key, dataset_name="holdout"),
        ],
    )

    page = client.get(URL).text

    assert page.count("on holdout") >= 1
    assert "depth" in page


def test_a_run_that_is_in_the_trash_or_gone_leaves_the_version(client, version):
    delete_run(version.run)
    assert "In Trash" in client.get(URL).text

    version.run.delete()
    page = client.get(URL)
    assert page.status_code == 200
    assert "not on this server" in page.text


def test_the_snippet_loads_this_version(client, version):
    page = client.get(URL).text

    assert "mlflow.set_tracking_uri(&quot;http://testserver&quot;)" in page
    assert "mlflow.pyfunc.load_model(&quot;models:/churn/1&quot;)" in page
    assert "mlflow models serve -m &#x27;models:/churn/1&#x27;" in page


def test_a_name_that_no_uri_can_hold_is_loaded_from_its_files(client):
    version = make_version(make_model("sure?"))

    page = client.get(version.get_absolute_url()).text

    assert "load_model(&quot;s3://bucket/model&quot;)" in page


def test_versions_lead_to_each_other(client, version):
    model = version.model
    second = make_version(model)
    make_version(model)

    page = client.get(second.get_absolute_url()).text

    assert 'href="/w/default/models/churn/versions/3/" title="Newer: version 3"' in page
    assert f'href="{URL}" title="Older: version 1"' in page


def test_a_version_is_compared_with_those_that_matter(client, version):
    other, source = make_run_with_model("brave-fox", experiment="other")
    make_version(version.model, source=source, run_id=other.run_id, alias="champion")

    page = client.get(URL).text

    assert f"?runs={version.run.run_id},{other.run_id}" in page
    assert "champion<small>Version 2" in page


@pytest.mark.parametrize("number", ["0", "2", "99999999999999999999", "-1", "x"])
def test_a_version_that_is_not_there_is_not_found(client, version, number):
    assert client.get(f"/w/default/models/churn/versions/{number}/").status_code == 404


# ------------------------------------------------------------------ Aliases


def test_an_alias_is_added_and_removed(client, version):
    response = client.post(f"{URL}aliases/", {"alias": "champion"}, follow=True)
    assert response.redirect_chain == [(f"{URL}#aliases", 302)]
    assert "models:/churn@champion" in response.text

    client.post(f"{URL}aliases/remove/", {"alias": "champion"})
    assert aliases(version.model) == {}


def test_an_alias_of_another_version_moves_only_when_that_is_said(client, version):
    second = make_version(version.model, alias="champion")

    asked = client.post(f"{URL}aliases/", {"alias": "champion"})
    assert asked.status_code == 422
    assert "is on version 2 now" in asked.text
    assert "Move it from version 2 to version 1" in asked.text
    assert aliases(version.model) == {"champion": second.version}

    moved = client.post(f"{URL}aliases/", {"alias": "champion", "move": "on"}, follow=True)
    assert "champion moved from version 2 to version 1" in moved.text
    assert aliases(version.model) == {"champion": 1}


def test_an_alias_that_has_moved_meanwhile_is_not_removed_from_its_new_place(client, version):
    make_version(version.model, alias="champion")

    client.post(f"{URL}aliases/remove/", {"alias": "champion"})
    client.post(f"{URL}aliases/remove/", {"alias": "\x00"})
    client.post(f"{URL}aliases/remove/")

    assert aliases(version.model) == {"champion": 2}


@pytest.mark.parametrize("alias", ["", "a b", "latest", "v3", "x" * 256, "é/", "a\x00b"])
def test_an_alias_that_cannot_be_is_refused_beside_the_field(client, version, alias):
    response = client.post(f"{URL}aliases/", {"alias": alias})

    assert response.status_code == 422
    assert 'id="id_alias_error"' in response.text
    assert not version.model.aliases.exists()


# ------------------------------------------------------------------ Description, tags, deletion


def test_a_description_is_written(client, version):
    response = client.post(f"{URL}description/", {"description": "## Why\n\nBetter."}, follow=True)

    assert response.redirect_chain == [(f"{URL}#notes", 302)]
    assert "<h4>Why</h4>" in response.text
    too_long = client.post(f"{URL}description/", {"description": "x" * 100_001})
    assert too_long.status_code == 422


def test_tags_are_added_changed_and_removed_in_place(client, version):
    panel = client.post(
        f"{URL}tags/", {"key": "review", "value": "open"}, headers={"HX-Request": "true"}
    )
    assert panel.status_code == 200
    assert panel.text.lstrip().startswith('<section class="panel" id="tags"')
    assert "open" in panel.text

    client.post(f"{URL}tags/change/", {"key": "review", "value": "done"})
    assert dict(version.tags.values_list("key", "value")) == {"review": "done"}
    refused = client.post(f"{URL}tags/change/", {"key": "review", "value": ""})
    assert refused.status_code == 422
    client.post(f"{URL}tags/remove/", {"key": "review"})
    assert not version.tags.exists()
    assert client.post(f"{URL}tags/remove/").status_code == 422


def test_a_version_is_deleted_after_a_question(client, version):
    client.post(f"{URL}aliases/", {"alias": "champion"})
    assert "It takes its alias along: champion" in client.get(f"{URL}delete/").text

    response = client.post(f"{URL}delete/", follow=True)

    assert response.redirect_chain == [("/w/default/models/churn/", 302)]
    assert "Deleted version 1 of churn" in response.text
    assert client.get(URL).status_code == 404
    assert version.run.model_versions.live().count() == 0


def test_more_metrics_and_files_do_not_mean_more_queries(
    client, version, django_assert_max_num_queries
):
    log_batch(version.run, metrics=[Point("a", 1.0)], params=[Text("p", "1")])
    with django_assert_max_num_queries(20) as few:
        client.get(URL)
    log_batch(
        version.run,
        metrics=[Point(f"m{i}", 1.0) for i in range(50)],
        params=[Text(f"p{i}", "1") for i in range(50)],
    )
    for i in range(20):
        write_file(version.run, f"model/more/{i}.txt", "x")
    with django_assert_max_num_queries(20) as many:
        client.get(URL)

    assert len(many) == len(few)
