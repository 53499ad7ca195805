"""Comparing runs in a browser: charts under the page's policy, by mouse, by keyboard, without."""

import re

import pytest
from mlflow.entities import Metric
from playwright.sync_api import Page, expect

from tests.runs.charting import ESTIMATORS, PIECES, chart


def test_charts_are_drawn_under_the_policy_and_nobody_else_is_asked(
    page: Page, address: str, complaints
):
    page.goto(address)

    curves = chart(page, "loss")
    expect(curves.locator("path.js-line")).to_have_count(2 * PIECES)
    expect(curves.get_by_text("NaN", exact=True).first).to_be_attached()
    expect(chart(page, "mean_absolute_error").locator("g.point path")).to_have_count(2)
    # The rules that Plotly writes into the style sheet are what puts its layers one on another.
    layers = curves.locator("svg.main-svg").first
    assert layers.evaluate("svg => getComputedStyle(svg).position") == "absolute"
    expect(page.get_by_text("Share chart")).to_have_count(0)
    expect(page.locator(".modebar-btn")).to_have_count(0)
    assert complaints == []


def test_the_legend_hides_a_run_and_shows_it_again(page: Page, address: str, complaints):
    page.goto(address)
    curves = chart(page, "loss")
    expect(curves.locator("path.js-line")).to_have_count(2 * PIECES)
    button = curves.get_by_role("button", name="run 1")

    button.focus()
    page.keyboard.press("Enter")
    expect(curves.locator("path.js-line")).to_have_count(PIECES)
    expect(button).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Space")

    expect(curves.locator("path.js-line")).to_have_count(2 * PIECES)
    assert complaints == []


def test_a_chart_follows_the_theme_without_asking_for_the_figure_again(
    page: Page, address: str, complaints
):
    page.emulate_media(color_scheme="light")
    page.goto(address)
    tick = chart(page, "loss").locator(".xtick text").first
    expect(tick).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    before = tick.evaluate("text => getComputedStyle(text).fill")

    page.get_by_role("button", name="Switch between light and dark").click()
    page.wait_for_function(
        "before => getComputedStyle(document.querySelector('.xtick text')).fill !== before",
        arg=before,
    )

    assert not [url for url in asked if "figure.json" in url]
    assert complaints == []


@pytest.mark.parametrize(("kind", "name"), [("PNG image", "loss.png"), ("SVG image", "loss.svg")])
def test_a_chart_is_downloaded_as_an_image(page: Page, address: str, complaints, kind, name):
    page.goto(address)
    curves = chart(page, "loss")
    expect(curves.locator("path.js-line")).to_have_count(2 * PIECES)

    curves.locator("summary", has_text="More of loss").click()
    with page.expect_download() as download:
        curves.get_by_role("button", name=kind).click()

    assert download.value.suggested_filename == name
    content = download.value.path().read_bytes()
    assert content.startswith(b"\x89PNG") or b"run 1" in content
    assert [line for line in complaints if "style" not in line] == []


def test_a_chart_that_cannot_be_drawn_says_why_and_is_tried_again(
    page: Page, address: str, complaints
):
    page.route("**/figure.json*", lambda route: route.abort())
    page.goto(address)
    curves = chart(page, "loss")
    expect(curves.get_by_role("alert")).to_contain_text("The server did not answer.")
    page.unroute("**/figure.json*")

    curves.get_by_role("button", name="Retry").click()

    expect(curves.locator("path.js-line")).to_have_count(2 * PIECES)
    expect(curves.get_by_role("alert")).to_have_count(0)


def test_a_figure_that_is_refused_shows_the_reason(page: Page, address: str):
    page.goto(f"{address}&chart=metric%3Dnothing%26at%3Dloss")

    expect(chart(page, "nothing").get_by_role("alert")).to_contain_text(
        "None of these runs logged nothing."
    )


