"""The filter pane in a browser: it sends itself, stays while the list changes, and offers names."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from mlflow.entities import Metric, Param, RunTag
from playwright.sync_api import ConsoleMessage, Page, expect


@pytest.fixture
def address(server, mlflow_client, experiment_name) -> str:
    """The list of twelve runs: two optimizers, accuracies from 0 to 1.1."""
    experiment = mlflow_client.create_experiment(experiment_name)
    for index in range(12):
        run = mlflow_client.create_run(experiment, run_name=f"run-{index:02}")
        mlflow_client.log_batch(
            run.info.run_id,
            metrics=[Metric("val acc", index / 10, 1, 0)],
            params=[Param("opt", "adam" if index % 3 else "sgd"), Param("lr", str(index / 100))],
            tags=[RunTag("team", "blue" if index < 6 else "red")],
        )
        mlflow_client.set_terminated(run.info.run_id, "FAILED" if index < 4 else "FINISHED")
    return f"{server.url}/w/default/experiments/{experiment}/"


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complained about, its own words on forbidden things included."""
    said: list[str] = []

    def hear(line: ConsoleMessage) -> None:
        if line.type == "error":
            said.append(line.text)

    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", hear)
    return said


def rows(page: Page):
    return page.locator("#runs tbody tr")


def facet(page: Page, facet_id: str):
    return page.locator(f'[data-facet="{facet_id}"]')


def test_a_tick_narrows_the_list_and_the_focus_stays_on_it(page: Page, address: str, complaints):
    page.goto(address)
    page.keyboard.press("f")
    failed = page.get_by_role("checkbox", name="Failed")
    failed.focus()
    page.keyboard.press("Space")

    expect(rows(page)).to_have_count(4)
    expect(page).to_have_url(re.compile("filters=1&status=FAILED$"))
    expect(page.locator(".chip[title='status failed']")).to_be_visible()
    expect(page.locator("#filter-count")).to_have_text("4 of 12 runs")
    # The pane has come anew by now, with the counts that it had: they are of all other conditions.
    expect(facet(page, "status").locator("summary b")).to_have_text("Failed")
    expect(failed).to_be_focused()
    page.keyboard.press("Space")
    expect(rows(page)).to_have_count(12)
    assert complaints == []


def test_facets_of_keys_are_loaded_when_opened_and_become_the_expression(
    page: Page, address: str, complaints
):
    page.goto(f"{address}?filters=1")

    facet(page, "p.opt").locator("summary").click()
    facet(page, "p.opt").get_by_label("sgd").check()
    expect(rows(page)).to_have_count(4)
    expect(page.locator("#filter-where")).to_have_value("params.opt = 'sgd'")

    facet(page, "m.val acc").locator("summary").click()
    facet(page, "m.val acc").get_by_label("val acc from").fill("0.5")
    page.keyboard.press("Tab")
    expect(rows(page)).to_have_count(2)
    expect(page.locator("#filter-where")).to_have_value(
        "params.opt = 'sgd' AND metrics.`val acc` >= 0.5"
    )
    # What was opened is open still.
    expect(facet(page, "m.val acc").get_by_label("val acc to")).to_be_visible()

    page.locator(".chip", has_text="sgd").get_by_role("link").click()
    expect(rows(page)).to_have_count(7)
    page.go_back()
    expect(rows(page)).to_have_count(2)
    assert complaints == []


def test_values_are_found_by_a_part_of_them_and_left_out(page: Page, address: str, complaints):
    page.goto(f"{address}?filters=1")
    facet(page, "p.lr").locator("summary").click()
    expect(facet(page, "p.lr").get_by_label("lr from")).to_be_visible()
    facet(page, "p.lr").get_by_label("lr", exact=True).select_option("is missing")
    expect(page.locator("#filter-where")).to_have_value("params.lr IS NULL")
    expect(rows(page)).to_have_count(0)
    facet(page, "p.lr").get_by_label("lr", exact=True).select_option("is between")
    expect(rows(page)).to_have_count(12)

    opt = facet(page, "p.opt")
    opt.locator("summary").click()
    # No value is chosen yet, so nothing is asked.
    opt.get_by_label("opt", exact=True).select_option("is none of")
    opt.get_by_label("sgd").check()
    expect(page.locator("#filter-where")).to_have_value("params.opt != 'sgd'")
    expect(rows(page)).to_have_count(8)
    expect(opt.locator("summary b")).to_have_text("not sgd")
    assert complaints == []


def test_a_bar_of_the_spread_fills_the_range(page: Page, address: str):
    page.goto(f"{address}?filters=1")
    facet(page, "m.val acc").locator("summary").click()

    facet(page, "m.val acc").locator("[data-low]").last.click()

    expect(rows(page)).to_have_count(1)
    expect(page.locator("#filter-where")).to_have_value(re.compile(r"<= 1\.1$"))


def test_names_are_offered_while_an_expression_is_written(page: Page, address: str, complaints):
    page.goto(address)
    box = page.get_by_role("searchbox", name="Filter by an expression")

    box.focus()
    box = page.locator("#filter-where")
    box.press_sequentially("params.opt = 'adam' AND val")
    option = page.get_by_role("option", name="metrics.`val acc`")
    expect(option).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    box.press("Enter")

    expect(box).to_have_value("params.opt = 'adam' AND metrics.`val acc` ")
    expect(option).to_have_count(0)
    # What a number can be asked: no text is like it.
    expect(page.get_by_role("option", name="BETWEEN")).to_be_visible()
    expect(page.get_by_role("option", name="ILIKE")).to_have_count(0)
    box.press_sequentially(">= 0.8")
    box.press("Enter")
    expect(rows(page)).to_have_count(3)
    assert complaints == []


