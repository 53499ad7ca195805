import json
import re

import pytest
from playwright.sync_api import expect

from core.time import now_ms
from experiments.actions import delete_experiment
from experiments.models import Experiment
from runs.actions.views import save_view
from tests.support.factories import make_experiment, make_run

NEW = "/w/default/experiments/new/"
HOME = "/w/default/"
HOME_QUERIES = 13


def rows(response) -> list[str]:
    return re.findall(
        r'<a href="/w/[^"]*/experiments/\d+/" id="[^"]*"[^>]*>(.*?)</a>', response.text
    )


def tags_of(experiment: Experiment) -> dict[str, str]:
    return dict(experiment.tags.values_list("key", "value"))


# ------------------------------------------------------------------ Creating and changing


def test_a_form_creates_an_experiment_and_lands_on_its_empty_list(client, db):
    response = client.post(
        NEW,
        {
            "name": "experiment-diabetes",
            "description": "Who **stays**?",
            "tag_key": ["team", ""],
            "tag_value": ["growth", ""],
            "primary_metric": "val/loss",
            "primary_direction": "lower",
        },
        follow=True,
    )

    experiment = Experiment.objects.get(name="experiment-diabetes")
    assert response.redirect_chain == [(f"/w/default/experiments/{experiment.pk}/", 302)]
    assert "No runs yet" in response.text
    assert "Created experiment-diabetes" in response.text
    assert experiment.primary_metric == "val/loss"
    assert experiment.primary_direction == "lower"
    assert tags_of(experiment) == {
        "team": "growth",
        "mlflow.note.content": "Who **stays**?",
        "mlflow.experiment.primaryMetric.name": "val/loss",
        "mlflow.experiment.primaryMetric.greaterIsBetter": "False",
    }


def test_a_taken_name_is_an_error_beside_the_field_that_links_to_its_owner(client, db):
    taken = make_experiment("churn")

    response = client.post(NEW, {"name": "churn", "description": "typed", "tag_key": ["a"],
                                 "tag_value": ["1"]})  # fmt: skip

    assert response.status_code == 422
    assert f'This name is taken. <a href="/w/default/experiments/{taken.pk}/">' in response.text
    # Nothing that was typed is lost.
    for typed in ['value="churn"', ">\ntyped</textarea>", 'value="a"', 'value="1"']:
        assert typed in response.text
    assert Experiment.objects.filter(name="churn").count() == 1


def test_a_name_in_the_trash_is_taken_too_and_the_form_says_so(client, db):
    delete_experiment(make_experiment("once"))

    assert "in the Trash has this name" in client.post(NEW, {"name": "once"}).text


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "This field is required."),
        ({"name": "   "}, "This field is required."),
        ({"name": "x" * 501}, "at most 500 characters"),
        ({"name": "a\x00b"}, "Null characters are not allowed."),
        ({"name": "a", "primary_metric": "a//b"}, "resolve to"),
        ({"name": "a", "tag_key": [""], "tag_value": ["1"]}, "A tag needs a name."),
        ({"name": "a", "tag_key": ["k"], "tag_value": [""]}, "A tag needs a value."),
        ({"name": "a", "tag_key": ["k" * 251], "tag_value": ["1"]}, "at most 250 characters"),
        ({"name": "a", "tag_key": ["k"], "tag_value": ["v" * 5001]}, "at most 5000 characters"),
        ({"name": "a", "tag_key": ["mlflow.x"], "tag_value": ["1"]}, "clients&#x27; own"),
        ({"name": "a", "tag_key": ["k", "k"], "tag_value": ["1", "2"]}, "there twice"),
        ({"name": "a", "tag_key": ["a$"], "tag_value": ["1"]}, "Letters, digits"),
    ],
)
def test_a_bad_form_says_what_to_mend_and_creates_nothing(client, db, form, words):
    response = client.post(NEW, form)

    assert response.status_code == 422
    assert words in response.text
    assert Experiment.objects.count() == 1


