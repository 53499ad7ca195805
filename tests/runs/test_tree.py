"""Runs that stand below other runs in a list."""

import re

import pytest
from playwright.sync_api import expect

from runs.actions.runs import delete_run, set_tag
from runs.views import rows_below
from tests.support.factories import make_experiment, make_run

HTMX = {"HX-Request": "true"}


@pytest.fixture
def experiment(db):
    return make_experiment("search")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def child(experiment, name: str, parent, **has):
    return make_run(experiment, name, tags={"mlflow.parentRunId": parent.run_id}, **has)


def names(response) -> list[str]:
    return re.findall(r'<span class="sr-only">Tick (?!all)(.*?)</span>', response.text)


def opened(client, response, index: int = 0):
    """What htmx brings for one of the openers of a page."""
    found = re.findall(r'class="opener"[^>]*hx-get="([^"]*)"', response.text)
    return client.get(found[index].replace("&amp;", "&"), headers=HTMX)


def test_a_list_with_parents_begins_at_the_top_level_and_says_so(client, experiment, url):
    parent = make_run(experiment, "parent")
    for name in ("one", "two"):
        child(experiment, name, parent)
    make_run(experiment, "alone", start_time=1)

    whole = client.get(url)
    flat = client.get(url, {"nest": "0"})

    assert names(whole) == ["parent", "alone"]
    assert "2 at the top level of 4 runs" in " ".join(whole.text.split())
    assert sorted(names(flat)) == ["alone", "one", "parent", "two"]
    assert "2 child runs of parent" in whole.text
    assert 'aria-expanded="false"' in whole.text
    assert 'class="opener"' not in flat.text


def test_what_is_looked_for_is_found_below_the_top_level_unless_the_address_says_not(
    client, experiment, url
):
    parent = make_run(experiment, "parent", params={"lr": "1"})
    child(experiment, "kid", parent, params={"lr": "1"})

    assert sorted(names(client.get(url, {"where": "params.lr = '1'"}))) == ["kid", "parent"]
    assert names(client.get(url, {"where": "params.lr = '1'", "nest": "1"})) == ["parent"]


def test_a_list_without_parents_offers_no_levels(client, experiment, url):
    make_run(experiment, "a")

    assert "Top level only" not in client.get(url).text
    assert names(client.get(url, {"nest": "1"})) == ["a"]


@pytest.mark.parametrize("nest", ["2", "", "nonsense", "\x00"])
def test_an_unknown_way_of_nesting_is_the_usual_one(client, experiment, url, nest):
    child(experiment, "kid", make_run(experiment, "parent"))

    assert names(client.get(url, {"nest": nest})) == ["parent"]


def test_children_open_to_any_depth_with_the_columns_and_order_of_the_list(client, experiment, url):
    run = make_run(experiment, "level 0", metrics={"acc": 0.5})
    for level in range(1, 7):
        child(experiment, f"level {level} low", run, metrics={"acc": 0.1})
        run = child(experiment, f"level {level} high", run, metrics={"acc": 0.1 + level / 10})

    response = client.get(url, {"sort": "-m.acc", "cols": "m.acc,status"})
    seen = [names(response)]
    for _ in range(6):
        response = opened(client, response)
        seen.append(names(response))

    assert seen[0] == ["level 0"]
    assert seen[1:] == [[f"level {n} high", f"level {n} low"] for n in range(1, 7)]
    assert response.text.count('data-level="6"') == 2
    assert response.text.count('class="indent"') == 12
    assert "child of level 5 high" in response.text
    assert "<html" not in response.text
    assert ">0.7000<" in response.text


def test_many_children_come_page_by_page_each_once(client, experiment, url, monkeypatch):
    monkeypatch.setattr(rows_below, "ROWS_AT_ONCE", 3)
    parent = make_run(experiment, "parent")
    for index in range(8):
        child(experiment, f"kid {index}", parent, start_time=index)

    response = opened(client, client.get(url))
    seen = names(response)
    while more := re.search(r'hx-get="([^"]*)"[^>]*>Show up to 50 more', response.text):
        response = client.get(more.group(1).replace("&amp;", "&"), headers=HTMX)
        seen += names(response)

    assert seen == [f"kid {index}" for index in reversed(range(8))]


