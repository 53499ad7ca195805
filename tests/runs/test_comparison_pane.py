"""Metric comparison beside the run list: it opens by ticks, and its charts are changed in place."""

import re

import pytest
from mlflow.entities import Metric
from playwright.sync_api import Page, expect

from tests.runs.charting import ESTIMATORS, PATIENCE, chart
from tests.support.factories import make_experiment, make_run

PANE = "/w/default/compare/pane/"


def pane_of(client, *runs, **query):
    ids = ",".join(run.run_id for run in runs)
    return client.get(PANE, {"runs": ids, **query}, headers={"HX-Request": "true"})


@pytest.fixture
def three(db):
    experiment = make_experiment("pane")
    metrics = {f"m{number}": float(number) for number in range(8)}
    return [make_run(experiment, f"run {i}", metrics=metrics, start_time=i) for i in range(3)]


def test_the_pane_has_the_first_charts_and_says_where_the_others_are(client, three):
    response = pane_of(client, *three)

    assert response.text.count("<figure") == 6
    assert "All 8 charts" in response.text
    assert "/w/default/compare/charts/?runs=" in response.text


def test_the_pane_keeps_the_changes_of_its_charts(client, three):
    response = pane_of(client, *three, chart="metric=m0&type=scatter&title=Mine")

    assert ">Mine</h3>" in response.text
    # Its links lead from any page to that of the comparison.
    assert "Reset chart" in response.text
    assert not re.search(r'href="\?', response.text)


def test_opened_by_itself_it_is_the_page_of_the_comparison(client, three):
    response = client.get(PANE, {"runs": three[0].run_id})

    assert response.status_code == 302
    assert response["Location"].startswith("/w/default/compare/charts/?runs=")


@pytest.mark.parametrize("query", [{}, {"runs": "f" * 32}, {"chart": "type=pie"}])
def test_what_cannot_be_charted_is_said(client, db, query):
    response = client.get(PANE, query, headers={"HX-Request": "true"})

    assert response.status_code == 200
    assert "No metrics logged" in response.text


def test_runs_without_metrics_have_an_empty_pane(client, db):
    response = pane_of(client, make_run(make_experiment("none")))

    assert "No metrics logged" in response.text


def test_the_number_of_queries_does_not_grow_with_runs_and_charts(
    client, three, django_assert_max_num_queries
):
    with django_assert_max_num_queries(14):
        pane_of(client, *three)


def boxes(page: Page):
    return page.locator('tbody input[name="run"]')


def test_two_ticks_open_the_pane_and_a_chart_is_changed_there(
    page: Page, run_list_url: str, complaints
):
    page.goto(run_list_url)
    pane = page.locator("#comparison")
    expect(pane).to_be_hidden()

    boxes(page).nth(0).check()
    expect(pane).to_be_hidden()
    boxes(page).nth(1).check()
    expect(pane).to_be_visible()
    chart(page, "mean_absolute_error").scroll_into_view_if_needed()
    expect(chart(page, "mean_absolute_error").locator("g.point path")).to_have_count(
        2, timeout=PATIENCE
    )

    page.get_by_role("link", name="Edit mean_absolute_error").click()
    page.get_by_label("Visualization type").select_option(label="Bar")
    page.get_by_label("X-axis").select_option(label="estimator")
    page.get_by_role("button", name="Replace").click()
    changed = chart(page, "mean_absolute_error by estimator")
    expect(changed.locator(".xtick text")).to_have_text(sorted(ESTIMATORS), timeout=PATIENCE)
    expect(page).to_have_url(re.compile("chart="))

    page.reload()
    changed.scroll_into_view_if_needed()
    expect(changed.locator(".xtick text")).to_have_text(sorted(ESTIMATORS), timeout=PATIENCE)
    assert complaints == []

    boxes(page).nth(1).uncheck()
    expect(pane).to_be_hidden()