def test_rows_of_tags_are_added_and_removed_without_javascript(client, db):
    typed = {"name": "kept", "tag_key": ["a", "b"], "tag_value": ["1", "2"]}

    added = client.post(NEW, typed | {"add_tag": "1"})
    removed = client.post(NEW, typed | {"remove_tag": "0"})

    assert added.text.count('name="tag_key"') == 3
    assert removed.text.count('name="tag_key"') == 1
    assert 'value="b"' in removed.text
    assert 'value="kept"' in added.text
    assert not Experiment.objects.filter(name="kept").exists()


def test_an_experiment_is_renamed_and_described_in_its_settings(client, db):
    experiment = make_experiment("before", team="x", stage="old")
    url = f"/w/default/experiments/{experiment.pk}/settings/"

    shown = client.get(url)
    saved = client.post(
        url,
        {"name": "after", "description": "New", "tag_key": ["team"], "tag_value": ["y"]},
        follow=True,
    )

    experiment.refresh_from_db()
    assert 'value="before"' in shown.text
    assert 'value="stage"' in shown.text
    assert experiment.name == "after"
    assert tags_of(experiment) == {"team": "y", "mlflow.note.content": "New"}
    assert "Saved" in saved.text


def test_an_experiment_goes_to_the_trash_and_comes_back_with_its_runs(client, db):
    experiment = make_experiment("tired")
    run = make_run(experiment, "its-run")
    url = f"/w/default/experiments/{experiment.pk}/"

    client.post(f"{url}move-to-trash/")
    gone, trash, inside = client.get(HOME), client.get("/w/default/trash/"), client.get(url)
    undo = re.search(r'<form method="post" action="([^"]+)">', gone.text.partition('"toasts"')[2])
    client.post(undo.group(1))

    assert "Moved tired to Trash" in gone.text
    assert "tired" not in rows(gone)
    assert "tired" in trash.text
    assert "This experiment is in the Trash" in inside.text
    assert "tired" in rows(client.get(HOME))
    run.refresh_from_db()
    assert run.is_active


# ------------------------------------------------------------------ The home of a workspace


def test_the_home_lists_experiments_with_what_they_hold(client, db):
    experiment = make_experiment(
        "churn",
        **{
            "team": "growth",
            "mlflow.note.content": "# Who `leaves` [us](http://x)?\n\nMore.",
            "mlflow.experiment.primaryMetric.name": "acc",
            "mlflow.experiment.primaryMetric.greaterIsBetter": "True",
        },
    )
    make_run(experiment, "low", metrics={"acc": 0.5})
    make_run(experiment, "high", metrics={"acc": [0.99, 0.9]})
    make_run(experiment, "now", status="RUNNING", metrics={"acc": 0.7})

    text = client.get(HOME).text

    assert "<small>Who leaves us?</small>" in text
    assert "growth" in text
    assert "1 running" in text
    assert "Running now" in text
    assert ">0.9000<" in text
    assert "mlflow.note" not in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sort": "name"}, ["Default", "alpha", "beta"]),
        ({"sort": "runs"}, ["beta", "alpha", "Default"]),
        ({"sort": "activity"}, ["alpha", "beta", "Default"]),
        ({"sort": "nonsense"}, ["alpha", "beta", "Default"]),
        ({"q": "ALP"}, ["alpha"]),
        ({"q": "growth"}, ["beta"]),
        ({"q": "nothing at all"}, []),
    ],
)
def test_experiments_are_found_and_sorted(client, db, query, expected):
    alpha, beta = make_experiment("alpha"), make_experiment("beta", team="growth")
    make_run(alpha, start_time=3000)
    for start in (1000, 2000):
        make_run(beta, start_time=start)

    response = client.get(HOME, query)

    assert rows(response) == expected
    if not expected:
        assert "No experiment matches" in response.text


def test_more_experiments_do_not_mean_more_queries(client, db, django_assert_num_queries):
    def fill(first: int, count: int) -> None:
        for index in range(first, first + count):
            primary = {"mlflow.experiment.primaryMetric.name": f"m{index}"}
            experiment = make_experiment(f"e{index}", team="x", **primary)
            make_run(experiment, status="RUNNING", metrics={f"m{index}": 1})

    fill(0, 2)
    # The workspace; whether there are folders; how many experiments; a page of them; their tags;
    # the keys of their metrics, the best of each, and what their runs come to; the running runs,
    # when they were last heard of, and their metric (twice); the views.
    with django_assert_num_queries(HOME_QUERIES):
        client.get(HOME)
    fill(2, 10)
    with django_assert_num_queries(HOME_QUERIES):
        client.get(HOME)


