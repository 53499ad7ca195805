"""What the menu of a column leads to: the filter pane where it narrows the column, and groups."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from core.formatting import styled_text
from tests.support.factories import make_experiment, make_run


@pytest.fixture
def experiment(db):
    experiment = make_experiment("churn")
    for index in range(3):
        make_run(
            experiment,
            f"run {index}",
            metrics={"val/acc": [0.1, 0.5 + index], "constant": 1.0},
            params={"lr": f"0.{index}", "opt": "adam" if index else "sgd", "fixed": "x"},
            tags={"team": f"team {index}"},
        )
    return experiment


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def led_to(response) -> dict[str, str]:
    """The query of the list that an answer redirects to."""
    assert response.status_code == 302
    parts = parse_qs(urlsplit(response.headers["Location"]).query)
    return {name: values[0] for name, values in parts.items()}


def focused(html: str) -> str:
    """The field of the filter pane that has the focus."""
    tags = [tag for tag in re.findall(r"<(?:input|select)[^>]*>", html) if "autofocus" in tag]
    assert len(tags) == 1
    return unescape(re.search(r' name="([^"]*)"', tags[0]).group(1))


@pytest.mark.parametrize("place", ["list", ""])
def test_a_column_leads_to_the_filter_pane_and_to_groups(client, url, place):
    query = {"cols": "status,m.val/acc@max,p.lr", "sort": "-p.lr", "at": place}

    filtering = led_to(client.get(f"{url}columns/", query | {"do": "filter 2"}))
    grouping = led_to(client.get(f"{url}columns/", query | {"do": "group 3"}))

    kept = {"cols": "status,m.val/acc@max,p.lr", "sort": "-p.lr"}
    assert filtering == kept | {"filters": "1", "about": "m.val/acc@max"}
    assert grouping == kept | {"group": "p.lr"}


def test_columns_that_nobody_chose_stay_so(client, url):
    shown = re.search(r'name="cols" value="([^"]*)"', client.get(url).text).group(1)
    query = {"cols": unescape(shown), "at": "list"}

    assert led_to(client.get(f"{url}columns/", query | {"do": "group 1"})) == {"group": "status"}
    assert led_to(client.get(f"{url}columns/", query | {"do": "asc 1"})) == {"sort": "status"}


def test_what_cannot_be_grouped_by_is_not_offered(client, url):
    page = client.get(url, {"cols": "status,start_time,m.val/acc,p.lr"}).text
    pane = client.get(f"{url}columns/", {"cols": "status,start_time,m.val/acc,p.lr"}).text

    for html in (page, pane):
        assert re.findall(r'value="group (\d)"', html) == ["1", "4"]
        assert {"1", "2", "3", "4"} <= set(re.findall(r'value="filter (\d)"', html))


@pytest.mark.parametrize(
    ("about", "field"),
    [
        ("status", "status"),
        ("start_time", "started"),
        ("model", "registered"),
        ("m.val/acc", "lo.m.val/acc"),
        ("p.opt", "in.p.opt"),
        ("p.fixed", "in.p.fixed"),
        ("t.team", "in.t.team"),
        ("m.val/acc@min", "row_operator"),
        ("m.val/acc@line", "row_operator"),
        ("duration", "row_operator"),
        ("name", "row_operator"),
    ],
)
def test_the_filter_pane_opens_at_the_column(client, url, about, field):
    pane = client.get(f"{url}filter/", {"about": about})

    assert focused(pane.text) == field


@pytest.mark.parametrize(
    ("about", "field"),
    [
        ("m.val/acc@max", "metrics.val/acc@max"),
        ("m.val/acc@beststep", "metrics.val/acc"),
        ("duration", "duration"),
        ("name", "run_name"),
    ],
)
def test_what_has_no_facet_begins_a_row(client, url, about, field):
    pane = client.get(f"{url}filter/", {"about": about}).text

    row = pane.partition("data-new")[2]
    assert re.search(r'name="row_field" value="([^"]*)"', row).group(1) == field


def test_a_facet_that_was_opened_is_there_though_others_are_likelier(client, experiment, url):
    make_run(experiment, params={f"a{index}": "1" for index in range(20)})
    make_run(experiment, params={f"a{index}": "2" for index in range(20)})

    few = client.get(f"{url}filter/").text
    opened = client.get(f"{url}filter/", {"open": ["", "p.opt"]}).text

    assert 'data-facet="p.opt"' not in few
    assert 'data-facet="p.opt" open' in opened


@pytest.mark.parametrize("about", ["", "!", "m.", "p.\x00", "p." + "x" * 600, "nothing", "m.no"])
def test_no_column_breaks_the_pane(client, url, about):
    assert client.get(f"{url}filter/", {"about": about}).status_code == 200
    assert client.get(url, {"about": about, "filters": "1"}).status_code == 200


def test_what_the_pane_opened_at_is_forgotten_by_what_is_asked(client, url):
    applied = client.get(f"{url}filter/apply/", {"about": "p.lr", "status": "FAILED"})

    assert led_to(applied) == {"status": "FAILED"}


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [
        ("seconds", 8040, "2 h 14 m"),
        ("milliseconds", 83_000, "1 m 23 s"),
        ("seconds", -0.25, "-250 ms"),
        ("bytes", 1_234_567, "1.2 MB"),
        ("bytes", -2_000, "-2.0 kB"),
        ("bytes", float("inf"), "∞"),
    ],
)
def test_numbers_are_durations_and_amounts_where_people_say_so(style, value, text):
    assert styled_text(value, style) == text


def test_a_metric_is_shown_in_the_unit_that_it_counts(client, experiment, url):
    make_run(experiment, "long", metrics={"epoch_ms": 83_000.0, "memory": 5e9})
    said = f"{url}columns/metric/?name="

    client.post(f"{said}epoch_ms", {"notation": "milliseconds", "digits": "3"})
    client.post(f"{said}memory", {"notation": "bytes"})

    page = client.get(url, {"cols": "m.epoch_ms,m.memory"}).text
    assert '<span title="83000.0">1 m 23 s</span>' in page
    assert '<span title="5000000000.0">5.0 GB</span>' in page
    assert 'value="milliseconds" selected' in client.get(f"{said}epoch_ms").text


def test_from_a_head_to_the_runs_below_a_bound(server, mlflow_client, experiment_name, page: Page):
    number = mlflow_client.create_experiment(experiment_name)
    for index in range(4):
        run = mlflow_client.create_run(number)
        mlflow_client.log_metric(run.info.run_id, "loss", index / 10)
        mlflow_client.log_param(run.info.run_id, "opt", "adam" if index else "sgd")
    page.goto(f"{server.url}/w/default/experiments/{number}/?cols=m.loss,p.opt")

    page.get_by_role("columnheader", name="loss").locator(".head-menu summary").click()
    page.get_by_role("button", name="Filter by this").click()
    expect(page.get_by_label("loss to")).to_be_visible()
    expect(page.get_by_label("loss from")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("0.1")
    page.keyboard.press("Enter")
    expect(page.locator("#filter-where")).to_have_value("metrics.loss <= 0.1")
    expect(page.locator("#runs tbody tr")).to_have_count(2)

    page.get_by_role("link", name="Columns").click()
    page.get_by_role("dialog").locator(".line-menu summary").last.click()
    page.get_by_role("dialog").get_by_role("button", name="Group by this").click()

    expect(page).to_have_url(re.compile(r"group=p\.opt"))
    assert "metrics.loss" in page.url
    expect(page.get_by_role("table")).to_contain_text("sgd")
