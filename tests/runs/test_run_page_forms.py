"""What can be changed on the page of a run: its name, its tags, its note, and where it is."""

import pytest

from runs.actions.runs import delete_run, set_tag
from runs.models import Run
from tests.runs.logged import make_experiment, make_run

pytestmark = pytest.mark.django_db

RESERVED = "Names that begin with “mlflow.” are kept for what MLflow writes itself."


@pytest.fixture
def run(db) -> Run:
    return make_run(make_experiment("churn"), "kind-owl", tags={"stage": "draft"})


@pytest.fixture
def send(client, run):
    """Send a form of the run's page."""

    def send(verb: str, *, htmx: bool = False, **fields: str):
        headers = {"HX-Request": "true"} if htmx else {}
        return client.post(f"/w/default/runs/{run.run_id}/{verb}/", fields, headers=headers)

    return send


def tags_of(run: Run) -> dict[str, str]:
    pairs = dict(run.tags.values_list("key", "value"))
    return {key: value for key, value in pairs.items() if not key.startswith("mlflow.")}


def test_a_tag_is_added_and_the_page_returns_to_the_tags(run, send):
    response = send("tags", key="model type", value="Linear Regression")

    assert response.status_code == 302
    assert response.url == f"/w/default/runs/{run.run_id}/#tags"
    assert tags_of(run) == {"stage": "draft", "model type": "Linear Regression"}


def test_a_tag_is_changed(run, send):
    send("tags/change", key="stage", value="review")

    assert tags_of(run) == {"stage": "review"}


def test_a_tag_is_removed(run, send):
    send("tags/remove", key="stage")

    assert tags_of(run) == {}


def test_a_tag_that_is_gone_already_is_said_to_be_gone(run, send):
    response = send("tags/remove", key="never")

    assert response.status_code == 404
    assert "No tag with name: never" in response.text


@pytest.mark.parametrize("key", ["", "nul\0", "mlflow.runName", "../x", "k" * 251])
@pytest.mark.parametrize("htmx", [False, True])
def test_what_is_no_tag_of_peoples_own_cannot_be_removed(run, send, key, htmx):
    response = send("tags/remove", htmx=htmx, key=key)

    assert response.status_code == 422
    assert run.tags.filter(key="mlflow.runName").exists()


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("", "x", "Give the name some text."),
        ("   ", "x", "Give the name some text."),
        ("x", "", "Give the value some text."),
        ("k" * 251, "x", "The name may have at most 250 characters; this one has 251."),
        ("x", "v" * 5001, "The value may have at most 5,000 characters; this one has 5001."),
        ("mlflow.x", "x", RESERVED),
        ("MLflow.user", "x", RESERVED),
        ("../x", "x", "must not look like a path that leads elsewhere"),
        ("a#b", "x", "A name may have letters, digits, spaces"),
        ("nul\0", "x", "Null characters are not allowed."),
        ("stage", "x", "The run has a tag of this name. Change that one instead."),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_a_tag_that_breaks_a_rule_is_refused_with_the_reason(run, send, key, value, reason, htmx):
    response = send("tags", htmx=htmx, key=key, value=value)

    assert response.status_code == 422
    assert reason in response.text
    assert 'aria-invalid="true"' in response.text
    assert tags_of(run) == {"stage": "draft"}
    # What was typed is still there, and the form is open.
    assert '<details class="panel-edit" open>' in response.text
    assert f">\n{value}</textarea>" in response.text


@pytest.mark.parametrize(
    ("value", "reason"),
    [("", "Give the value some text."), ("v" * 5001, "The value may have at most 5,000")],
)
def test_a_changed_tag_follows_the_same_rules(run, send, value, reason):
    response = send("tags/change", key="stage", value=value)

    assert response.status_code == 422
    assert reason in response.text
    assert '<details class="tag-row" open>' in response.text
    assert tags_of(run) == {"stage": "draft"}


def test_what_mlflow_wrote_cannot_be_changed_as_a_tag(run, send):
    response = send("tags/change", key="mlflow.runName", value="x")

    assert response.status_code == 422
    run.refresh_from_db()
    assert run.name == "kind-owl"