def test_experiments_are_ticked_and_their_runs_open_together(client, db):
    ticked, other = make_experiment("ticked"), make_experiment("other")
    make_run(ticked, "mine")
    make_run(other, "theirs")

    home = client.get(HOME, {"experiment": str(ticked.pk)}).text
    form = home.partition('action="/w/default/runs/"')[2].partition("</form>")[0]
    together = client.get("/w/default/runs/", {"experiment": str(ticked.pk)}).text

    box = f'name="experiment" value="{ticked.pk}" data-tick autocomplete="off" checked'
    assert box in form
    assert form.count(" checked") == 1
    assert "Open runs together" in form
    assert "mine" in together
    assert "theirs" not in together


def test_a_row_leads_to_what_can_be_done_with_its_experiment(client, db):
    experiment = make_experiment("tired")
    text = client.get(HOME).text

    trash = f'formaction="/w/default/experiments/{experiment.pk}/move-to-trash/"'
    assert f'/experiments/{experiment.pk}/settings/#tags"' in text
    assert f'<button form="row-action" {trash}>' in text
    moved = client.post(f"/w/default/experiments/{experiment.pk}/move-to-trash/", follow=True)
    assert moved.redirect_chain == [(HOME, 302)]
    assert "Moved tired to Trash" in moved.text


FOLDERS = ["churn/baseline", "churn/deep/a", "churn/deep/b", "Churn/x", "plain", "/odd", "end/"]


@pytest.mark.parametrize(
    ("folder", "folders", "names"),
    [
        ("", ["/", "Churn/", "churn/", "end/"], ["Default", "plain"]),
        ("churn/", ["churn/deep/"], ["baseline"]),
        ("churn/deep/", [], ["a", "b"]),
        ("Churn/", [], ["x"]),
        ("/", [], ["odd"]),
        ("end/", [], ["end/"]),
        ("nowhere/", [], []),
        ("ch\x00urn/", ["churn/deep/"], ["baseline"]),
    ],
)
def test_names_with_slashes_stand_in_folders(client, db, folder, folders, names):
    for name in FOLDERS:
        make_experiment(name)

    response = client.get(HOME, {"layout": "tree", "in": folder, "sort": "name"})

    assert re.findall(r'title="([^"]*/)">', response.text) == folders
    assert rows(response) == names
    if not folders and not names:
        assert "Nothing in this folder" in response.text


def test_folders_come_by_themselves_where_there_is_much(client, db):
    for number in range(29):
        make_experiment(f"team/e{number}")

    few = client.get(HOME)
    make_experiment("team/last")
    many, flat = client.get(HOME), client.get(HOME, {"layout": "flat"})
    found = client.get(HOME, {"q": "last"})

    assert len(rows(few)) == 30
    assert rows(many) == ["Default"]
    assert "30 experiments" in many.text
    assert len(rows(flat)) == 31
    # What is looked for may be in any folder.
    assert rows(found) == ["team/last"]


def test_folders_with_numbers_are_counted_through(client, db):
    for name in ["v10/a", "v2/a", "v2b/a", "v/a", "2/a", "10/a"]:
        make_experiment(name)

    text = client.get(HOME, {"layout": "tree"}).text

    assert re.findall(r'title="([^"]*)/">', text) == ["2", "10", "v", "v2", "v2b", "v10"]


def test_folders_and_experiments_share_the_pages(client, db):
    for number in range(40):
        make_experiment(f"f{number:02}/e")
        make_experiment(f"e{number:02}")

    first = client.get(HOME, {"layout": "tree", "sort": "name"})
    second = client.get(HOME, {"layout": "tree", "sort": "name", "page": "2"})

    assert first.text.count('class="folder-row"') == 40
    assert len(rows(first)) == 10
    assert second.text.count('class="folder-row"') == 0
    assert rows(second)[-1] == "e39"
    assert len(rows(first)) + len(rows(second)) == 41


