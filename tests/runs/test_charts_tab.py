"""The charts of an experiment: sections by prefix, a search, and no more than can be looked at."""

import re

import pytest
from playwright.sync_api import Page, expect

from runs.models import KeyKind, RunKey
from tests.support.factories import make_experiment, make_run


@pytest.fixture
def experiment(db):
    tag = {"mlflow.experiment.primaryMetric.name": "val/acc"}
    return make_experiment("charts", **tag)


def charts(client, experiment, **query):
    page = client.get(f"/w/default/experiments/{experiment.pk}/charts/", query)
    assert page.status_code == 200, page.text
    return page


def sections(page) -> dict[str, list[str]]:
    return {
        each.title: [card.title for card in each.cards] for each in page.context["tab"].sections
    }


def test_metrics_stand_in_sections_by_prefix_the_primary_one_first(client, experiment):
    metrics = {"loss": 1.0, "train/loss": 1.0, "val/loss": 1.0, "val/acc": 0.5, "system/cpu": 9.0}
    make_run(experiment, metrics=metrics)

    page = charts(client, experiment)

    # What the machine did comes last, and is drawn only when asked for.
    assert sections(page) == {
        "val/": ["val/acc", "val/loss"],
        "Without a prefix": ["loss"],
        "train/": ["train/loss"],
        "system/": [],
    }
    assert sections(charts(client, experiment, section="system")) == {"system/": ["system/cpu"]}


def test_twelve_charts_come_first_and_a_section_has_pages(client, experiment):
    make_run(experiment, metrics={f"a/m{number:02}": 1.0 for number in range(30)})

    page = charts(client, experiment)
    assert len(sections(page)["a/"]) == 12
    assert "All 30" in page.text

    first = charts(client, experiment, section="a")
    assert len(sections(first)["a/"]) == 24
    second = charts(client, experiment, section="a", part="1")
    assert sections(second)["a/"] == [f"a/m{number}" for number in range(24, 30)]
    assert second.context["tab"].sections[0].previous_url


@pytest.mark.parametrize(
    "query", [{"section": "none"}, {"part": "x"}, {"part": "99"}, {"sort": "-m.x"}]
)
def test_what_an_address_says_wrong_breaks_nothing(client, experiment, query):
    make_run(experiment, metrics={"loss": 1.0})

    assert sections(charts(client, experiment, **query)) == {"Without a prefix": ["loss"]}


def test_a_search_finds_metrics_by_a_part_of_their_names(client, experiment):
    make_run(experiment, metrics={"train/loss": 1.0, "val/loss": 1.0, "acc": 1.0})

    page = charts(client, experiment, metric="LOSS")

    assert sections(page) == {"train/": ["train/loss"], "val/": ["val/loss"]}
    assert "2 of 3 metrics" in page.text
    assert "No metric has this in its name" in charts(client, experiment, metric="zzz").text


def test_the_first_runs_of_the_list_are_charted_as_its_address_says(client, experiment):
    for number in range(10):
        make_run(experiment, f"run {number}", metrics={"loss": float(number)}, start_time=number)

    newest = [run.label for run in charts(client, experiment).context["tab"].runs]
    found = [run.label for run in charts(client, experiment, q="run 3").context["tab"].runs]
    least = charts(client, experiment, sort="m.loss").context["tab"].runs

    assert newest == [f"run {number}" for number in range(9, 1, -1)]
    assert found == ["run 3"]
    assert least[0].label == "run 0"


def test_ticked_runs_are_charted_instead(client, experiment):
    runs = [make_run(experiment, f"run {i}", metrics={"loss": 1.0}, start_time=i) for i in range(9)]
    client.post(
        f"/w/default/experiments/{experiment.pk}/selection/",
        {"shown": runs[0].run_id, "run": runs[0].run_id, "do": "keep"},
    )

    tab = charts(client, experiment).context["tab"]

    assert (tab.are_ticked, [run.label for run in tab.runs]) == (True, ["run 0"])


def test_a_filter_that_cannot_be_read_is_left_out_and_the_page_says_so(client, experiment):
    make_run(experiment, metrics={"loss": 1.0})

    page = charts(client, experiment, where="metrics.loss >")

    assert "The expression is not applied" in page.text
    assert sections(page) == {"Without a prefix": ["loss"]}


