"""Open pages that follow their runs: who asks again is told what is new, or 304."""

import re

import pytest
from playwright.sync_api import expect

from experiments.actions import describe_metric
from runs.actions.ingest import log_batch
from runs.actions.runs import create_run, delete_run, delete_tag, restore_run, set_tag, update_run
from tests.support.factories import Pair, Point, make_experiment, make_run

HTMX = {"HX-Request": "true"}


@pytest.fixture
def experiment(db):
    return make_experiment("alive")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def version(response) -> str:
    return response.headers["ETag"]


def again(client, address: str, known: str):
    return client.get(address, headers=HTMX | {"If-None-Match": known})


CHANGES = {
    "a metric's next point": lambda run: log_batch(run, metrics=[Point("loss", 0.5, 1)]),
    "a point that is no new last one": lambda run: log_batch(
        run, metrics=[Point("loss", 0.125, -1)]
    ),
    "another metric": lambda run: log_batch(run, metrics=[Point("auc", 0.5)]),
    "a param": lambda run: log_batch(run, params=[Pair("lr", "0.2")]),
    "a tag": lambda run: set_tag(run, key="team", value="vision"),
    "a tag's other value": lambda run: set_tag(run, key="stage", value="final"),
    "a tag less": lambda run: delete_tag(run, key="stage"),
    "a color": lambda run: set_tag(run, key="mlflow.runColor", value="#a3006b"),
    "another name": lambda run: update_run(run, name="renamed"),
    "its end": lambda run: update_run(run, status="FINISHED", end_time=1_800_000_000_000),
    "its failure": lambda run: update_run(run, status="FAILED"),
    "the Trash": delete_run,
    "a new run": lambda run: create_run(experiment=run.experiment, name="another"),
    "a child": lambda run: create_run(
        experiment=run.experiment, name="child", tags={"mlflow.parentRunId": run.run_id}
    ),
    "which values are better": lambda run: describe_metric(
        run.experiment, metric="loss", better="higher", number_format=""
    ),
}


@pytest.mark.parametrize("query", ["", "?group=t.stage", "?nest=1", "?base={first}"])
def test_a_list_that_has_not_changed_is_not_sent_again(client, experiment, url, query):
    runs = [
        make_run(
            experiment,
            status=status,
            metrics={"loss": value},
            tags={"stage": "draft", "note": str(value)},
        )
        for status, value in [("RUNNING", 1.0), ("FINISHED", 2.0), ("RUNNING", float("nan"))]
    ]
    address = url + query.format(first=runs[0].run_id)
    first = client.get(address, headers=HTMX)

    second = again(client, address, version(first))

    assert second.status_code == 304
    assert second.content == b""
    assert version(first).replace('"', "&quot;") in client.get(address).text


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("query", ["", "&group=t.stage"])
def test_whatever_changes_of_a_run_changes_its_list(client, experiment, url, change, query):
    make_run(experiment, metrics={"loss": 2.0}, params={"lr": "0.1"}, tags={"stage": "other"})
    run = make_run(experiment, status="RUNNING", metrics={"loss": 1.0}, tags={"stage": "draft"})
    columns = "name,status,m.loss,m.loss@min,m.auc,p.lr,t.team,t.stage"
    address = f"{url}?cols={columns}{query}"
    known = version(client.get(address, headers=HTMX))
    assert again(client, address, known).status_code == 304

    CHANGES[change](run)

    unseen_in_groups = {"a color", "another name", "which values are better"}
    is_seen = not (query and change in unseen_in_groups)
    assert again(client, address, known).status_code == (200 if is_seen else 304)


@pytest.mark.parametrize("query", ["", "&group=p.lr"])
def test_a_list_is_sent_again_when_its_baseline_elsewhere_changes(client, experiment, url, query):
    base = make_run(experiment, metrics={"loss": 2.0}, params={"lr": "0.1"})
    make_run(experiment, metrics={"loss": 1.0}, params={"lr": "0.2"})
    address = f"{url}?cols=name,m.loss&base={base.run_id}&where=params.lr='0.2'{query}"
    known = version(client.get(address, headers=HTMX))
    assert again(client, address, known).status_code == 304

    log_batch(base, metrics=[Point("loss", 0.5, 1)])

    assert again(client, address, known).status_code == 200


def test_what_comes_back_from_the_trash_is_as_it_was(client, experiment, url):
    run = make_run(experiment, metrics={"loss": 1.0})
    known = version(client.get(url, headers=HTMX))

    delete_run(run)
    assert again(client, url, known).status_code == 200
    restore_run(run)

    assert again(client, url, known).status_code == 304


