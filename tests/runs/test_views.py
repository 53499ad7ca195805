"""Saved views: an address under a name, shared, changed, and what an experiment opens with."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Browser, Page, expect

from experiments.actions import delete_experiment
from runs.actions.columns import set_default_columns
from runs.actions.views import MAX_VIEWS, ViewNameTaken, change_view, save_view
from runs.models import SavedView
from tests.support.factories import make_experiment, make_run


@pytest.fixture
def experiment(db):
    experiment = make_experiment("churn")
    make_run(experiment, "good", metrics={"acc": 0.9}, params={"lr": "0.1"})
    make_run(experiment, "bad", metrics={"acc": 0.1}, params={"lr": "0.2"}, status="FAILED")
    return experiment


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


@pytest.fixture
def keep(experiment):
    def keep(name: str, query: str, **kwargs) -> SavedView:
        return save_view(
            workspace=experiment.workspace, experiment=experiment, name=name, query=query, **kwargs
        )

    return keep


def led_to(response) -> dict[str, list[str]]:
    assert response.status_code == 302
    return parse_qs(urlsplit(response.headers["Location"]).query)


def line(response) -> str:
    """What the page says of the view that it shows."""
    found = re.search(r'id="view-line".*?</form>', response.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found.group()).split()) if found else ""


def test_a_view_keeps_what_the_address_says_but_the_page(client, experiment, url):
    asked = "status=FAILED&sort=-m.acc&cols=p.lr&group=&filters=1&chart=a&chart=b&page=x&view=none"
    form = client.get(f"{url}views/new/?{asked}")
    saved = client.post(f"{url}views/new/?{asked}", {"name": "Failures"})

    assert form.status_code == 200
    view = experiment.views.get()
    kept = {
        "status": ["FAILED"],
        "sort": ["-m.acc"],
        "cols": ["p.lr"],
        "filters": ["1"],
        "chart": ["a", "b"],
    }
    assert (view.name, parse_qs(view.query)) == ("Failures", kept)
    assert led_to(saved) == kept | {"saved": [view.slug]}


def test_its_link_leads_to_an_address_that_says_everything(client, url, keep):
    view = keep("Failures", "status=FAILED&sort=-m.acc")

    opened = client.get(url, {"view": view.slug}, follow=True)

    assert led_to(client.get(url, {"view": view.slug})) == {
        "status": ["FAILED"],
        "sort": ["-m.acc"],
        "saved": [view.slug],
    }
    assert "bad" in opened.text
    assert ">good</a>" not in opened.text
    assert "Failures" in line(opened)
    assert "Modified" not in line(opened)
    assert f'href="{url}?view={view.slug}" aria-current="true"' in opened.text


def test_an_address_goes_before_its_view_and_what_it_leaves_out_stays_out(client, url, keep):
    view = keep("Failures", "status=FAILED&sort=-m.acc")

    more = led_to(client.get(url, {"view": view.slug, "sort": "p.lr"}))
    less = client.get(url, {"saved": view.slug, "sort": "-m.acc"})

    assert more == {"status": ["FAILED"], "sort": ["p.lr"], "saved": [view.slug]}
    assert ">good</a>" in less.text
    assert "Modified" in line(less)


@pytest.mark.parametrize(
    ("address", "is_modified"),
    [
        ("status=FAILED&status=KILLED", False),
        ("status=KILLED&status=FAILED&q=&filters=1&page=x", False),
        ("status=FAILED", True),
        ("status=FAILED&status=KILLED&q=a", True),
        ("status=FAILED&status=KILLED&chart=a", True),
    ],
)
def test_modified_is_what_shows_something_else(client, url, keep, address, is_modified):
    view = keep("Stopped", "status=FAILED&status=KILLED")

    shown = line(client.get(f"{url}?{address}&saved={view.slug}"))

    assert ("Modified" in shown, "Discard" in shown) == (is_modified, is_modified)


@pytest.mark.parametrize(("front", "is_modified"), [("ab", False), ("ba", True)])
def test_charts_in_another_order_are_something_else(client, url, keep, front, is_modified):
    view = keep("Two charts", "front=a&front=b")
    moved = urlencode({"front": list(front), "saved": view.slug}, doseq=True)

    assert ("Modified" in line(client.get(f"{url}?{moved}"))) == is_modified


def test_a_modified_view_is_saved_in_its_place(client, url, keep):
    view = keep("Failures", "status=FAILED")

    saved = client.post(f"{url}views/{view.slug}/save/?status=KILLED&saved={view.slug}&page=x")

    view.refresh_from_db()
    assert view.query == "status=KILLED"
    assert led_to(saved) == {"status": ["KILLED"], "saved": [view.slug]}


@pytest.mark.parametrize("key", ["view", "saved"])
def test_a_view_that_is_not_there_is_a_notice(client, url, key):
    response = client.get(url, {key: "gone\x00'", "q": "goo"})

    assert response.status_code == 200
    assert "There is no view" in response.text
    assert ">good</a>" in response.text


def test_a_view_belongs_to_one_list(client, url, keep):
    view = keep("Failures", "status=FAILED")
    other = make_experiment("other")
    make_run(other, "one")

    for place in (f"/w/default/experiments/{other.pk}/", "/w/default/runs/"):
        assert "There is no view" in client.get(place, {"view": view.slug}).text
        assert client.get(f"{place}views/{view.slug}/").status_code == 404
        assert client.post(f"{place}views/{view.slug}/save/?q=a").status_code == 404
        assert client.post(f"{place}views/{view.slug}/delete/").status_code == 404
    assert SavedView.objects.get().query == "status=FAILED"


def test_the_list_of_all_runs_has_views_and_no_default(client, experiment):
    url = "/w/default/runs/"
    page = client.get(f"{url}views/new/")
    saved = client.post(f"{url}views/new/?status=FAILED", {"name": "Bad", "is_default": "on"})

    view = SavedView.objects.get()
    assert (view.experiment, view.is_default) == (None, False)
    assert "opens with it" not in page.text
    assert "Bad" in line(client.get(saved.headers["Location"]))
    assert client.get(url).status_code == 200


def test_an_experiment_opens_with_its_default_view(client, experiment, url, keep):
    view = keep("Failures", "status=FAILED", is_default=True)

    opened = client.get(url, follow=True)
    around = client.get(url, {"view": "none"})

    assert led_to(client.get(url)) == {"status": ["FAILED"], "saved": [view.slug]}
    assert "Failures , with which the experiment opens" in line(opened)
    assert f'href="{url}?view=none"' in opened.text
    assert ">good</a>" in around.text
    assert line(around) == ""
    assert client.get(url, {"q": "goo"}).status_code == 200


def test_one_view_is_the_default(client, experiment, url, keep):
    first = keep("A", "q=a", is_default=True)
    second = keep("B", "q=b")

    client.post(f"{url}views/{second.slug}/", {"name": "B", "is_default": "on"})
    assert list(experiment.views.filter(is_default=True)) == [second]
    client.post(f"{url}views/{second.slug}/", {"name": "B"})
    assert not experiment.views.filter(is_default=True).exists()
    assert experiment.views.get(pk=first.pk).query == "q=a"


def test_default_columns_and_views_stay_out_of_each_others_way(client, experiment, url, keep):
    keep("Default", "q=a")
    set_default_columns(experiment, cols="p.lr")

    # Columns need no address of their own.
    assert client.get(url).status_code == 200
    assert experiment.views.get(is_default=True).name == "Default 2"

    mine = keep("Mine", "cols=status", is_default=True)
    set_default_columns(experiment, cols="")

    mine.refresh_from_db()
    assert (mine.is_default, mine.query) == (False, "cols=status")


def test_a_renamed_view_keeps_its_link(client, url, keep):
    view = keep("Failures", "status=FAILED")

    renamed = client.post(f"{url}views/{view.slug}/", {"name": " What failed "})

    assert led_to(renamed)["saved"] == [view.slug]
    assert SavedView.objects.get(slug=view.slug).name == "What failed"


def test_a_deleted_view_is_gone_and_its_runs_are_not(client, experiment, url, keep):
    view = keep("Failures", "status=FAILED", is_default=True)
    page = client.get(f"{url}views/{view.slug}/")
    response = client.post(f"{url}views/{view.slug}/delete/", follow=True)

    assert "Delete the view" in page.text
    assert "Deleted the view Failures" in response.text
    assert ">good</a>" in response.text
    assert not experiment.views.exists()
    assert client.post(f"{url}views/{view.slug}/delete/").status_code == 404


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Give the name some text."),
        ("   ", "Give the name some text."),
        ("a" * 201, "may have at most 200 characters"),
        ("nul\x00", "Null characters are not allowed."),
        ("Failures", "There is a view “Failures” here already."),
    ],
)
@pytest.mark.parametrize("place", ["new", "other"])
def test_a_name_that_cannot_be_is_told_beside_its_field(client, url, keep, place, name, reason):
    keep("Failures", "status=FAILED")
    slug = "new" if place == "new" else keep("Other", "q=a").slug

    response = client.post(f"{url}views/{slug}/", {"name": name})

    assert response.status_code == 422
    field = re.search(r'id="id_name_error".*?</ul>', response.text, re.DOTALL)
    assert reason in field.group()
    assert set(SavedView.objects.values_list("name", flat=True)) <= {"Failures", "Other"}


def test_the_same_name_may_be_in_another_experiment(keep):
    keep("Failures", "status=FAILED")
    other = make_experiment("other")

    save_view(workspace=other.workspace, experiment=other, name="Failures", query="")

    assert SavedView.objects.filter(name="Failures").count() == 2


def test_what_is_too_long_for_an_address_is_not_kept(client, experiment, url, keep):
    view = keep("Failures", "status=FAILED")
    tail = f"q={'a' * 3_999}"

    created = client.post(f"{url}views/new/?{tail}", {"name": "Long"})
    changed = client.post(f"{url}views/{view.slug}/save/?{tail}")

    assert created.status_code == 422
    assert "a view has at most 4,000" in created.text
    assert changed.status_code == 400
    assert experiment.views.get().query == "status=FAILED"


def test_a_list_has_a_bound_of_views_and_asks_as_often_for_many(
    client, experiment, url, keep, django_assert_num_queries
):
    keep("first", "q=a")
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(url, {"q": "goo"})
    for number in range(MAX_VIEWS - 1):
        keep(f"view {number}", "q=a")

    with django_assert_num_queries(len(few)):
        client.get(url, {"q": "goo"})
    full = client.post(f"{url}views/new/?q=a", {"name": "one more"})

    assert full.status_code == 422
    assert "at most 100 views" in full.text


def test_a_deleted_experiment_shows_its_views_and_changes_none(client, experiment, url, keep):
    view = keep("Failures", "status=FAILED")
    delete_experiment(experiment)

    shown = client.get(url, {"view": view.slug}, follow=True)

    assert "Failures" in line(shown)
    assert "Save view…" not in shown.text
    assert client.post(f"{url}views/new/?q=a", {"name": "New"}).status_code == 422
    assert client.post(f"{url}views/{view.slug}/save/?q=a").status_code == 400
    assert client.post(f"{url}views/{view.slug}/delete/").status_code == 400
    assert experiment.views.get().query == "status=FAILED"


def test_a_verb_refuses_a_taken_name_whoever_calls_it(keep):
    keep("A", "q=a")
    view = keep("B", "q=b")

    with pytest.raises(ViewNameTaken):
        change_view(view, name="A")


@pytest.fixture
def address(server, mlflow_client, experiment_name) -> str:
    key = mlflow_client.create_experiment(experiment_name)
    for name, status in (("good", "FINISHED"), ("bad", "FAILED")):
        run = mlflow_client.create_run(key, run_name=name)
        mlflow_client.log_metric(run.info.run_id, "acc", 0.5)
        mlflow_client.set_terminated(run.info.run_id, status)
    return f"{server.url}/w/default/experiments/{key}/"


def _rows(page: Page):
    return page.locator("tr[data-run]")


def _story_of_a_view(page: Page, address: str) -> str:
    """Keeps a view, changes it and saves the change; the link to it."""
    page.goto(f"{address}?status=FAILED")
    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Save view…").click()
    page.get_by_label("Name", exact=True).fill("Failures")
    page.get_by_role("button", name="Save", exact=True).click()
    view_line = page.locator("#view-line")
    expect(view_line).to_contain_text("Failures")
    expect(view_line).not_to_contain_text("Modified")

    page.locator("a.chip-remove").first.click()
    expect(view_line).to_contain_text("Modified")
    expect(_rows(page)).to_have_count(2)
    view_line.get_by_role("link", name="Discard").click()
    expect(_rows(page)).to_have_count(1)

    page.locator("#filter-q").fill("go")
    page.locator("#filter-q").press("Enter")
    expect(view_line).to_contain_text("Modified")
    page.locator("#view-line").get_by_role("button", name="Save", exact=True).click()
    expect(view_line).not_to_contain_text("Modified")
    page.locator("summary", has_text="Views").click()
    return page.get_by_role("link", name="Failures").get_attribute("href")


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_view_is_kept_changed_and_shared(browser: Browser, server, address, scripts):
    page = browser.new_context(java_script_enabled=scripts).new_page()
    link = _story_of_a_view(page, address)

    someone = browser.new_context(java_script_enabled=scripts).new_page()
    someone.goto(f"{server.url}{link}")

    expect(someone.locator("#view-line")).to_contain_text("Failures")
    expect(someone.locator("#filter-q")).to_have_value("go")
    assert parse_qs(urlsplit(someone.url).query)["status"] == ["FAILED"]
    page.context.close()
    someone.context.close()


@pytest.mark.browser
def test_a_change_of_a_chart_is_kept_that_only_the_browser_knows(page: Page, address):
    page.goto(f"{address}?q=o")
    page.evaluate("history.replaceState(history.state, '', '?q=o&chart=here')")
    page.locator("summary", has_text="Views").click()

    page.get_by_role("link", name="Save view…").click()

    assert parse_qs(urlsplit(page.url).query) == {"q": ["o"], "chart": ["here"]}
