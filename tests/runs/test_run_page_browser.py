"""The pages of a run in a browser: what its script adds, and that nothing a run holds can act."""

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from mlflow.entities import Metric, Param
from playwright.sync_api import ConsoleMessage, Page, expect

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 12">'
    '<script>document.title = "taken over"</script><rect width="30" height="12"/></svg>'
)
REPORT = """\
<h1>Report</h1>
<script>document.querySelector("h1").textContent = "taken over"</script>
<script>top.document.title = "taken over"</script>
<img src="x" onerror="top.document.title = 'taken'">
"""


@pytest.fixture
def address(server, mlflow_client, experiment_name, tmp_path: Path) -> str:
    """The page of a run that has something of everything."""
    files = {
        "drawing.svg": SVG,
        "notes/100% sure.txt": "a note",
        "notes/train.py": "print(1)\n",
        "report.html": REPORT,
        "scores.csv": "name,score\n" + "\n".join(f"{i},{i / 7}" for i in range(50)),
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    run = mlflow_client.create_run(mlflow_client.create_experiment(experiment_name))
    run_id = run.info.run_id
    mlflow_client.log_batch(
        run_id,
        metrics=[Metric(f"val/metric {i}", i / (s + 1), s, s) for i in range(8) for s in range(9)],
        params=[Param(f"param {i}", f"{i}.5") for i in range(8)],
    )
    mlflow_client.set_tag(run_id, "stage", "draft")
    mlflow_client.set_tag(run_id, "mlflow.note.content", "## Why\n\nBecause.")
    mlflow_client.log_artifacts(run_id, str(tmp_path))
    mlflow_client.set_terminated(run_id)
    return f"{server.url}/w/default/runs/{run_id}/"


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complained about, its own words on forbidden things included.

    Not of Plotly's style for maps: the policy keeps it out, and there are no maps here.
    """
    said: list[str] = []

    def hear(line: ConsoleMessage) -> None:
        if line.type == "error" and "plotly.min.js" not in line.location["url"]:
            said.append(line.text)

    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", hear)
    return said


def test_rows_are_found_while_typing(page: Page, address: str, complaints):
    page.goto(address)

    page.get_by_label("Find a metric").fill("METRIC 3")
    page.get_by_label("Find a hyperparameter").fill("5.5")

    expect(page.locator("#metrics tbody tr:visible")).to_have_count(1)
    expect(page.locator("#hyperparameters tbody tr:visible")).to_have_count(1)
    page.get_by_label("Find a metric").fill("nothing like it")
    expect(page.locator("#metrics .narrow-none")).to_be_visible()
    assert complaints == []


def test_a_file_is_chosen_in_place_and_the_address_follows(page: Page, address: str, complaints):
    page.goto(address)

    page.get_by_role("link", name="notes").press("Enter")
    expect(page).to_have_url(re.compile("/artifacts/notes$"))
    expect(page.locator("#files .tree a:focus")).to_contain_text("notes")
    page.locator(".tree").get_by_role("link", name="100% sure.txt").click()

    expect(page.locator(".preview-text")).to_have_text("a note")
    expect(page).to_have_url(re.compile(r"/artifacts/notes/100%25%20sure\.txt$"))
    page.reload()
    expect(page.locator(".preview-text")).to_have_text("a note")
    page.go_back()
    expect(page.locator(".preview-header h3")).to_have_text("notes")
    assert complaints == []


def test_tags_are_added_changed_and_removed_in_place(page: Page, address: str):
    page.goto(address)
    page.evaluate("window.stayed = true")
    tags = page.locator("#tags")

    tags.get_by_text("Add tag").click()
    expect(tags.get_by_label("Name")).to_be_focused()
    page.keyboard.type("mlflow.stage")
    page.keyboard.press("Tab")
    page.keyboard.type("review")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(tags.get_by_text("are kept for what MLflow writes itself")).to_be_visible()
    tags.get_by_label("Name").fill("reviewer")
    tags.get_by_role("button", name="Add", exact=True).click()
    expect(tags.locator(".tag-row", has_text="reviewer")).to_contain_text("review")

    tags.locator(".tag-row", has_text="stage").locator("summary").click()
    tags.get_by_label("Value").locator("visible=true").fill("final")
    tags.get_by_role("button", name="Save").locator("visible=true").click()
    expect(tags.locator(".tag-row", has_text="stage")).to_contain_text("final")

    tags.locator(".tag-row", has_text="reviewer").locator("summary").click()
    tags.get_by_role("button", name="Remove").locator("visible=true").click()
    expect(tags.locator(".tag-row")).to_have_count(1)
    assert page.evaluate("window.stayed")


def test_a_page_of_a_running_run_follows_it_until_it_ends(
    page: Page, server, mlflow_client, experiment_name, complaints
):
    run = mlflow_client.create_run(mlflow_client.create_experiment(experiment_name))
    page.goto(f"{server.url}/w/default/runs/{run.info.run_id}/")
    expect(page.locator("#metrics")).to_contain_text("No metrics logged")

    def follows(what: str, text: str) -> None:
        # While one answer is put in place, htmx asks for no other.
        for _ in range(20):
            page.evaluate("htmx.trigger('#live', 'refresh')")
            try:
                expect(page.locator(what)).to_contain_text(text, timeout=1000)
            except AssertionError:
                continue
            return
        expect(page.locator(what)).to_contain_text(text)

    mlflow_client.log_metric(run.info.run_id, "loss", 0.5, step=0)
    follows("#metric-rows", "0.5000")
    mlflow_client.log_metric(run.info.run_id, "loss", 0.25, step=1)
    follows("#metric-rows", "0.2500")
    expect(page.locator("#headlines")).to_contain_text("0.2500")

    mlflow_client.set_terminated(run.info.run_id)
    follows("#run-status", "Finished")
    expect(page.locator("#live")).to_be_hidden()
    assert complaints == []


def test_charts_are_drawn_once_they_come_near(page: Page, address: str, complaints):
    page.goto(address)

    page.locator("#metrics").get_by_role("link", name="val/metric 3").click()

    expect(page.locator("#charts figure").nth(3).locator("svg.main-svg").first).to_be_visible()
    expect(page).to_have_url(re.compile("#chart-"))
    assert complaints == []


def test_one_key_opens_the_note_and_another_a_new_tag(page: Page, address: str):
    page.goto(address)

    page.keyboard.press("t")
    expect(page.locator("#tags").get_by_label("Name")).to_be_focused()
    page.keyboard.type("te")
    expect(page.locator("#tags").get_by_label("Name")).to_have_value("te")
    page.locator("h1").click()
    page.keyboard.press("e")
    expect(page.get_by_label("Note")).to_be_focused()


@pytest.mark.parametrize("name", ["report.html", "drawing.svg"])
def test_scripts_in_files_never_run(page: Page, address: str, name: str):
    page.goto(f"{address}artifacts/{name}")
    page.wait_for_load_state("networkidle")

    assert page.title().startswith(name)
    if name == "report.html":
        frame = page.frame_locator("iframe.preview-frame")
        expect(frame.get_by_role("heading", name="Report")).to_be_visible()


def test_a_page_opened_by_its_own_address_has_no_rights_either(page: Page, address: str):
    page.goto(f"{address}raw/report.html?frame=1")

    expect(page.get_by_role("heading", name="Report")).to_be_visible()
    assert page.evaluate("self.origin") == "null"


def test_the_pages_work_without_a_script(browser, address: str):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address)

    page.get_by_role("link", name="notes").click()
    page.locator(".tree").get_by_role("link", name="train.py").click()
    expect(page.locator(".preview-text")).to_have_text("print(1)")

    page.get_by_role("link", name="Run details").click()
    page.locator("#tags .tag-row summary").click()
    page.get_by_label("Value").locator("visible=true").fill("review")
    page.get_by_role("button", name="Save").locator("visible=true").click()
    expect(page.locator("#tags .tag-row")).to_contain_text("review")

    page.locator(".page-title").get_by_title("Rename").click()
    page.get_by_label("Run name").fill("quiet elk")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("quiet elk")
    page.context.close()


@pytest.mark.parametrize("width", [320, 390, 900, 1440])
@pytest.mark.parametrize("place", ["", "artifacts/scores.csv", "artifacts/notes/train.py"])
def test_a_page_never_scrolls_sideways(page: Page, address: str, width: int, place: str):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(address + place)
    for summary in page.locator("main details.panel-edit > summary").all():
        summary.click()

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "place", ["", "artifacts/", "artifacts/scores.csv", "artifacts/notes/train.py"]
)
def test_nothing_stands_in_the_way_of_assistive_technology(
    page: Page, address: str, place: str, scheme: str
):
    page.emulate_media(color_scheme=scheme)
    page.goto(address + place)
    page.locator("#tags .panel-edit > summary").click() if not place else None

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]

    serious = [
        {"rule": each["id"], "where": [node["html"][:200] for node in each["nodes"]][:3]}
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
    assert serious == [], json.dumps(serious, indent=2)