def test_the_longest_tag_there_may_be_is_kept_whole(run, send):
    send("tags", key="k" * 250, value="v" * 5000)

    assert tags_of(run)["k" * 250] == "v" * 5000


def test_a_tag_with_an_empty_value_that_a_client_sent_can_be_mended(run, send):
    set_tag(run, key="empty", value="")

    send("tags/change", key="empty", value="no more")

    assert tags_of(run)["empty"] == "no more"


def test_htmx_gets_the_panel_of_tags_alone(send):
    response = send("tags", htmx=True, key="developer", value="anna")

    assert response.status_code == 200
    assert response.text.lstrip().startswith('<section class="panel" id="tags"')
    assert "anna" in response.text


def test_a_run_is_renamed(client, run, send):
    response = send("rename", name="  quiet elk  ")

    assert response.status_code == 302
    run.refresh_from_db()
    assert run.name == "quiet elk"
    assert run.tags.get(key="mlflow.runName").value == "quiet elk"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", "Give the name some text."), ("n" * 251, "The name may have at most 250 characters")],
)
def test_a_name_that_breaks_a_rule_is_refused(run, send, name, reason):
    response = send("rename", name=name)

    assert response.status_code == 422
    assert reason in response.text
    assert '<details class="menu" open>' in response.text
    run.refresh_from_db()
    assert run.name == "kind-owl"


def test_a_note_is_written_and_taken_away(client, run, send):
    send("note", note="## Why\r\nBecause.")
    assert run.tags.get(key="mlflow.note.content").value == "## Why\nBecause."

    send("note", note="")
    assert "Because." not in client.get(f"/w/default/runs/{run.run_id}/").text


def test_a_note_that_is_too_long_is_refused_and_kept_in_the_form(run, send):
    response = send("note", note="n" * 8001)

    assert response.status_code == 422
    assert "The note may have at most 8,000 characters; this one has 8001." in response.text
    assert "n" * 8001 in response.text


def test_a_run_goes_to_the_trash_and_comes_back(client, run, send):
    response = client.post(f"/w/default/runs/{run.run_id}/trash/", follow=True)
    assert "This run is in the Trash" in response.text
    run.refresh_from_db()
    assert not run.is_active

    response = client.post(f"/w/default/runs/{run.run_id}/restore/", follow=True)
    assert "kind-owl is restored." in response.text
    run.refresh_from_db()
    assert run.is_active


def test_a_run_whose_code_is_gone_is_ended(client):
    run = make_run(make_experiment("nightly"), status="RUNNING")

    client.post(f"/w/default/runs/{run.run_id}/mark-failed/")

    run.refresh_from_db()
    assert run.status == "FAILED"
    assert run.end_time is not None


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("rename", {"name": "x"}),
        ("note", {"note": "x"}),
        ("tags", {"key": "x", "value": "x"}),
        ("tags/change", {"key": "stage", "value": "x"}),
        ("tags/remove", {"key": "stage"}),
        ("mark-failed", {}),
    ],
)
def test_a_run_in_the_trash_takes_no_change(run, send, verb, fields):
    delete_run(run)

    response = send(verb, **fields)

    assert response.status_code == 400
    assert tags_of(run) == {"stage": "draft"}


VERBS = ["rename", "note", "tags", "tags/change", "tags/remove", "mark-failed", "trash", "restore"]


@pytest.mark.parametrize("verb", VERBS)
def test_reading_changes_nothing(client, run, verb):
    assert client.get(f"/w/default/runs/{run.run_id}/{verb}/").status_code == 405


@pytest.mark.parametrize("verb", VERBS)
def test_a_run_of_another_workspace_cannot_be_changed(client, verb):
    run = make_run(make_experiment("theirs", workspace="other"), "untouched")

    response = client.post(f"/w/default/runs/{run.run_id}/{verb}/", {"key": "a", "value": "b"})

    assert response.status_code == 404
    run.refresh_from_db()
    assert run.is_active
    assert tags_of(run) == {}


@pytest.mark.parametrize("verb", VERBS)
def test_a_form_of_another_site_is_refused(run, verb, settings):
    from django.test import Client

    response = Client(enforce_csrf_checks=True).post(f"/w/default/runs/{run.run_id}/{verb}/")

    assert response.status_code == 403
