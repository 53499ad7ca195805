"""The search of a workspace: its page, and the palette that Ctrl and K open."""

import re

import pytest
from playwright.sync_api import Page, expect

from experiments.actions import delete_experiment
from registry.actions.models import create_model
from runs.actions.runs import delete_run
from tests.support.factories import make_experiment, make_run
from workspaces.models import Workspace

SEARCH = "/w/default/search/"


@pytest.fixture
def things(db):
    experiment = make_experiment("churn-baseline")
    run = make_run(experiment, "churn xgboost", start_time=5)
    model = create_model(workspace=experiment.workspace, name="churn-model")
    return experiment, run, model


def found(client, text: str) -> dict[str, list[str]]:
    page = client.get(SEARCH, {"q": text})
    assert page.status_code == 200
    return {group.title: [item.label for item in group.items] for group in page.context["groups"]}


def test_names_of_every_kind_are_found_whatever_their_case(client, things):
    assert found(client, "CHURN") == {
        "Experiments": ["churn-baseline"],
        "Runs": ["churn xgboost"],
        "Models": ["churn-model"],
    }


def test_a_run_is_found_by_the_beginning_of_its_id(client, things):
    _, run, _ = things

    assert found(client, run.run_id[:12].upper())["Runs"] == ["churn xgboost"]


def test_without_a_text_the_newest_and_the_places_are_offered(client, things):
    groups = found(client, "")

    assert groups["Runs"] == ["churn xgboost"]
    assert "New experiment" in groups["Go to"]


def test_what_is_in_the_trash_is_not_found(client, things):
    experiment, run, _ = things
    delete_run(run)
    assert "Runs" not in found(client, "churn")

    delete_experiment(experiment)
    assert "Experiments" not in found(client, "churn")


def test_nothing_of_another_workspace_is_found(client, things):
    other = Workspace.objects.create(slug="other", name="Other")

    page = client.get(f"/w/{other.slug}/search/", {"q": "churn"})

    assert "Nothing found" in page.text


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "<b>", "a\0b", "x" * 5000])
def test_no_text_breaks_the_search(client, things, text):
    assert not {"Experiments", "Runs"} & found(client, text).keys()


def test_more_than_the_first_are_counted_as_more(client, db):
    experiment = make_experiment("many")
    for number in range(9):
        make_run(experiment, f"lookalike {number}", start_time=number)

    page = client.get(SEARCH, {"q": "lookalike"})

    (runs,) = page.context["groups"]
    assert (len(runs.items), runs.is_cut) == (8, True)
    assert "More have this in their name" in page.text


def test_htmx_gets_the_results_alone(client, things):
    part = client.get(SEARCH, {"q": "churn"}, headers={"HX-Request": "true"})

    assert "churn-baseline" in part.text
    assert "<h1" not in part.text


def test_the_number_of_queries_does_not_depend_on_what_is_found(
    client, things, django_assert_max_num_queries
):
    with django_assert_max_num_queries(5):
        found(client, "churn")


def test_the_palette_is_opened_and_followed_by_keyboard(
    page: Page, server, mlflow_client, experiment_name
):
    mlflow_client.create_experiment(experiment_name)
    page.goto(f"{server.url}/w/default/")

    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search the workspace")
    expect(palette.get_by_role("link", name="New experiment")).to_be_visible()
    page.keyboard.type(experiment_name)
    expect(palette.get_by_role("link")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(palette.get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/experiments/"))


def test_escape_closes_the_palette_and_the_button_opens_it(page: Page, server):
    page.goto(f"{server.url}/w/default/")

    page.get_by_role("link", name="Search").click()
    palette = page.get_by_role("dialog", name="Search the workspace")
    expect(palette).to_be_visible()
    page.keyboard.press("Escape")

    expect(palette).to_be_hidden()
