"""The walk "To compare runs": choose columns, filter by mouse, reload, ask the same in code."""

import re

import pytest
from mlflow.entities import Metric, Param
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_columns_and_filters_by_mouse_find_what_mlflow_finds(
    page: Page, server, mlflow_client, experiment_name
):
    number = mlflow_client.create_experiment(experiment_name)
    for index in range(6):
        run = mlflow_client.create_run(number, run_name=f"tree-{index}")
        mlflow_client.log_batch(
            run.info.run_id,
            metrics=[
                Metric("training_r2_score", index / 5, 1, 0),
                Metric("training_score", index / 10, 1, 0),
            ],
            params=[Param("max_depth", str(index)), Param("estimator", "DecisionTreeRegressor")],
        )
        mlflow_client.set_tag(run.info.run_id, "mlflow.source.name", f"tree-{index}.py")
        mlflow_client.set_terminated(run.info.run_id, "FAILED" if index == 5 else "FINISHED")
    page.goto(f"{server.url}/w/default/")
    page.get_by_role("link", name=experiment_name, exact=True).first.click()
    page.get_by_role("link", name="Run details").click()
    page.get_by_role("link", name="Run list").first.click()
    expect(page.locator("#runs tbody tr")).to_have_count(6)

    page.get_by_role("link", name="Columns").click()
    pane = page.get_by_role("dialog", name="Columns")
    pane.get_by_label("Only keys that differ").uncheck()
    for group in ("Properties", "Metrics", "Hyperparameters", "Tags"):
        expect(pane.get_by_role("button", name=group)).to_be_visible()
    pane.get_by_label("Source", exact=True).uncheck()
    pane.get_by_label("estimator", exact=True).check()
    pane.get_by_role("button", name="Apply").click()
    heads = page.get_by_role("columnheader")
    expect(heads.filter(has_text="estimator")).to_have_count(1)
    expect(heads.filter(has_text="Source")).to_have_count(0)
    for name in ("Duration", "training_score", "max_depth"):
        expect(heads.filter(has_text=name)).to_have_count(1)

    page.locator("#filter-toggle").click()
    page.get_by_role("checkbox", name="Finished").check()
    expect(page.locator("#filter-count")).to_have_text("5 of 6 runs")
    page.get_by_role("radio", name="Last 7 days").check()
    expect(page.locator(".chip", has_text="last 7 days")).to_be_visible()
    row = page.locator(".filter-row[data-new]")
    row.get_by_label("Field", exact=True).press_sequentially("r2_sc")
    page.get_by_role("option", name="metrics.training_r2_score").click()
    row.get_by_label("Operator", exact=True).select_option(">")
    row.get_by_label("Value", exact=True).fill("0.4")
    page.keyboard.press("Tab")
    expect(page.locator("#filter-count")).to_have_text("2 of 6 runs")
    expect(page).to_have_url(re.compile("status=FINISHED.*where=metrics"))

    page.reload()
    expect(page.locator("#filter-count")).to_have_text("2 of 6 runs")
    expect(heads.filter(has_text="estimator")).to_have_count(1)
    page.get_by_text("As code").click()
    code = page.locator(".filter-code pre").inner_text()
    asked = re.search(r'filter_string=(".*"|\'.*\')', code).group(1)
    found = mlflow_client.search_runs([number], filter_string=asked[1:-1].replace("\\'", "'"))
    names = page.locator("#runs tbody .row-name").all_inner_texts()
    assert sorted(run.info.run_name for run in found) == sorted(names) == ["tree-3", "tree-4"]
