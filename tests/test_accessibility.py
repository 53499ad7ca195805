"""Every kind of page, looked at by axe in both themes, and by width."""

import mlflow
import pytest
from axe_playwright_python.sync_playwright import Axe
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


@pytest.fixture
def pages(server, mlflow_client, experiment_name) -> dict[str, str]:
    """An address for each kind of page, with something on it."""
    features, target = load_iris(return_X_y=True)
    key = mlflow.set_experiment(experiment_name).experiment_id
    runs = []
    for strength in (0.1, 1.0):
        with mlflow.start_run(run_name=f"C={strength}") as run:
            mlflow.log_param("C", strength)
            for step in range(5):
                mlflow.log_metric("loss", strength / (step + 1), step=step)
            mlflow.log_metric("accuracy", 0.9 + strength / 100)
            mlflow.log_text("# Notes", "notes.md")
            mlflow.set_tag("team", "botany")
            runs.append(run.info.run_id)
    with mlflow.start_run(run_id=runs[0]):
        model = LogisticRegression(max_iter=1000).fit(features, target)
        mlflow.sklearn.log_model(
            model, name="model", registered_model_name="axe-iris", pip_requirements=["scikit-learn"]
        )
    mlflow_client.set_registered_model_alias("axe-iris", "champion", 1)
    base = "/w/default"
    return {
        "home": f"{base}/",
        "new experiment": f"{base}/experiments/new/",
        "run list": f"{base}/experiments/{key}/",
        "broken filter": f"{base}/experiments/{key}/?where=metrics.loss%20%3C",
        "about": f"{base}/experiments/{key}/about/",
        "settings": f"{base}/experiments/{key}/settings/",
        "experiment charts": f"{base}/experiments/{key}/charts/",
        "columns": f"{base}/experiments/{key}/columns/",
        "filter": f"{base}/experiments/{key}/filter/",
        "groups": f"{base}/experiments/{key}/?group=p.C",
        "search": f"{base}/search/?q=C",
        "all runs": f"{base}/runs/",
        "run": f"{base}/runs/{runs[0]}/",
        "files": f"{base}/runs/{runs[0]}/artifacts/notes.md",
        "compare": f"{base}/compare/?runs={','.join(runs)}",
        **{
            f"compare {tab}": f"{base}/compare/{tab}/?runs={','.join(runs)}"
            for tab in ("charts", "metrics", "params", "code", "files", "stats", "add")
        },
        "save as model": f"{base}/runs/{runs[0]}/save-as-model/",
        "models": f"{base}/models/",
        "model": f"{base}/models/axe-iris/",
        "version": f"{base}/models/axe-iris/versions/1/",
        "views": f"{base}/views/",
        "trash": f"{base}/trash/",
        "help": "/help/",
        "not found": "/nothing/",
    }


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(server, pages, browser, theme):
    context = browser.new_context(color_scheme=theme, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    found = {}
    for name, address in pages.items():
        page.goto(server.url + address)
        results = Axe().run(page).response
        serious = [
            f"{each['id']}: {each['nodes'][0]['html'][:160]}"
            for each in results["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        if serious:
            found[name] = serious
    context.close()

    assert found == {}


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 768, 1440])
def test_no_page_scrolls_sideways(server, pages, browser, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    wide = {}
    for name, address in pages.items():
        page.goto(server.url + address)
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 0:
            wide[name] = over
    context.close()

    assert wide == {}


@pytest.mark.browser
def test_every_page_works_without_javascript(server, pages, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for name, address in pages.items():
        response = page.goto(server.url + address)
        assert response.status == (404 if name == "not found" else 200), name
        assert page.locator("h1").count() == 1, name

    page.goto(server.url + pages["run list"])
    page.get_by_label("Tick C=0.1").check()
    page.get_by_label("Tick C=1.0").check()
    page.get_by_role("button", name="Compare").click()
    assert page.locator("h1").inner_text() == "Compare 2 runs"
    context.close()