def test_values_are_offered_and_what_cannot_be_read_leaves_the_list(
    page: Page, address: str, complaints
):
    page.goto(f"{address}?status=FAILED")
    box = page.locator("#filter-where")

    box.press_sequentially("params.op")
    page.get_by_role("option", name="params.opt").click()
    page.get_by_role("option", name="!=", exact=True).click()
    page.get_by_role("option", name="'adam'").click()
    expect(box).to_have_value("params.opt != 'adam' ")
    box.fill("")
    box.press_sequentially("tags.team = 'blue' AND params.opt IN ('sgd', 'ad")
    page.get_by_role("option", name="'adam'").click()
    box.press_sequentially(")")
    box.press("Enter")
    expect(page.locator("#filter-count")).to_have_text("4 of 12 runs")
    expect(page).to_have_url(re.compile("where="))

    before = page.url
    box.fill("params.opt = 'adam' AND params.opd = 'x'")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Did you mean params.opt?")
    expect(page.get_by_role("alert")).to_contain_text("At character 25")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(rows(page)).to_have_count(4)
    assert page.url == before

    # A name gets its quotes by itself.
    box.fill("metrics.val acc > 0.1")
    box.press("Enter")
    expect(box).to_have_value("metrics.`val acc` > 0.1")
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_role("alert")).to_have_count(0)

    page.locator("#filter-toggle").click()
    row = page.locator(".filter-row[data-new]")
    row.get_by_label("Field", exact=True).fill("params.opt")
    row.get_by_label("Value", exact=True).press_sequentially("sg")
    page.get_by_role("option", name="'sgd'").click()
    expect(rows(page)).to_have_count(1)
    assert complaints == []


def test_nothing_is_offered_inside_another_text(page: Page, address: str):
    page.goto(address)
    box = page.locator("#filter-where")
    box.press_sequentially("params.lr = 'params.op")

    page.wait_for_timeout(400)
    expect(page.get_by_role("option")).to_have_count(0)


def test_a_row_is_sent_once_it_is_whole(page: Page, address: str, complaints):
    page.goto(f"{address}?filters=1")
    row = page.locator(".filter-row[data-new]")

    row.get_by_label("Field", exact=True).press_sequentially("team")
    page.get_by_role("option", name="tags.team").click()
    row.get_by_label("Operator", exact=True).select_option("contains")
    row.get_by_label("Value", exact=True).fill("lu")
    page.keyboard.press("Tab")

    expect(rows(page)).to_have_count(6)
    expect(page.locator("#filter-where")).to_have_value("tags.team ILIKE '%lu%'")
    # It is a row of its own now, and there is room for the next one.
    expect(page.locator('.filter-row:not([data-new]) [name="row_value"]')).to_have_value("lu")
    expect(row.get_by_label("Field", exact=True)).to_have_value("")
    assert complaints == []


def test_the_pane_is_a_sheet_on_a_phone_and_closes_by_its_cross_or_escape(page: Page, address: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)

    page.get_by_role("link", name="Filter", exact=True).click()
    pane = page.locator("#filters")
    expect(pane).to_be_visible()
    assert pane.bounding_box()["width"] == 390
    page.get_by_role("checkbox", name="Failed").check()
    expect(page).to_have_url(re.compile("status=FAILED"))
    page.keyboard.press("Escape")

    expect(pane).to_have_count(0)
    expect(rows(page)).to_have_count(4)
    assert "status=FAILED" in page.url


def test_without_a_script_the_pane_is_a_page_that_leads_back(browser, address: str):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("link", name="Filter", exact=True).click()

    facet(page, "p.opt").locator("summary").click()
    facet(page, "p.opt").get_by_role("link", name="Show its values").click()
    page.get_by_role("checkbox", name="Failed").check()
    facet(page, "p.opt").get_by_label("sgd").check()
    page.get_by_label("Field", exact=True).fill("metrics.val acc")
    page.get_by_label("Operator", exact=True).select_option("<")
    page.get_by_label("Value", exact=True).fill("0.2")
    page.get_by_role("button", name="Apply").first.click()

    expect(rows(page)).to_have_count(1)
    assert "status=FAILED" in page.url
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_pane(browser, address: str, theme: str):
    context = browser.new_context(color_scheme=theme)
    page = context.new_page()
    found = {}
    for part in ["?filters=1&where=params.opt != 'x'", "filter/?facet=m.val acc&where=metrics.x >"]:
        page.goto(address + part)
        for key in ("p.opt", "m.val acc"):
            if "?filters" in part:
                facet(page, key).locator("summary").click()
                expect(facet(page, key).locator('[name="on"]')).to_have_count(1)
        for each in Axe().run(page).response["violations"]:
            if each["impact"] in {"serious", "critical"}:
                found[f"{part}: {each['id']}"] = [node["html"] for node in each["nodes"]][:5]
    context.close()

    assert found == {}