def test_a_chart_is_edited_by_keyboard_and_the_link_keeps_it(
    page: Page, address: str, complaints, browser
):
    page.goto(address)
    expect(chart(page, "mean_absolute_error").locator("g.point path")).to_have_count(2)

    page.get_by_role("link", name="Edit mean_absolute_error").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Chart title")).to_be_focused()
    page.keyboard.type("Error by estimator")
    page.keyboard.press("Tab")
    page.keyboard.type("Bar")
    page.keyboard.press("Tab")
    page.keyboard.type("estimator")
    expect(page.get_by_label("X-axis")).to_have_value("param:estimator")
    # The Y-axis, the value, four folds, Cancel and Add as new stand between.
    for _ in range(9):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Replace")).to_be_focused()
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile("chart="))
    edited = chart(page, "Error by estimator")
    expect(edited.locator(".xtick text")).to_have_text(sorted(ESTIMATORS))
    assert complaints == []

    elsewhere = browser.new_context().new_page()
    elsewhere.goto(page.url)
    expect(chart(elsewhere, "Error by estimator").locator(".xtick text")).to_have_text(
        sorted(ESTIMATORS)
    )
    elsewhere.context.close()


def test_a_chart_is_edited_by_mouse_and_keeps_it_when_the_page_is_loaded_again(
    page: Page, address: str, complaints
):
    page.goto(address)
    page.get_by_role("link", name="Edit mean_absolute_error").click()
    page.get_by_label("Visualization type").select_option(label="Bar")
    page.get_by_label("X-axis").select_option(label="estimator")
    page.get_by_role("button", name="Replace").click()
    by_estimator = chart(page, "mean_absolute_error by estimator")
    expect(by_estimator.locator(".xtick text")).to_have_text(sorted(ESTIMATORS))

    page.get_by_role("link", name="Edit mean_absolute_error by estimator").click()
    expect(page.get_by_label("X-axis")).to_have_value("param:estimator")
    page.get_by_label("Chart title").fill("How wrong")
    page.get_by_label("Y-axis").select_option("loss")
    page.get_by_role("button", name="Replace").click()
    page.wait_for_url(re.compile("How"))
    page.reload()

    edited = chart(page, "How wrong")
    expect(edited.locator(".xtick text")).to_have_text(sorted(ESTIMATORS))
    expect(edited.locator(".ytitle")).to_have_text("loss")
    assert complaints == []


def test_the_editor_is_left_without_a_change(page: Page, address: str, complaints):
    page.goto(address)
    page.get_by_role("link", name="Edit loss").click()
    page.get_by_label("Chart title").fill("never mind")

    page.get_by_role("link", name="Cancel").click()

    expect(page.locator("#chart-editor")).to_be_hidden()
    assert page.url == address
    assert complaints == []


def test_without_a_script_there_are_drawings_values_and_a_form(browser, address: str):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address)
    curves = chart(page, "loss")

    image = curves.get_by_role("img", name="Two runs; run 0 ends lowest")
    image.scroll_into_view_if_needed()
    expect(image).to_be_visible()
    curves.locator("summary", has_text="Values").click()
    expect(curves.get_by_role("row", name=re.compile("run 1.*1.125"))).to_be_visible()

    page.get_by_role("link", name="Edit mean_absolute_error").click()
    page.get_by_label("X-axis").select_option("param:estimator")
    page.get_by_label("Visualization type").select_option("bar")
    page.get_by_role("button", name="Replace").click()
    expect(page.get_by_role("heading", name="mean_absolute_error by estimator")).to_be_visible()
    page.context.close()


def test_charts_far_below_are_not_asked_for_until_they_come_near(
    page: Page, server, mlflow_client, experiment_name
):
    experiment = mlflow_client.create_experiment(experiment_name)
    run_id = mlflow_client.create_run(experiment).info.run_id
    mlflow_client.log_batch(run_id, metrics=[Metric(f"m{i:02}", 1.0, 1, 0) for i in range(12)])
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    def figures() -> list[str]:
        return [url for url in asked if "figure.json" in url]

    page.goto(f"{server.url}/w/default/compare/charts/?runs={run_id}")
    expect(chart(page, "m00").locator("g.point path")).to_have_count(1)
    at_first = len(figures())
    page.locator("figure.chart").last.scroll_into_view_if_needed()
    expect(chart(page, "m11").locator("g.point path")).to_have_count(1)

    assert at_first < 12
    assert len(figures()) == len(set(figures()))


