import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def experiment_id(mlflow_client, experiment_name) -> str:
    """An experiment with two runs, and two more in the trash."""
    key = mlflow_client.create_experiment(experiment_name)
    for name in ["kept-1", "kept-2", "gone-1", "gone-2"]:
        run = mlflow_client.create_run(key, run_name=name).info.run_id
        mlflow_client.set_terminated(run)
        if name.startswith("gone"):
            mlflow_client.delete_run(run)
    return key


def bar(page: Page):
    return page.get_by_role("region", name="Selected runs")


@pytest.mark.parametrize("scripts", [True, False])
def test_runs_leave_the_trash_for_good_or_come_back(server, browser, experiment_id, scripts):
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{server.url}/w/default/experiments/{experiment_id}/")
    page.get_by_role("link", name="Trash", exact=True).last.click()

    page.get_by_role("button", name="Restore gone-2").click()
    expect(page.get_by_role("status")).to_contain_text("Restored 1 run")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Moved 1 run back to Trash")

    page.get_by_label("Tick gone-1").check()
    bar(page).get_by_role("button", name="Delete forever").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 1 run forever?")
    page.get_by_label("Number of items").fill("7")
    page.get_by_role("button", name="Delete forever").click()
    expect(page.get_by_text("This is not the number of items.")).to_be_visible()
    page.get_by_label("Number of items").fill("1")
    page.get_by_role("button", name="Delete forever").click()

    expect(page.get_by_role("status")).to_contain_text("Deleted 1 item for good")
    expect(page.get_by_label("Tick gone-1")).to_have_count(0)
    expect(page.get_by_label("Tick gone-2")).to_have_count(1)
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_bar_and_the_pages_behind_it_are_accessible_and_fit_a_phone(
    server, browser, experiment_id, theme
):
    context = browser.new_context(color_scheme=theme, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    serious, wide = {}, {}

    def look(name: str) -> None:
        found = Axe().run(page).response["violations"]
        serious[name] = [
            f"{each['id']}: {each['nodes'][0]['html'][:160]}"
            for each in found
            if each["impact"] in {"serious", "critical"}
        ]
        page.set_viewport_size({"width": 320, "height": 800})
        wide[name] = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        page.set_viewport_size({"width": 1280, "height": 800})

    home = f"{server.url}/w/default/experiments/{experiment_id}"
    # Beside the charts the bar has a menu.
    page.goto(f"{home}/?pane=off")
    with page.expect_response("**/selection/**"):
        page.get_by_label("Tick all runs of this page").check()
    bar(page).locator("summary").first.click()
    look("bar")
    bar(page).get_by_role("button", name="Tag").click()
    look("tag")
    page.goto(f"{home}/trash/")
    page.get_by_label("Tick gone-1").check()
    look("trash")
    bar(page).get_by_role("button", name="Delete forever").click()
    look("delete")
    page.get_by_role("button", name="Delete forever").click()
    look("refused")
    context.close()

    assert {name: found for name, found in serious.items() if found} == {}
    assert {name: over for name, over in wide.items() if over > 0} == {}
