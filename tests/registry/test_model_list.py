"""The list of models: what is found, in which order, and what stands where there is nothing."""

import re

import pytest

from registry.models import RegisteredModel
from tests.registry.made import PROMPT, make_model, make_version
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

URL = "/w/default/models/"


def names(client, **query: str) -> list[str]:
    response = client.get(URL, query)
    assert response.status_code == 200
    return re.findall(r'<th scope="row">.*?<a href="[^"]*" title="([^"]*)"', response.text, re.S)


def test_without_models_the_page_says_how_to_get_one(client):
    page = client.get(URL).text

    assert "No models yet" in page
    assert "mlflow.set_tracking_uri(&quot;http://testserver&quot;)" in page
    assert "registered_model_name" in page


def test_another_workspace_is_named_in_its_snippet(client):
    Workspace.objects.create(slug="growth", name="Growth")

    page = client.get("/w/growth/models/").text

    assert "http://testserver/w/growth&quot;" in page


def test_a_row_shows_the_latest_version_the_aliases_and_the_tags(client):
    model = make_model(
        description="Who leaves.\nMore.", tags={"team": "risk", "mlflow.secret": "no"}
    )
    make_version(model, alias="champion")
    make_version(model)

    page = client.get(URL).text

    assert "Who leaves." in page
    assert "More." not in page
    assert 'href="/w/default/models/churn/versions/2/">Version 2</a>' in page
    assert re.search(r'versions/1/" title="champion is version 1">.*<b>champion</b> v1', page)
    assert "team <b>risk</b>" in page
    assert "mlflow.secret" not in page


def test_what_does_not_fit_is_counted(client):
    model = make_model(tags={f"tag{i}": "x" for i in range(5)})
    for i in range(6):
        make_version(model, alias=f"alias-{i}")

    page = client.get(URL).text

    assert ">+2</a>" in page
    assert 'href="/w/default/models/churn/#tags">+2</a>' in page


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", ["churn", "fraud"]),
        ("CHU", ["churn"]),
        ("cards", ["fraud"]),
        ("champ", ["churn"]),
        ("gold", ["fraud"]),
        ("tier", ["fraud"]),
        ("100%", []),
        ("\x00chu", ["churn"]),
        ("x" * 5000, []),
    ],
)
def test_a_search_looks_through_names_descriptions_aliases_and_tags(client, q, found):
    make_version(make_model("churn"), alias="champion")
    make_model("fraud", description="Flags cards", tags={"tier": "gold"})
    make_model("a prompt", tags=PROMPT | {"tier": "gold"})

    assert sorted(names(client, q=q)) == found
    if not found:
        assert "No model matches" in client.get(URL, {"q": q}).text


def test_the_list_is_sorted_as_asked_and_the_last_changed_first_otherwise(client):
    for name, created, updated in (("b", 3, 1), ("a", 1, 2), ("c", 2, 3)):
        make_model(name)
        RegisteredModel.objects.filter(name=name).update(
            creation_time=created, last_update_time=updated
        )

    assert names(client) == ["c", "a", "b"]
    assert names(client, sort="name") == ["a", "b", "c"]
    assert names(client, sort="-name") == ["c", "b", "a"]
    assert names(client, sort="created") == ["a", "c", "b"]
    assert names(client, sort="-updated") == ["c", "a", "b"]
    assert names(client, sort="workspace__slug") == ["c", "a", "b"]
    assert 'aria-sort="descending"' in client.get(URL, {"sort": "-name"}).text


def test_a_long_list_is_paged_and_keeps_what_it_is_narrowed_by(client):
    for i in range(60):
        make_model(f"model {i:02}")

    page = client.get(URL, {"q": "model", "sort": "name"}).text

    assert "1–50 of 60 models" in page
    assert 'href="?q=model&amp;sort=name&amp;page=2" rel="next"' in page
    assert names(client, q="model", sort="name", page="2")[0] == "model 50"
    assert names(client, sort="name", page="999")[0] == "model 50"


def test_more_models_do_not_mean_more_queries(client, django_assert_num_queries):
    def fill(count: int) -> None:
        for _ in range(count):
            name = f"model {RegisteredModel.objects.count()}"
            make_version(make_model(name, tags={"k": "v"}), alias="champion")

    fill(2)
    # The workspace, the count, the models, their latest versions, how many, aliases and tags.
    with django_assert_num_queries(7):
        client.get(URL)
    fill(5)
    with django_assert_num_queries(7):
        assert len(names(client)) == 7


def test_a_new_model_is_made_with_its_tags(client):
    response = client.post(
        "/w/default/new-model/",
        {"name": " churn ", "description": "Who leaves", "tag_key": "team", "tag_value": "risk"},
        follow=True,
    )

    model = RegisteredModel.objects.get()
    assert response.redirect_chain == [("/w/default/models/churn/", 302)]
    assert (model.name, model.description) == ("churn", "Who leaves")
    assert dict(model.tags.values_list("key", "value")) == {"team": "risk"}
    assert "No versions yet" in response.text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Give the name some text."),
        ("a/b", "A name cannot have / or : in it"),
        ("a:b", "A name cannot have / or : in it"),
        ("..", "A name cannot have / or : in it"),
        ("x" * 257, "The name may have at most 256 characters; this one has 257."),
        ("taken", 'There is a <a href="/w/default/models/taken/">model of this name</a> already.'),
        ("greeting", "A prompt has this name"),
        ("a\x00b", "Null characters are not allowed."),
    ],
)
def test_a_new_model_that_cannot_be_is_refused_beside_the_field(client, name, reason):
    make_model("taken")
    make_model("greeting", tags=PROMPT)

    response = client.post(
        "/w/default/new-model/",
        {"name": name, "description": "kept words", "tag_key": "team", "tag_value": "risk"},
    )

    assert response.status_code == 422
    assert reason in response.text
    assert "kept words" in response.text
    assert 'value="risk"' in response.text
    assert RegisteredModel.objects.count() == 2


def test_rows_for_tags_are_added_without_losing_what_was_typed(client):
    response = client.post(
        "/w/default/new-model/",
        {"name": "churn", "tag_key": "team", "tag_value": "risk", "add_tag": "1"},
    )

    assert response.status_code == 200
    assert response.text.count('name="tag_key"') == 2
    assert 'value="churn"' in response.text
    assert not RegisteredModel.objects.exists()
