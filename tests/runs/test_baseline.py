"""The numbers of a run list held against a baseline, and the colors that people give to runs."""

import math
import re
from html import unescape

import pytest
from playwright.sync_api import expect

from runs.actions.runs import delete_run, set_tag
from runs.models import RunTag
from tests.support.factories import make_experiment, make_run

HTMX = {"HX-Request": "true"}


@pytest.fixture
def experiment(db):
    return make_experiment("deltas")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def deltas(response) -> dict[str, str]:
    """What stands under the first number of each run, with the word for screen readers."""
    rows = re.findall(r"<tr data-run.*?</tr>", response.text, re.DOTALL)
    found = {}
    for row in rows:
        name = unescape(re.search(r'sr-only">Tick (.*?)</span>', row).group(1))
        delta = re.search(
            r'<span class="delta.*?">(.*?)</span></td>|<span class="delta.*?">(.*?)</span>',
            row,
            re.DOTALL,
        )
        text = next(filter(None, delta.groups())) if delta else ""
        found[name] = re.sub(r"<[^>]*>", "", text)
    return found


@pytest.mark.parametrize(
    ("metric", "base", "value", "expected"),
    [
        ("accuracy", 0.8, 0.9, "+0.1 (+12 %) better"),
        ("accuracy", 0.8, 0.6, "−0.2 (−25 %) worse"),
        ("loss", 0.5, 0.25, "−0.25 (−50 %) better"),
        ("loss", 0.5, 1.0, "+0.5 (+100 %) worse"),
        ("loss", -2.0, -1.0, "+1 (+50 %) worse"),
        ("whatever", 1.0, 1.012, "+0.012 (+1.2 %)"),
        ("accuracy", 0.8, 0.8, "="),
        # Nothing is a percentage of zero.
        ("accuracy", 0.0, 0.5, "+0.5 better"),
        ("accuracy", 1e-300, 1e300, "+1.0e300 better"),
        ("accuracy", math.nan, 0.5, ""),
        ("accuracy", 0.5, math.inf, ""),
    ],
)
def test_a_number_says_how_far_it_is_from_the_baselines_and_whether_that_is_better(
    client, experiment, url, metric, base, value, expected
):
    baseline = make_run(experiment, "base", metrics={metric: base})
    make_run(experiment, "other", metrics={metric: value})

    response = client.get(url, {"base": baseline.run_id, "cols": f"m.{metric}"})

    assert deltas(response) == {"base": "", "other": expected}


def test_the_experiments_own_direction_judges_its_primary_metric(client, db):
    experiment = make_experiment(
        "primary",
        **{
            "mlflow.experiment.primaryMetric.name": "accuracy",
            "mlflow.experiment.primaryMetric.greaterIsBetter": "False",
        },
    )
    baseline = make_run(experiment, "base", metrics={"accuracy": 0.5})
    make_run(experiment, "other", metrics={"accuracy": 0.75})

    response = client.get(
        f"/w/default/experiments/{experiment.pk}/", {"base": baseline.run_id, "cols": "m.accuracy"}
    )

    assert deltas(response)["other"] == "+0.25 (+50 %) worse"


def test_the_baseline_may_be_on_another_page_or_filtered_out(client, experiment, url):
    baseline = make_run(experiment, "base", metrics={"loss": 1.0}, params={"lr": "1"})
    make_run(experiment, "other", metrics={"loss": 2.0}, params={"lr": "2"})

    query = {"base": baseline.run_id, "where": "params.lr = '2'", "cols": "m.loss"}
    response = client.get(url, query)

    assert deltas(response) == {"other": "+1 (+100 %) worse"}
    assert "baseline <b>base</b>" in response.text


def test_any_statistic_of_a_metric_is_held_against_the_same_one(client, experiment, url):
    baseline = make_run(experiment, "base", metrics={"loss": [1.0, 3.0]})
    make_run(experiment, "other", metrics={"loss": [2.0, 3.0]})

    response = client.get(url, {"base": baseline.run_id, "cols": "m.loss@min"})

    assert deltas(response)["other"] == "+1 (+100 %) worse"


def test_a_row_is_made_the_baseline_and_a_chip_takes_it_away(client, experiment, url):
    first = make_run(experiment, "first", metrics={"loss": 1.0}, start_time=1)
    make_run(experiment, "second", metrics={"loss": 2.0}, start_time=2)
    page = client.get(url, {"cols": "m.loss", "q": "s"})

    links = re.findall(r'class="row-mark" href="([^"]*)"', page.text)
    with_base = client.get(unescape(links[1]))
    chip = r'href="([^"]*)"><svg[^>]*>.*?</svg><span class="sr-only">No baseline'
    away = re.search(chip, with_base.text)
    without = client.get(unescape(away.group(1)))

    assert f"base={first.run_id}" in links[1]
    assert deltas(with_base) == {"second": "+1 (+100 %) worse", "first": ""}
    assert '<span class="count">baseline</span>' in with_base.text
    # What narrows the list stays, and so do its columns.
    assert 'name="q" value="s"' in without.text
    assert deltas(without) == {"second": "", "first": ""}


