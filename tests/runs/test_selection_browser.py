import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def address(server, mlflow_client, experiment_name) -> str:
    """A list of 60 runs, r59 first, 50 a page."""
    key = mlflow_client.create_experiment(experiment_name)
    for index in range(60):
        run = mlflow_client.create_run(key, run_name=f"r{index}", start_time=1_700_000_000 + index)
        mlflow_client.set_terminated(run.info.run_id)
    return f"{server.url}/w/default/experiments/{key}/"


def bar(page: Page):
    return page.get_by_role("region", name="Selected runs")


def tick(page: Page, *names: str) -> None:
    for name in names:
        with page.expect_response("**/selection/**"):
            page.get_by_label(f"Tick {name}", exact=True).check()


def expect_count(page: Page, count: int) -> None:
    expect(bar(page).locator("[data-tick-count]")).to_have_text(str(count))


def test_ticks_survive_paging_filtering_and_a_look_at_a_run(page, address):
    page.goto(address)
    tick(page, "r59", "r58", "r55")
    page.get_by_role("link", name="Next").click()
    expect_count(page, 3)
    tick(page, "r5", "r3")
    expect_count(page, 5)

    page.goto(f"{address}?q=r5")
    expect(page.get_by_label("Tick r5", exact=True)).to_be_checked()
    expect(page.get_by_label("Tick r54", exact=True)).not_to_be_checked()
    page.get_by_role("link", name="r54", exact=True).click()
    page.wait_for_url("**/runs/*/")
    page.go_back()
    expect_count(page, 5)
    tick(page, "r54")
    page.get_by_role("link", name="r54", exact=True).click()
    page.wait_for_url("**/runs/*/")
    page.go_back()
    expect_count(page, 6)
    expect(page.get_by_label("Tick r54", exact=True)).to_be_checked()

    bar(page).get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 6 runs")


def test_ranges_are_ticked_with_the_shift_key(page, address):
    page.goto(address)
    tick(page, "r58")
    with page.expect_response("**/selection/**"):
        page.get_by_label("Tick r55", exact=True).click(modifiers=["Shift"])
    expect_count(page, 4)

    tick(page, "r50")
    page.get_by_label("Tick r48", exact=True).focus()
    with page.expect_response("**/selection/**"):
        page.keyboard.press("Shift+Space")
    expect_count(page, 7)

    page.reload()
    expect_count(page, 7)
    expect(page.get_by_label("Tick r49", exact=True)).to_be_checked()


def test_the_head_selects_the_page_and_a_button_all_that_match(page, address):
    page.goto(address)
    everything = bar(page).get_by_role("button", name="Select all 60 matching")
    tick(page, "r58")
    expect(everything).to_be_hidden()
    with page.expect_response("**/selection/**"):
        page.get_by_label("Tick all runs of this page").check()
    expect_count(page, 50)
    # So many do not fit into an address: the comparison keeps them.
    expect(bar(page).get_by_role("button", name="Compare")).to_have_attribute(
        "aria-disabled", "false"
    )

    everything.click()
    expect_count(page, 60)

    with page.expect_response("**/selection/**"):
        bar(page).get_by_role("button", name="Clear").click()
    expect(bar(page)).to_be_hidden()
    page.reload()
    expect(bar(page)).to_be_hidden()


def test_the_list_of_ticks_is_worked_by_keyboard(page, address):
    page.goto(address)
    tick(page, "r59", "r58")
    page.get_by_role("link", name="Next").click()
    tick(page, "r4")

    bar(page).locator("summary").first.press("Enter")
    last = bar(page).get_by_role("button", name="Untick r4")
    last.focus()
    with page.expect_response("**/selection/**"):
        page.keyboard.press("Enter")

    expect(page.get_by_label("Tick r4", exact=True)).not_to_be_checked()
    expect_count(page, 2)
    expect(bar(page).get_by_role("button", name="Untick r58")).to_be_focused()


def test_a_tick_that_did_not_reach_the_server_goes_with_the_next(page, address):
    page.goto(f"{address}?pane=off")
    page.route("**/selection/**", lambda route: route.abort())
    page.get_by_label("Tick r59", exact=True).check()
    expect(page.get_by_text("The server did not answer").first).to_be_attached()
    page.unroute("**/selection/**")

    tick(page, "r58")
    page.reload()

    expect_count(page, 2)
    expect(page.get_by_label("Tick r59", exact=True)).to_be_checked()


def test_what_went_to_the_trash_comes_back_with_one_click(page, address):
    # Beside the charts the bar has a menu for this.
    page.goto(f"{address}?pane=off")
    tick(page, "r59", "r58")

    bar(page).get_by_role("button", name="Move to Trash").click()
    message = page.get_by_role("status")
    expect(message).to_contain_text("Moved 2 runs to Trash")
    expect(page.locator("#run-total")).to_have_text("58")

    message.get_by_role("button", name="Undo").click()
    expect(message).to_contain_text("Restored 2 runs")
    expect(page.locator("#run-total")).to_have_text("60")


def test_without_javascript_the_buttons_keep_the_ticks(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Tick r59", exact=True).check()
    bar(page).get_by_role("button", name="Keep ticks").click()
    page.get_by_role("link", name="Next").click()
    page.get_by_label("Tick r3", exact=True).check()
    bar(page).get_by_role("button", name="Tag").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Tag 2 runs")
    page.get_by_label("Name").first.fill("team")
    page.get_by_label("Value").fill("vision")
    page.get_by_role("button", name="Tag 2 runs").click()
    expect(page.get_by_role("status")).to_contain_text("Tagged 2 runs with team")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("The tag team of 2 runs is as it was")

    with page.expect_download() as download:
        bar(page).get_by_text("Export", exact=True).click()
        bar(page).get_by_role("button", name="CSV").click()
    names = re.findall(r"\br\d+\b", download.value.path().read_text())
    assert names == ["r59", "r3"]
    context.close()


def test_child_rows_have_their_ticks_when_they_open(page, server, mlflow_client, experiment_name):
    key = mlflow_client.create_experiment(experiment_name)
    parent = mlflow_client.create_run(key, run_name="parent").info.run_id
    for name in ("child-1", "child-2"):
        mlflow_client.create_run(key, run_name=name, tags={"mlflow.parentRunId": parent})
    page.goto(f"{server.url}/w/default/experiments/{key}/?nest=1")
    opener = page.get_by_role("button", name="2 child runs of parent")
    opener.click()
    tick(page, "child-2")
    expect_count(page, 1)

    page.reload()
    expect_count(page, 1)
    with page.expect_response("**/selection/**"):
        opener.click()

    expect(page.get_by_label("Tick child-2", exact=True)).to_be_checked()
    expect(page.get_by_label("Tick child-1", exact=True)).not_to_be_checked()
    expect_count(page, 1)


def test_on_a_phone_the_bar_is_one_line_with_a_menu(page, address):
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(address)
    tick(page, "r59", "r58")

    assert bar(page).bounding_box()["height"] < 64
    expect(bar(page).get_by_role("button", name="Compare")).to_be_visible()
    bar(page).get_by_text("More with the selected runs").locator("..").click()
    bar(page).get_by_role("button", name="Tag").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("2 runs")