def test_one_bar_holds_for_all_charts_but_for_what_a_chart_says_itself(client, experiment):
    curve = [3.0, 2.0, 1.0]
    for _ in range(2):
        make_run(experiment, metrics={"loss": curve, "train/loss": curve, "single": 1.0})
    own = "metric=loss&smooth=mean:9"
    settings = {"x": "relative", "xs": "log", "ys": "log", "sm": "ema:0.6", "out": "fit"}

    page = charts(client, experiment, **settings, chart=own)

    specs = {
        card.spec.metric: card.spec
        for section in page.context["tab"].sections
        for card in section.cards
    }
    assert specs["train/loss"].query == (
        "metric=train%2Floss&x=relative&xscale=log&yscale=log&smooth=ema%3A0.6&outliers=fit"
    )
    assert specs["loss"].smooth == "mean:9"
    # One value a run has no course.
    assert specs["single"].query == "metric=single&yscale=log&outliers=fit"
    assert "sm=ema:0.6" in page.context["tab"].compare_url


@pytest.mark.parametrize(
    ("key", "value"),
    [("x", "param:lr"), ("xs", "cubic"), ("ys", "1"), ("sm", "ema:7"), ("out", "away")],
)
def test_what_the_bar_cannot_be_is_left_out_and_said(client, experiment, key, value):
    make_run(experiment, metrics={"loss": [1.0, 2.0]})

    page = charts(client, experiment, **{key: value})

    assert [text for text in page.context["tab"].notices if text.startswith(key)]
    assert page.context["tab"].address.settings.pairs == []


def test_the_runs_of_the_list_stand_beside_the_charts_with_the_colors_that_they_have_there(
    client, experiment
):
    for number in range(10):
        make_run(experiment, f"run {number}", metrics={"val/acc": number / 10}, start_time=number)

    page = charts(client, experiment)

    rows = page.context["slim_rows"]
    assert [row.run.name for row in rows] == [f"run {number}" for number in range(9, -1, -1)]
    assert [row.charted.slot for row in rows if row.charted] == list(range(8))
    assert rows[0].primary == 0.9
    assert page.context["total"] == 10
    for link in ("Views", "Export", "Settings"):
        assert link in page.text


def test_the_runs_that_a_link_names_are_charted_whatever_is_ticked(client, experiment):
    runs = [make_run(experiment, f"run {i}", metrics={"loss": 1.0}, start_time=i) for i in range(4)]
    elsewhere = make_run(make_experiment("elsewhere"), metrics={"loss": 1.0})
    client.post(
        f"/w/default/experiments/{experiment.pk}/selection/",
        {"shown": runs[0].run_id, "run": runs[0].run_id, "do": "keep"},
    )
    named = ",".join(run.run_id for run in [runs[3], runs[1], elsewhere])

    tab = charts(client, experiment, runs=named).context["tab"]

    assert [run.label for run in tab.runs] == ["run 1", "run 3"]


def test_ticks_and_filters_of_the_charts_lead_back_to_them(client, experiment):
    run = make_run(experiment, "one", metrics={"loss": 1.0})
    path = f"/w/default/experiments/{experiment.pk}/"

    kept = client.post(
        f"{path}selection/?q=o&to=charts", {"shown": run.run_id, "run": run.run_id, "do": "keep"}
    )
    applied = client.get(f"{path}filter/apply/", {"to": "charts", "q": "one", "sm": "ema:0.6"})

    assert kept["Location"] == f"{path}charts/?q=o"
    assert applied["Location"] == f"{path}charts/?q=one&sm=ema%3A0.6"


def test_an_experiment_without_metrics_says_when_charts_appear(client, experiment):
    assert "Nothing to chart yet" in charts(client, experiment).text

    make_run(experiment)

    assert "Nothing to chart yet" in charts(client, experiment).text


def test_twelve_thousand_metrics_cost_no_more_queries_and_few_charts(
    client, experiment, django_assert_max_num_queries
):
    run = make_run(experiment, metrics={f"p{i % 300}/m{i}": 1.0 for i in range(20)})
    RunKey.objects.bulk_create(
        RunKey(experiment=experiment, kind=KeyKind.METRIC, name=f"q{i % 300}/x{i}", sample="1")
        for i in range(12_000)
    )

    with django_assert_max_num_queries(16):
        page = charts(client, experiment)

    assert sum(len(cards) for cards in sections(page).values()) == 12
    assert len(page.content) < 400_000
    assert run.name in page.text


def test_charts_are_drawn_as_they_come_near(page: Page, server, mlflow_client, experiment_name):
    identifier = mlflow_client.create_experiment(experiment_name)
    run = mlflow_client.create_run(identifier).info.run_id
    for step in range(3):
        for metric in ("train/loss", "val/loss"):
            mlflow_client.log_metric(run, metric, 1.0 / (step + 1), step=step)

    page.goto(f"{server.url}/w/default/experiments/{identifier}/")
    page.get_by_role("navigation", name="View").get_by_role("link", name="Charts").click()

    expect(page).to_have_url(re.compile("/charts/"))
    expect(page.locator("figure.chart .js-line").first).to_be_visible(timeout=30_000)