def test_without_a_script_the_opener_is_a_link_to_the_children(client, experiment, url):
    parent = make_run(experiment, "parent")
    child(experiment, "kid", parent)
    make_run(experiment, "other")

    response = client.get(f"/w/default/runs/{parent.run_id}/children/", follow=True)

    assert names(response) == ["kid"]


def test_deleted_children_and_children_of_other_workspaces_stay_away(client, experiment, url):
    parent = make_run(experiment, "parent")
    child(experiment, "kid", parent)
    delete_run(child(experiment, "gone", parent))
    child(make_experiment("foreign", workspace="elsewhere"), "stranger", parent)

    assert names(opened(client, client.get(url))) == ["kid"]
    assert client.get(f"/w/elsewhere/runs/{parent.run_id}/children/").status_code == 404


def test_a_child_whose_parent_is_not_here_stands_at_the_top(client, experiment, url):
    gone = make_run(experiment, "gone")
    child(experiment, "orphan", gone)
    delete_run(gone)
    child(experiment, "lodger", make_run(make_experiment("other"), "host"))

    assert sorted(names(client.get(url))) == ["lodger", "orphan"]


def test_circles_of_parents_end(client, experiment, url):
    first, second, itself = (make_run(experiment, name) for name in ("first", "second", "itself"))
    set_tag(first, key="mlflow.parentRunId", value=second.run_id)
    set_tag(second, key="mlflow.parentRunId", value=first.run_id)
    set_tag(itself, key="mlflow.parentRunId", value=itself.run_id)

    page = client.get(url, {"sort": "name"})
    below = opened(client, page, 0)
    deeper = opened(client, below, 0)

    assert names(page) == ["first", "itself"]
    assert names(below) == ["second"]
    # It would be the first again.
    assert names(deeper) == []
    assert "no other child runs" in deeper.text
    assert names(opened(client, page, 1)) == []


def test_opening_a_parent_takes_the_same_queries_whatever_it_has(
    client, experiment, url, django_assert_num_queries
):
    parent = make_run(experiment, "parent")
    child(experiment, "kid", parent, metrics={"acc": 1.0}, params={"lr": "1"})
    address = f"/w/default/runs/{parent.run_id}/children/?cols=m.acc,p.lr"
    client.get(address, headers=HTMX)
    # The run; the names; the children; their metrics (with their names), params, tags, model
    # versions and children.
    with django_assert_num_queries(9):
        client.get(address, headers=HTMX)
    for index in range(20):
        child(experiment, f"kid {index}", parent, metrics={"acc": 1.0}, params={"lr": "1"})
    with django_assert_num_queries(9):
        client.get(address, headers=HTMX)


@pytest.mark.browser
def test_a_parent_opens_and_closes_by_mouse_and_keyboard_and_keeps_its_ticks(
    server, page, mlflow_client, experiment_name
):
    import mlflow

    key = mlflow.set_experiment(experiment_name).experiment_id
    with mlflow.start_run(run_name="parent"), mlflow.start_run(run_name="middle", nested=True):
        mlflow.start_run(run_name="leaf", nested=True)
        mlflow.end_run()
    page.goto(f"{server.url}/w/default/experiments/{key}/")
    parent = page.get_by_role("button", name="1 child run of parent")

    parent.click()
    middle = page.get_by_role("button", name="1 child run of middle")
    expect(parent).to_have_attribute("aria-expanded", "true")
    middle.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Tick leaf").check()
    parent.click()

    expect(page.get_by_label("Tick leaf")).to_be_hidden()
    expect(page.get_by_label("Tick middle")).to_be_hidden()
    expect(parent).to_have_attribute("aria-expanded", "false")
    assert page.get_by_role("region", name="Selected runs").is_visible()
    parent.focus()
    page.keyboard.press("Space")
    expect(page.get_by_label("Tick leaf")).to_be_visible()
    expect(page.get_by_label("Tick leaf")).to_be_checked()
    middle.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("Tick leaf")).to_be_hidden()
    parent.click()
    parent.click()
    # What was closed inside stays closed.
    expect(page.get_by_label("Tick middle")).to_be_visible()
    expect(page.get_by_label("Tick leaf")).to_be_hidden()
    assert page.locator("tbody tr").count() == 3