@pytest.fixture
def long_address(server, mlflow_client, experiment_name) -> str:
    """The charts of a run whose curve has more points than are drawn of it at once."""
    experiment = mlflow_client.create_experiment(experiment_name)
    run_id = mlflow_client.create_run(experiment).info.run_id
    for first in range(0, 4_000, 1_000):
        steps = range(first, first + 1_000)
        points = [Metric("loss", (step * 7 % 100) / 100, step, step) for step in steps]
        mlflow_client.log_batch(run_id, metrics=points)
    mlflow_client.set_terminated(run_id)
    return f"{server.url}/w/default/compare/charts/?runs={run_id}"


def test_zooming_into_a_long_line_brings_more_of_its_points(
    page: Page, long_address: str, complaints
):
    page.goto(long_address)
    curve = chart(page, "loss")
    area = curve.locator(".nsewdrag").first
    notes = curve.locator(".chart-notes")
    expect(notes).to_contain_text("Drawn from")
    reset = curve.get_by_role("button", name="Reset zoom")
    expect(reset).to_have_count(0)

    def drag(start: float, end: float) -> None:
        box = area.bounding_box()
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * start, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * end, middle, steps=4)
        page.mouse.up()

    def first_step() -> float:
        return curve.locator(".chart-canvas").evaluate("canvas => canvas.layout.xaxis.range[0]")

    with page.expect_response(re.compile(r"figure\.json.*&left=\d.*&right=\d")):
        drag(0.5, 0.6)

    # All points of that part are drawn, and the zoom is as it was.
    expect(notes).to_be_empty()
    assert 1_900 < first_step() < 2_100
    expect(reset).to_be_visible()

    # The whole line is still there: nobody is asked for it.
    reset.click()

    expect(notes).to_contain_text("Drawn from")
    expect(reset).to_be_hidden()
    assert first_step() < 10

    drag(0.5, 0.6)
    expect(notes).to_be_empty()
    box = area.bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(notes).to_contain_text("Drawn from")
    assert first_step() < 10
    assert complaints == []


def test_points_are_walked_through_by_keyboard_and_said(page: Page, address: str, complaints):
    page.goto(address)
    curves = chart(page, "loss")
    expect(curves.locator("path.js-line")).to_have_count(2 * PIECES)
    plot = curves.get_by_role("application", name="loss")
    voice = page.locator('p[aria-live="polite"]')

    plot.focus()
    page.keyboard.press("ArrowRight")
    expect(voice).to_have_text("run 0: 1, Step 0")
    expect(curves.locator(".hoverlayer .hovertext, .hoverlayer .legend").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(voice).to_have_text("run 0: NaN, Step 2")
    page.keyboard.press("ArrowRight")
    expect(voice).to_have_text("run 0: 0.25, Step 3")
    page.keyboard.press("ArrowDown")
    expect(voice).to_have_text("run 1: 0.25, Step 3")
    page.keyboard.press("End")
    expect(voice).to_have_text("run 1: 1.125, Step 4")
    page.keyboard.press("Escape")
    expect(curves.locator(".hoverlayer .hovertext")).to_have_count(0)

    # Bars stand beside one another.
    bars = chart(page, "mean_absolute_error")
    expect(bars.locator("g.point path")).to_have_count(2)
    bars.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    expect(voice).to_have_text("run 0: 40, run 0")
    page.keyboard.press("ArrowRight")
    expect(voice).to_have_text("run 1: 39, run 1")
    assert complaints == []


def test_a_chart_fills_the_screen_and_comes_back(page: Page, address: str):
    page.goto(address)
    curves = chart(page, "loss")
    expect(curves.locator("path.js-line")).to_have_count(2 * PIECES)
    before = curves.locator(".main-svg").first.bounding_box()

    button = curves.get_by_role("button", name="Full screen of loss")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        "width => document.querySelector('figure .main-svg').getBoundingClientRect().width > width",
        arg=before["width"],
    )
    button.click()

    expect(button).to_have_attribute("aria-pressed", "false")
