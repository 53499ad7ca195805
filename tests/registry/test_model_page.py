"""The page of one model, and what can be done to the model from there."""

import re
from urllib.parse import quote

import pytest

from registry.actions.versions import delete_version, move_to_stage
from registry.models import ModelVersion, RegisteredModel, Stage
from tests.registry.made import PROMPT, make_model, make_version
from tests.runs.logged import make_experiment, make_run

pytestmark = pytest.mark.django_db

URL = "/w/default/models/churn/"


@pytest.fixture
def model(db) -> RegisteredModel:
    return make_model("churn")


def add_version(model: RegisteredModel, run_name: str, **logged) -> ModelVersion:
    experiment = model.workspace.experiments.filter(name="churn runs").first()
    run = make_run(experiment or make_experiment("churn runs"), run_name, **logged)
    return make_version(model, run_id=run.run_id)


def heads(page: str) -> list[str]:
    return [
        re.sub(r"<[^>]+>|\s+", " ", head).strip()
        for head in re.findall(r'<th scope="col".*?</th>', page, re.S)
    ]


def order(page: str) -> list[int]:
    return [int(number) for number in re.findall(r">Version (\d+)</a>", page)]


@pytest.mark.parametrize(
    "name",
    ["a b", "naïve", "100% sure?", "#1", '"best"', "it's", "<b>bold", "日本語", "new", "a&b"],
)
def test_a_model_of_any_name_has_a_page(client, name):
    version = make_version(make_model(name), alias="champion")

    page = client.get(version.model.get_absolute_url())

    assert page.status_code == 200
    assert page.context["model"].name == name
    for url in (
        version.get_absolute_url(),
        f"{version.model.get_absolute_url()}delete/",
        f"{version.get_absolute_url()}delete/",
        "/w/default/models/",
    ):
        assert client.get(url).status_code == 200
    assert "<b>bold" not in page.text


@pytest.mark.parametrize("name", ["nothing", quote("é ü"), "%00", "x" * 3000])
def test_a_model_that_is_not_there_is_not_found(client, name):
    assert client.get(f"/w/default/models/{name}/").status_code == 404
    assert client.post(f"/w/default/models/{name}/description/").status_code == 404


def test_a_model_of_another_workspace_is_not_found(client):
    make_model("churn", workspace="elsewhere")

    assert client.get(URL).status_code == 404
    assert client.get("/w/elsewhere/models/churn/").status_code == 200


def test_without_versions_the_page_says_how_to_make_one(client, model):
    page = client.get(URL).text

    assert "No versions yet" in page
    assert (
        "mlflow.register_model(&quot;runs:/&lt;run id&gt;/model&quot;, &quot;churn&quot;)" in page
    )


def test_versions_show_what_differs_between_their_runs(client, model):
    add_version(
        model, "first", metrics={"val/auc": [0.8], "same": [1.0]}, params={"lr": "0.1", "seed": "1"}
    )
    add_version(
        model,
        "second",
        metrics={"val/auc": [0.9], "same": [1.0]},
        params={"lr": "0.2", "seed": "1"},
    )

    page = client.get(URL).text

    assert heads(page)[1:] == ["Aliases", "Run name", "val/auc", "lr", "Time created"]
    assert order(page) == [2, 1]
    assert re.search(r'<td class="number"[^>]*><span class="best"><span title="0.9"', page)
    assert not re.search(r'<span class="best"><span title="0.8"', page)


def test_the_only_version_shows_the_metrics_that_it_has(client, model):
    add_version(model, "first", metrics={"auc": [0.8], "system/cpu": [1.0]}, params={"lr": "0.1"})

    page = client.get(URL).text

    assert "auc" in heads(page)
    assert "system/cpu" not in page
    assert "lr" not in heads(page)


def test_versions_are_sorted_by_number_time_or_metric(client, model):
    for value in (0.5, float("nan"), 0.9):
        add_version(model, "a run", metrics={"auc": [value]})
    make_version(model)

    assert order(client.get(URL, {"sort": "version"}).text) == [1, 2, 3, 4]
    assert order(client.get(URL, {"sort": "-m.auc"}).text)[:2] == [3, 1]
    assert order(client.get(URL, {"sort": "m.auc"}).text)[:2] == [1, 3]
    for nonsense in ("m.", "m.nothing", "x", "-", "m.\x00"):
        assert order(client.get(URL, {"sort": nonsense}).text) == [4, 3, 2, 1]


def test_versions_come_in_pages(client, model):
    for _ in range(51):
        make_version(model)

    first, second = client.get(URL), client.get(URL, {"page": "2"})

    assert len(order(first.text)) == 50
    assert order(second.text) == [1]
    assert "1–50 of 51 versions" in first.text


def test_stages_are_a_column_only_where_they_are_used(client, model):
    version = make_version(model)
    assert "Stage" not in heads(client.get(URL).text)

    move_to_stage(version, stage=Stage.STAGING)
    assert "Stage" in heads(client.get(URL).text)


def test_versions_with_runs_can_be_ticked_and_compared(client, model):
    first = add_version(model, "first")
    make_version(model)
    assert 'name="run"' not in client.get(URL).text

    second = add_version(model, "second")
    page = client.get(URL).text

    ticked = re.findall(r'name="run" value="(\w+)"', page)
    assert ticked == [second.run.run_id, first.run.run_id]
    assert 'action="/w/default/compare/"' in page