def test_the_home_shows_the_last_views_and_how_runs_under_way_do(client, db):
    experiment = make_experiment(**{"mlflow.experiment.primaryMetric.name": "acc"})
    now = now_ms()
    make_run(experiment, "under-way", metrics={"acc": [0.1, 0.5]}, status="RUNNING",
             start_time=now - 125_000)  # fmt: skip
    for number in range(9):
        save_view(workspace=experiment.workspace, experiment=None, name=f"v{number}", query="q=a")

    text = client.get(HOME).text

    running = text.partition("Running now")[2].partition("</section>")[0]
    assert "2 m 5 s" in running
    assert 'class="sparkline' in running
    assert re.findall(r'class="break" href="[^"]+">(v\d)<', text) == [
        f"v{n}" for n in range(8, 0, -1)
    ]


def test_a_workspace_in_which_nothing_has_happened_says_how_to_begin(client, db):
    new = client.get(HOME).text
    client.post(HOME + "experiments/new/", {"name": "first", "replicate_keys": "seed"})
    begun = client.get(HOME).text

    assert "No experiments yet" in new
    assert 'action="/w/default/experiments/new/"' in new
    assert '<input type="hidden" name="replicate_keys" value="seed">' in new
    assert "No experiments yet" not in begun


def test_the_home_says_how_far_the_example_runs_are(client, db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    progress = {"total": 64, "done": 12, "text": "digits-mlp-sweep lr=0.1", "finished": False}
    file = tmp_path / "demo-progress.json"

    file.write_text(json.dumps(progress))
    under_way = client.get(HOME).text
    file.write_text(json.dumps(progress | {"finished": True}))
    done = client.get(HOME).text
    file.write_text("not json")
    broken = client.get(HOME).text

    assert "12 of 64" in under_way
    assert "digits-mlp-sweep lr=0.1" in under_way
    assert "being trained" not in done + broken


def test_a_workspace_that_does_not_exist_is_a_page_that_says_so(client, db):
    response = client.get("/w/nowhere/")

    assert response.status_code == 404
    assert "Workspace &#x27;nowhere&#x27; not found" in response.text


@pytest.mark.browser
def test_a_person_creates_an_experiment_in_the_browser(server, page, experiment_name):
    page.goto(f"{server.url}/")
    page.locator("summary", has_text="New").click()
    page.get_by_role("link", name="Experiment A set of runs").click()
    page.get_by_label("Name", exact=True).fill(experiment_name)
    page.get_by_role("button", name="Add row").click()
    page.get_by_label("Name of tag 1").fill("team")
    page.get_by_label("Value of tag 1").fill("growth")
    page.get_by_role("button", name="Create").click()

    page.wait_for_url("**/experiments/*/")
    assert page.get_by_role("heading", level=1).inner_text() == experiment_name
    assert page.get_by_text("No runs yet").is_visible()

    page.goto(f"{server.url}/w/default/experiments/new/")
    page.get_by_label("Name", exact=True).fill(experiment_name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=f"Open {experiment_name}").first).to_be_visible()
    assert page.get_by_label("Name", exact=True).input_value() == experiment_name


@pytest.mark.browser
def test_experiments_ticked_in_the_browser_open_their_runs_together(server, page, experiment_name):
    for letter in "ab":
        page.goto(f"{server.url}/w/default/experiments/new/")
        page.get_by_label("Name", exact=True).fill(f"{experiment_name}/{letter}")
        page.get_by_role("button", name="Create").click()
    page.goto(f"{server.url}/w/default/?q={experiment_name}")
    bar = page.get_by_role("region", name="Selected experiments")
    expect(bar).to_be_hidden()
    page.get_by_label(f"Tick {experiment_name}/a").check()
    page.get_by_label(f"Tick {experiment_name}/b").check()
    expect(bar).to_contain_text("2 selected")

    page.get_by_role("button", name="Open runs together").click()
    page.wait_for_url("**/runs/?experiment=*&experiment=*")

    page.goto(f"{server.url}/w/default/?q={experiment_name}")
    page.locator("summary", has_text=f"What can be done with {experiment_name}/a").click()
    page.get_by_role("button", name="Move to Trash").first.click()
    expect(page.get_by_text(f"Moved {experiment_name}/a to Trash")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"Restored {experiment_name}/a")).to_be_visible()
