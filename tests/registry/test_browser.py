"""The registry in a browser: the walk from a run to a model that is used, and what scripts add."""

import re
from pathlib import Path
from uuid import uuid4

import mlflow
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.registry.files import MODEL_FILES


@pytest.fixture
def run_address(server, mlflow_client, experiment_name, tmp_path: Path) -> str:
    """The page of a run with a model folder, as 2.x clients log it."""
    mlflow.set_experiment(experiment_name)
    with mlflow.start_run() as run:
        mlflow.log_params({"estimator": "Ridge", "alpha": 0.5})
        mlflow.log_metrics({"training_r2_score": 0.73, "mean_absolute_error": 41.0})
        for path, content in MODEL_FILES.items():
            raw = content if isinstance(content, bytes) else content.encode()
            (tmp_path / path).write_bytes(raw)
        mlflow.log_artifacts(str(tmp_path), "model")
    return f"{server.url}/w/default/runs/{run.info.run_id}/"


@pytest.fixture
def name() -> str:
    """A model name that no other test uses, and that needs care in an address."""
    return f"model-diabetes 100% ü {uuid4().hex[:8]}"


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complained about, its own words on forbidden things included."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    return said


def save(page: Page, run_address: str, name: str) -> None:
    page.goto(run_address)
    page.get_by_role("link", name="Save as ML model").click()
    page.get_by_label("Create a new model").check()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Alias").fill("champion")
    page.get_by_role("button", name="Save").last.click()


def test_a_run_is_saved_as_a_model_viewed_and_used(
    page: Page, run_address: str, name: str, complaints
):
    save(page, run_address, name)

    expect(page.get_by_text(f"Saved as {name} v1")).to_be_visible()
    page.get_by_role("link", name="View ML model").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} v1")
    for title in ("Metrics", "Hyperparameters", "Model schema", "Logged files", "Tags"):
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.get_by_text("training_r2_score")).to_be_visible()
    expect(page.get_by_role("row", name="age double")).to_be_visible()
    page.get_by_role("link", name="MLmodel").click()
    expect(page.get_by_text("mlflow_version", exact=False).first).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_the_whole_walk_needs_no_script(
    browser: Browser, run_address: str, name: str, scripts: bool
):
    page = browser.new_context(java_script_enabled=scripts).new_page()
    save(page, run_address, name)
    expect(page.get_by_role("link", name=f"{name} v1").first).to_be_visible()

    page.goto(run_address)
    page.get_by_role("link", name="Save as ML model").click()
    page.get_by_label("Add to an existing model").check()
    page.get_by_label("Existing model", exact=True).select_option(
        f"{name} — will become version 2", timeout=2000
    )
    page.get_by_role("button", name="Save").last.click()

    page.get_by_role("link", name="Models").first.click()
    page.get_by_label("Find a model").fill(name)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=name, exact=False).first.click()
    page.get_by_role("link", name="Version 2").click()
    page.get_by_text("Add alias").click()
    page.get_by_label("Alias", exact=True).fill("champion")
    page.get_by_role("button", name="Add", exact=True).locator("visible=true").click()
    page.get_by_role("button", name="Move it from version 1 to version 2").click()
    expect(page.get_by_text("champion moved from version 1 to version 2")).to_be_visible()

    page.get_by_text("Add tag").click()
    tags = page.locator("#tags")
    tags.get_by_label("Name").fill("review")
    tags.get_by_label("Value").fill("open")
    tags.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#tags")).to_contain_text("review")


def test_the_fields_of_the_way_not_taken_step_back(page: Page, run_address: str, name: str):
    save(page, run_address, name)
    page.goto(f"{run_address}save-as-model/")

    page.get_by_label("Create a new model").check()
    expect(page.get_by_label("Name", exact=True)).to_be_visible()
    expect(page.get_by_label("Existing model", exact=True)).to_be_hidden()
    page.get_by_label("Add to an existing model").check()
    expect(page.get_by_label("Name", exact=True)).to_be_hidden()
    expect(page.get_by_label("Existing model", exact=True)).to_be_visible()


def test_a_tag_is_changed_without_leaving_the_page(page: Page, run_address, name, complaints):
    save(page, run_address, name)
    page.get_by_role("link", name="View ML model").click()
    page.evaluate("window.stayed = true")
    page.get_by_text("Add tag").click()
    page.locator("#tags").get_by_label("Name").fill("review")
    page.locator("#tags").get_by_label("Value").fill("open")
    page.locator("#tags").get_by_role("button", name="Add", exact=True).click()
    page.locator("#tags summary", has_text="review").click()
    page.locator("#tags textarea:visible").fill("done")
    page.locator("#tags").get_by_role("button", name="Save").click()

    expect(page.locator("#tags .tag-value")).to_have_text("done")
    assert page.evaluate("window.stayed")
    assert complaints == []


def test_two_versions_are_ticked_and_compared(page: Page, run_address: str, name: str, server):
    save(page, run_address, name)
    page.goto(f"{run_address}save-as-model/")
    page.get_by_role("button", name="Save").last.click()
    page.goto(f"{server.url}/w/default/models/{name.replace('%', '%25')}/")

    page.get_by_label("Tick version 1").check()
    expect(page.get_by_role("button", name="Compare")).to_be_visible()
    page.get_by_label("Tick version 2").check()
    page.get_by_role("button", name="Compare").click()

    expect(page).to_have_url(re.compile("/compare/"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_can_be_used_by_everybody(
    page: Page, run_address: str, name: str, server, scheme: str, width: int, complaints
):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    save(page, run_address, name)
    place = f"{server.url}/w/default"
    model = f"{place}/models/{name.replace('%', '%25')}/"

    for address in (
        f"{place}/models/",
        f"{place}/models/?q=nothing-of-this-kind",
        f"{place}/new-model/",
        model,
        f"{model}delete/",
        f"{model}versions/1/",
        f"{model}versions/1/delete/",
        f"{run_address}save-as-model/",
    ):
        page.goto(address)

        found = Axe().run(page)
        assert found.violations_count == 0, f"{address}\n{found.generate_report()}"
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), address
    assert complaints == []