def test_the_pane_is_opened_sized_and_closed_by_keyboard(page: Page, run_list_url: str):
    page.goto(run_list_url)

    page.get_by_role("link", name="Comparison").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#comparison-runs")).to_contain_text("The first 2 runs of the list")
    expect(chart(page, "loss")).to_be_visible(timeout=PATIENCE)

    # Wide windows have it at the right of the list.
    expect(page).to_have_url(re.compile("pane=right"))
    handle = page.get_by_role("separator", name="Width of the comparison")
    handle.focus()
    page.keyboard.press("ArrowLeft")
    expect(handle).to_have_attribute("aria-valuenow", "43")
    page.keyboard.press("Home")
    expect(handle).to_have_attribute("aria-valuenow", "22")
    page.get_by_role("button", name="Below the list").focus()
    page.keyboard.press("Enter")
    handle = page.get_by_role("separator", name="Height of the comparison")
    page.get_by_role("button", name="Larger").focus()
    page.keyboard.press("Enter")
    expect(handle).to_have_attribute("aria-valuenow", "48")

    # The address says where it is, also when the list is sorted.
    page.get_by_role("link", name="Start date").first.click()
    expect(page).to_have_url(re.compile("sort=.*pane=bottom"))
    expect(handle).to_be_visible()
    expect(chart(page, "loss")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("button", name="Close the comparison").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#comparison")).to_be_hidden()
    expect(page.get_by_role("link", name="Comparison")).to_be_focused()
    expect(page).to_have_url(re.compile("pane=off"))


def test_on_a_phone_the_pane_lies_over_the_list_once_it_is_asked_for(page: Page, run_list_url: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(run_list_url)
    boxes(page).nth(0).check()
    boxes(page).nth(1).check()

    page.get_by_text("More with the selected runs").locator("..").click()
    page.get_by_role("button", name="Charts").click()
    pane = page.locator("#comparison")
    expect(chart(page, "loss")).to_be_in_viewport(timeout=PATIENCE)
    page.keyboard.press("Escape")

    expect(pane).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_change_that_makes_no_sense_stays_in_the_dialog_with_the_reason(
    page: Page, run_list_url: str
):
    page.goto(run_list_url)
    boxes(page).nth(0).check()
    boxes(page).nth(1).check()
    page.get_by_role("link", name="Edit loss").click()
    page.get_by_label("Visualization type").select_option(label="Bar")
    page.get_by_label("X-axis").select_option(label="Step")

    page.get_by_role("button", name="Replace").click()

    expect(page.get_by_role("alert")).to_contain_text("Bar shows one value a run")
    expect(page.get_by_label("Visualization type")).to_have_value("bar")


def test_ticks_and_the_pane_stay_when_the_list_is_filtered(page: Page, run_list_url: str):
    page.goto(run_list_url)
    with page.expect_response("**/selection/**"):
        boxes(page).nth(0).check()
    with page.expect_response("**/selection/**"):
        boxes(page).nth(1).check()
    expect(page.locator("#comparison")).to_be_visible()

    page.get_by_label("Find by run name or id").fill("run")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=run"))

    expect(page.locator('tbody input[name="run"]:checked')).to_have_count(2)
    expect(page.locator("#comparison")).to_be_visible()
    with page.expect_response("**/selection/**"):
        boxes(page).nth(1).uncheck()
    page.reload()
    expect(page.locator('tbody input[name="run"]:checked')).to_have_count(1)


def test_a_pane_that_cannot_be_read_says_so_in_a_line(page: Page, run_list_url: str):
    page.goto(run_list_url)
    page.route(
        "**/compare/pane/**", lambda route: route.fulfill(status=500, body="<h1>Broken</h1>")
    )

    boxes(page).nth(0).check()
    boxes(page).nth(1).check()

    expect(page.locator("#comparison-body")).to_have_text(re.compile("could not be read"))


@pytest.fixture
def curves_url(server, mlflow_client, experiment_name) -> str:
    """The list of three runs that logged two metrics at a hundred steps each, and of another."""
    identifier = mlflow_client.create_experiment(experiment_name)
    for number in range(3):
        run_id = mlflow_client.create_run(identifier, run_name=f"curve {number}").info.run_id
        points = [
            Metric(name, (number + 1) / (step + 1) + offset, 1_000 * step, step)
            for name, offset in (("loss", 0), ("val_loss", 0.25))
            for step in range(100)
        ]
        mlflow_client.log_batch(run_id, metrics=points)
        mlflow_client.set_terminated(run_id)
    other = mlflow_client.create_run(identifier, run_name="not chosen").info.run_id
    mlflow_client.log_metric(other, "loss", 9.0)
    return f"{server.url}/w/default/experiments/{identifier}/"


def picture(page: Page, title: str) -> tuple[dict, list]:
    """The figure that a chart is drawn from, and the lines that are drawn."""
    figure = chart(page, title)
    figure.scroll_into_view_if_needed()
    # A smoothed line and a faint one behind it, of three runs and two metrics.
    expect(figure.locator("path.js-line")).to_have_count(12, timeout=PATIENCE)
    sent = page.evaluate(
        "async figure => (await fetch(figure)).json()", figure.get_attribute("data-figure")
    )
    lines = figure.locator("path.js-line").evaluate_all(
        "lines => lines.map(line => [line.getAttribute('d'), getComputedStyle(line).stroke])"
    )
    return sent, lines


def test_learning_curves_are_the_same_picture_for_whoever_opens_the_saved_view(
    page: Page, curves_url: str, browser, complaints
):
    page.goto(curves_url)
    for name in ("curve 0", "curve 1", "curve 2"):
        page.get_by_label(f"Tick {name}", exact=True).check()
    page.get_by_role("link", name="Edit loss", exact=True).click()
    page.get_by_label("Chart title").fill("Both losses")
    page.get_by_text("More on the Y-axis").click()
    page.get_by_label("Other metrics in the same chart").select_option("val_loss")
    page.get_by_text("Smoothing and labels").click()
    page.get_by_label("Smoothing", exact=True).select_option(label="Exponential moving average")
    page.get_by_label("Amount").fill("0.6")
    page.get_by_role("button", name="Replace").click()
    mine = picture(page, "Both losses")

    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Save view").click()
    page.get_by_label("Name").fill("Learning curves")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Showing the view Learning curves")).to_be_visible()
    page.locator("summary", has_text="Views").click()
    link = page.get_by_role("link", name="Learning curves").get_attribute("href")
    assert complaints == []

    # Another browser has ticked nothing.
    context = browser.new_context(viewport=page.viewport_size)
    other = context.new_page()
    other.goto(f"{curves_url.partition('/w/')[0]}{link}")
    theirs = picture(other, "Both losses")
    expect(other.locator('tbody input[name="run"]:checked')).to_have_count(0)
    context.close()

    assert theirs[0] == mine[0]
    assert theirs[1] == mine[1]


def test_a_chart_of_the_pane_is_edited_by_keyboard_alone(page: Page, run_list_url: str):
    def to(locator) -> None:
        """Tab to an element, as whoever has no mouse does."""
        for _ in range(80):
            if locator.evaluate("element => element === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError("It is not reached by Tab.")

    page.goto(run_list_url)
    page.get_by_role("link", name="Skip to run table").focus()
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    expect(page.locator('tbody input[name="run"]:checked')).to_have_count(2)
    edit = page.get_by_role("link", name="Edit mean_absolute_error")
    expect(edit).to_be_attached(timeout=PATIENCE)
    to(edit)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Chart title")).to_be_focused()
    page.keyboard.type("Errors")
    to(page.get_by_label("Visualization type"))
    page.keyboard.type("Bar")
    to(page.get_by_label("X-axis"))
    page.keyboard.type("est")
    to(page.get_by_label("Y-axis"))
    page.keyboard.type("loss")
    to(page.get_by_role("button", name="Replace"))
    page.keyboard.press("Enter")

    changed = chart(page, "Errors")
    changed.scroll_into_view_if_needed()
    expect(changed.locator(".xtick text")).to_have_text(sorted(ESTIMATORS), timeout=PATIENCE)
    expect(changed.locator(".ytitle")).to_have_text("loss")
    page.reload()
    expect(chart(page, "Errors")).to_be_attached(timeout=PATIENCE)
