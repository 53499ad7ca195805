"""A run list worked without a mouse, from the filter to the comparison, and what axe says of it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def address(server, mlflow_client, experiment_name) -> str:
    """A list of four runs, one of which the filter of the story hides."""
    key = mlflow_client.create_experiment(experiment_name)
    for place, name in enumerate(["fourth", "third", "second", "first"]):
        run = mlflow_client.create_run(key, run_name=name, start_time=1_700_000_000_000 + place)
        run_id = run.info.run_id
        mlflow_client.log_param(run_id, "lr", 0.1 * place)
        mlflow_client.set_tag(run_id, "team", "vision")
        mlflow_client.set_tag(run_id, "mlflow.note.content", f"About **{name}**.")
        for step in range(4):
            mlflow_client.log_metric(run_id, "accuracy", place / 10 + step / 100, step=step)
        mlflow_client.set_terminated(run_id)
    return f"{server.url}/w/default/experiments/{key}/"


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.textContent.trim()")


def test_a_list_is_filtered_looked_at_ticked_and_compared_by_keys_alone(page: Page, address):
    keys = page.keyboard
    page.goto(address)

    keys.press("/")
    keys.type("metrics.accuracy > 0.1")
    keys.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.evaluate("document.activeElement.blur()")

    keys.press("j")
    assert focused(page) == "first"
    keys.press("ArrowDown")
    assert focused(page) == "second"
    # Of all rows only this one takes part in tabbing.
    stops = "[...document.querySelectorAll('tbody .row-name')].map((link) => link.tabIndex)"
    assert page.evaluate(stops) == [-1, 0, -1]

    panel = page.locator("#quick-look")
    keys.press("Space")
    expect(panel.get_by_role("heading", level=2)).to_be_focused()
    expect(panel).to_contain_text("About second.")
    assert "look=" in page.url
    keys.press("ArrowDown")
    expect(panel.get_by_role("heading", level=2)).to_have_text("third")
    expect(panel.get_by_role("heading", level=2)).to_be_focused()
    keys.press("Escape")
    expect(panel).to_be_hidden()
    assert focused(page) == "third"
    assert "look=" not in page.url

    keys.press("x")
    keys.press("k")
    keys.press("k")
    keys.press("Shift+X")
    expect(page.locator("tbody [name=run]:checked")).to_have_count(3)
    keys.press("j")
    keys.press("x")
    expect(page.locator("tbody [name=run]:checked")).to_have_count(2)
    keys.press("c")
    page.wait_for_url("**/compare/**")
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 runs")

    keys.press("3")
    page.wait_for_url("**/compare/metrics/**")
    keys.press("g")
    keys.press("r")
    page.wait_for_url("**/w/default/runs/**")


def test_keys_of_one_letter_can_be_switched_off(page: Page, address):
    keys = page.keyboard
    page.goto(address)
    expect(page.locator("tbody tr")).to_have_count(4)

    keys.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_text("Quick look at the run")).to_be_visible()
    dialog.get_by_label("Keys of a single letter").uncheck()
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    for key in ("j", "f", "."):
        keys.press(key)
    assert not page.evaluate("document.activeElement.closest('tr')")
    expect(page.locator("#live")).to_contain_text("Live")
    assert page.url == address

    page.get_by_role("link", name="first").focus()
    keys.press("ArrowDown")
    assert focused(page) == "second"
    keys.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    keys.press("Escape")

    page.goto(address.partition("/w/")[0] + "/help/")
    page.get_by_label("Keys of a single letter").check()
    page.goto(address)
    keys.press("j")
    assert focused(page) == "first"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_list_with_a_quick_look(browser, address, theme):
    context = browser.new_context(color_scheme=theme, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(address)
    page.get_by_role("link", name="Quick look").nth(1).click()
    expect(page.locator("#quick-look h2")).to_have_text("second")

    wide = Axe().run(page).response["violations"]
    page.set_viewport_size({"width": 320, "height": 640})
    narrow = Axe().run(page).response["violations"]
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    context.close()

    found = [each for each in wide + narrow if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert over <= 0