@pytest.mark.parametrize("base", ["nothing", "\x00", "a/b", "x" * 300])
def test_a_baseline_that_is_not_there_is_said(client, experiment, url, base):
    make_run(experiment, "a", metrics={"loss": 1.0})

    response = client.get(url, {"base": base})

    assert response.status_code == 200
    assert "is not here" in response.text


def test_a_baseline_of_another_workspace_or_in_the_trash_is_not_there(client, experiment, url):
    foreign = make_run(make_experiment("f", workspace="elsewhere"), metrics={"loss": 1.0})
    gone = make_run(experiment, "gone", metrics={"loss": 1.0})
    make_run(experiment, "a", metrics={"loss": 2.0})
    delete_run(gone)

    for run in (foreign, gone):
        response = client.get(url, {"base": run.run_id, "cols": "m.loss"})
        assert "is not here" in response.text
        assert deltas(response) == {"a": ""}


def test_child_runs_and_members_of_groups_are_held_against_the_baseline_too(
    client, experiment, url
):
    parent = make_run(experiment, "parent", metrics={"loss": 1.0}, params={"opt": "a"})
    tags = {"mlflow.parentRunId": parent.run_id}
    make_run(experiment, "kid", tags=tags, metrics={"loss": 2.0}, params={"opt": "b"})
    query = {"base": parent.run_id, "cols": "m.loss", "nest": "1"}

    nested = client.get(url, query)
    groups = client.get(url, {**query, "group": "p.opt", "sort": "-p.opt"})

    for page in (nested, groups):
        link = re.search(r'class="opener"[^>]*hx-get="([^"]*)"', page.text).group(1)
        shown = f"http://testserver{page.request['PATH_INFO']}?{page.request['QUERY_STRING']}"
        opened = client.get(unescape(link), headers={**HTMX, "HX-Current-URL": shown})
        kid = re.search(r'class="row-mark" href="([^"]*)"', opened.text).group(1)
        assert deltas(opened) == {"kid": "+1 (+100 %) worse"}
        # The kid as the baseline of the same list.
        assert "is not here" not in client.get(unescape(kid)).text
        assert kid.startswith(f"{url}?")
        assert "cols=m.loss" in kid
        assert kid.count("base=") == 1


def test_a_color_is_given_on_the_runs_page_shown_in_the_list_and_taken_away(
    client, experiment, url
):
    run = make_run(experiment, "red one")
    page = f"/w/default/runs/{run.run_id}/"

    given = client.post(f"{page}color/", {"color": "#D02E1E"})

    assert given.status_code == 302
    assert RunTag.objects.get(run=run, key="mlflow.runColor").value == "#D02E1E"
    assert 'fill="#D02E1E"/></svg>' in client.get(url).text
    assert '<button name="color" value="#D02E1E" aria-current="true">' in client.get(page).text
    for _ in range(2):
        assert client.post(f"{page}color/", {"color": ""}).status_code == 302
    assert not RunTag.objects.filter(run=run, key="mlflow.runColor").exists()
    assert "color-mark" not in client.get(url).text


@pytest.mark.parametrize("color", ["red", "#12", "#12345g", '#fff"><script>', "url(x)", "#\x00"])
def test_what_is_no_color_is_refused_from_people_and_not_shown_from_clients(
    client, experiment, url, color
):
    run = make_run(experiment, "a")

    refused = client.post(f"/w/default/runs/{run.run_id}/color/", {"color": color})
    if "\x00" not in color:
        set_tag(run, key="mlflow.runColor", value=color)

    assert refused.status_code == 400
    assert "color-mark" not in client.get(url).text
    assert client.get(f"/w/default/runs/{run.run_id}/").status_code == 200


@pytest.mark.browser
def test_a_baseline_is_chosen_in_the_list_and_a_color_on_the_run(
    server, page, mlflow_client, experiment_name
):
    key = mlflow_client.create_experiment(experiment_name)
    for name, loss in (("first", 1.0), ("second", 2.0)):
        run_id = mlflow_client.create_run(key, run_name=name).info.run_id
        mlflow_client.log_metric(run_id, "loss", loss)
        mlflow_client.set_terminated(run_id)
    page.goto(f"{server.url}/w/default/experiments/{key}/")

    row = page.locator("tr[data-run]", has_text="first")
    row.hover()
    row.get_by_role("link", name="Use as baseline").click()
    expect(page.locator("tr[data-run]", has_text="second").locator(".delta").first).to_contain_text(
        "worse"
    )
    page.get_by_role("link", name="No baseline").click()
    expect(page.locator(".delta")).to_have_count(0)
    page.get_by_role("link", name="second", exact=True).click()
    page.locator("summary", has_text="Color").click()
    page.get_by_role("button", name="Plum").click()

    expect(page.locator(".color-of-run circle")).to_have_attribute("fill", "#9D546C")
    assert dict(mlflow_client.get_run(run_id).data.tags)["mlflow.runColor"] == "#9D546C"