def test_child_rows_are_sent_again_only_when_they_have_changed(client, experiment, url):
    parent = make_run(experiment, "parent")
    child = make_run(
        experiment, "child", tags={"mlflow.parentRunId": parent.run_id}, metrics={"loss": 1.0}
    )
    address = f"/w/default/runs/{parent.run_id}/children/?cols=name,m.loss"
    known = version(client.get(address, headers=HTMX))

    assert again(client, address, known).status_code == 304
    log_batch(child, metrics=[Point("loss", 0.5, 1)])
    assert "0.5000" in again(client, address, known).text


def test_the_members_of_a_group_are_sent_again_only_when_they_have_changed(client, experiment, url):
    run = make_run(experiment, params={"lr": "1"}, metrics={"loss": 1.0})
    text = client.get(url, {"group": "p.lr", "cols": "m.loss"}).text
    members = re.search(r'hx-get="([^"]*/members/.*?)"', text).group(1)
    address = members.replace("&amp;", "&")
    known = version(client.get(address, headers=HTMX))

    assert again(client, address, known).status_code == 304
    log_batch(run, metrics=[Point("loss", 0.25, 1)])
    assert "0.2500" in again(client, address, known).text


@pytest.mark.parametrize(
    "change", ["a metric's next point", "another metric", "its end", "its failure"]
)
def test_the_page_of_a_run_is_sent_again_only_when_its_figures_have_changed(
    client, experiment, change
):
    run = make_run(experiment, status="RUNNING", metrics={"loss": 1.0})
    address = f"/w/default/runs/{run.run_id}/"
    known = version(client.get(address, headers=HTMX))

    assert again(client, address, known).status_code == 304
    CHANGES[change](run)
    assert again(client, address, known).status_code == 200


def test_a_page_for_people_is_always_sent(client, experiment, url):
    make_run(experiment)
    known = version(client.get(url, headers=HTMX))

    assert client.get(url, headers={"If-None-Match": known}).status_code == 200


@pytest.mark.browser
def test_an_open_list_follows_its_runs_until_it_is_paused(
    server, page, mlflow_client, experiment_name
):
    key = mlflow_client.create_experiment(experiment_name)
    parent = mlflow_client.create_run(key, run_name="parent").info.run_id
    child = mlflow_client.create_run(
        key, run_name="child", tags={"mlflow.parentRunId": parent}
    ).info.run_id
    for run in (parent, child):
        mlflow_client.log_metric(run, "accuracy", 0.25)
    page.clock.install()
    page.goto(f"{server.url}/w/default/experiments/{key}/?cols=name,m.accuracy&nest=1")
    page.get_by_role("button", name="1 child run of parent").click()
    expect(page.get_by_label("Tick child")).to_be_visible()
    page.get_by_label("Tick parent").check()
    page.evaluate("document.querySelector('[name=run]').closest('tr').dataset.same = 'yes'")
    statuses = []
    page.on("response", lambda response: statuses.append(response.status))
    live, button = page.locator("#live"), page.locator("[data-live-button]")

    # A metric of either row: cells change where they stand.
    mlflow_client.log_metric(parent, "accuracy", 0.75, step=1)
    mlflow_client.log_metric(child, "accuracy", 0.875, step=1)
    page.clock.run_for(16_000)
    expect(page.locator("td.flash", has_text="0.7500")).to_be_visible()
    expect(page.locator("td.flash", has_text="0.8750")).to_be_visible()
    expect(page.locator("tr[data-same]")).to_have_count(1)
    expect(page.get_by_label("Tick parent")).to_be_checked()

    # Nothing new: the answers say so and no more.
    statuses.clear()
    with page.expect_response(lambda response: "/children/" in response.url):
        page.clock.run_for(16_000)
    assert set(statuses) == {304}

    # The server goes away and comes back.
    page.route("**/experiments/**", lambda route: route.abort())
    page.clock.run_for(16_000)
    expect(live).to_contain_text("Connection lost, retrying")
    page.unroute("**/experiments/**")
    button.click()
    expect(live).to_contain_text("Live")

    # Who has paused it is left alone.
    page.keyboard.press(".")
    expect(live).to_contain_text("Paused")
    mlflow_client.log_metric(parent, "accuracy", 0.125, step=2)
    mlflow_client.create_run(key, run_name="late")
    page.clock.run_for(60_000)
    expect(page.locator("td", has_text="0.7500")).to_be_visible()
    page.keyboard.press(".")
    expect(page.locator("td", has_text="0.1250")).to_be_visible()
    expect(page.get_by_role("link", name="1 new run")).to_be_visible()

    # Nobody is asked for half an hour; a key brings it back.
    page.clock.run_for(31 * 60_000)
    expect(live).to_contain_text("just now")
    page.clock.run_for(62_000)
    expect(live).to_contain_text("while you were away")
    page.keyboard.press("Shift")
    expect(live).to_contain_text("Live")