def test_a_deleted_version_and_a_run_of_elsewhere_leave_no_hole(client, model):
    make_version(model, run_id="f" * 32)
    delete_version(make_version(model))

    page = client.get(URL).text

    assert order(page) == [1]
    assert "ffffffff" in page


def test_a_prompt_says_that_it_is_one(client):
    model = make_model("greeting", tags=PROMPT)
    version = make_version(
        model, source="dummy-source", tags=PROMPT | {"mlflow.prompt.text": "Hi <b>{{x}}</b>"}
    )

    assert ">Prompt</span>" in client.get(model.get_absolute_url()).text
    page = client.get(version.get_absolute_url()).text
    assert "Hi &lt;b&gt;{{x}}&lt;/b&gt;" in page
    assert "mlflow.genai.load_prompt(&quot;prompts:/greeting/1&quot;)" in page


def test_a_description_is_written_in_markdown_and_cannot_act(client, model):
    response = client.post(
        f"{URL}description/", {"description": "**bold** <script>x</script>"}, follow=True
    )

    assert response.redirect_chain == [(f"{URL}#notes", 302)]
    assert "<strong>bold</strong>" in response.text
    assert "<script>x" not in response.text
    client.post(f"{URL}description/", {"description": ""})
    model.refresh_from_db()
    assert model.description == ""


def test_a_description_that_is_too_long_is_kept_in_the_form(client, model):
    response = client.post(f"{URL}description/", {"description": "x" * 100_001})

    assert response.status_code == 422
    assert "at most 100,000 characters" in response.text
    assert "x" * 100_001 in response.text


def test_a_model_is_renamed(client, model):
    make_version(model)

    response = client.post(f"{URL}rename/", {"name": "loss 2"}, follow=True)

    assert response.redirect_chain == [("/w/default/models/loss%202/", 302)]
    assert "churn is now called loss 2" in response.text
    assert client.get(URL).status_code == 404


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("taken", "of this name</a> already"),
        ("a/b", "cannot have / or :"),
        ("", "Give the name some text."),
    ],
)
def test_a_name_that_cannot_be_leaves_the_model_as_it_was(client, model, name, reason):
    make_model("taken")

    response = client.post(f"{URL}rename/", {"name": name})

    assert response.status_code == 422
    assert reason in response.text
    assert "<h1>churn</h1>" in response.text


def test_tags_are_added_changed_and_removed(client, model):
    client.post(f"{URL}tags/", {"key": "team", "value": "risk"})
    client.post(f"{URL}tags/change/", {"key": "team", "value": "growth"})
    page = client.get(URL).text
    assert "growth" in page
    assert "risk" not in page

    response = client.post(f"{URL}tags/remove/", {"key": "team"})
    assert response.headers["Location"] == f"{URL}#tags"
    assert not model.tags.exists()


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("", "x", "Give the name some text."),
        ("k", "", "Give the value some text."),
        ("mlflow.x", "x", "are kept for what MLflow writes itself"),
        ("team", "x", "There is a tag of this name."),
        ("a//b", "x", "must not look like"),
        ("k" * 251, "x", "at most 250 characters"),
        ("k", "x" * 5001, "at most 5,000 characters"),
    ],
)
def test_a_tag_that_cannot_be_is_refused_beside_the_field(client, model, key, value, reason):
    client.post(f"{URL}tags/", {"key": "team", "value": "risk"})

    for headers in ({}, {"HX-Request": "true"}):
        response = client.post(f"{URL}tags/", {"key": key, "value": value}, headers=headers)

        assert response.status_code == 422
        assert reason in response.text
        assert ("<h1>" in response.text) is not bool(headers)
    assert dict(model.tags.values_list("key", "value")) == {"team": "risk"}


def test_a_model_is_deleted_only_by_its_name(client, model):
    make_version(model, alias="champion")
    page = client.get(f"{URL}delete/").text
    assert "1 version" in page
    assert "models:/churn@champion" in page

    for name in ("", "chur", "Churn"):
        assert client.post(f"{URL}delete/", {"name": name}).status_code == 422
    assert RegisteredModel.objects.exists()

    response = client.post(f"{URL}delete/", {"name": "churn"}, follow=True)
    assert response.redirect_chain == [("/w/default/models/", 302)]
    assert "Deleted churn" in response.text
    assert not RegisteredModel.objects.exists()


def test_more_versions_do_not_mean_more_queries(client, model, django_assert_num_queries):
    for value in (0.1, 0.2):
        add_version(model, "a run", metrics={"auc": [value]}, params={"lr": str(value)})
    # The model, whether it is a prompt, the count, the versions with their runs, statistics,
    # params and aliases of these, the model's aliases and its tags.
    with django_assert_num_queries(9):
        client.get(URL)
    for value in (0.3, 0.4, 0.5):
        add_version(model, "a run", metrics={"auc": [value]}, params={"lr": str(value)})
    with django_assert_num_queries(9):
        assert len(order(client.get(URL).text)) == 5


@pytest.mark.parametrize(
    "path",
    ["rename/", "description/", "tags/", "tags/change/", "tags/remove/", "versions/1/description/",
     "versions/1/tags/", "versions/1/aliases/", "versions/1/aliases/remove/"],
)  # fmt: skip
def test_what_changes_something_is_never_done_by_a_link(client, model, path):
    make_version(model)

    assert client.get(f"{URL}{path}").status_code == 405
