"""Run details: what the page of one run says, whatever the run has or lacks."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.time import now_ms
from experiments.models import Experiment
from registry.models import ModelAlias, ModelVersion, RegisteredModel
from runs.actions.datasets import UsedDataset, log_inputs
from runs.actions.ingest import log_batch
from runs.actions.logged_models import create_logged_model, finalize
from runs.actions.runs import create_run, delete_run
from runs.models import LoggedModelStatus, Run
from tests.runs.logged import LONG_AGO, Point, make_experiment, make_run, write_file

pytestmark = pytest.mark.django_db

SCHEMA = '{"mlflow_colspec": [{"type": "double", "name": "age", "required": true}]}'


@pytest.fixture
def experiment(db) -> Experiment:
    return make_experiment("churn")


def prefer(experiment: Experiment, metric: str, direction: str = "higher") -> None:
    Experiment.objects.filter(pk=experiment.pk).update(
        primary_metric=metric, primary_direction=direction
    )
    experiment.refresh_from_db()


def page_of(client, run: Run, **query: str) -> str:
    response = client.get(f"/w/default/runs/{run.run_id}/", query)
    assert response.status_code == 200
    return response.text


def register(run: Run, name: str, *, alias: str = "") -> ModelVersion:
    model = RegisteredModel.objects.create(workspace=run.experiment.workspace, name=name)
    version = ModelVersion.objects.create(model=model, version=1, source="x", run=run)
    if alias:
        ModelAlias.objects.create(model=model, alias=alias, model_version=version)
    return version


def log_dataset(run: Run, name: str, **fields: str) -> None:
    described = {
        "digest": "d1",
        "source_type": "local",
        "source": "{}",
        "schema": SCHEMA,
        "profile": '{"num_rows": 442}',
        "tags": {"mlflow.data.context": "train"},
    }
    log_inputs(run, datasets=[UsedDataset(name=name, **described | fields)])


def test_the_page_names_what_fabric_names(client, experiment):
    run = make_run(
        experiment,
        "kind-owl",
        metrics={"val_acc": [0.5, 0.9]},
        params={"lr": "0.001"},
        tags={"mlflow.source.name": "/home/anna/train.py", "mlflow.source.type": "LOCAL"},
        files={"plot.png": b"\x89PNG"},
    )

    page = page_of(client, run)

    for label in [
        "Run list",
        "Run details",
        "Source",
        "Registered version",
        "Start date",
        "Status",
        "Hyperparameters",
        "Metrics",
        "Output files",
        "Tags",
        "Save as ML model",
    ]:
        assert label in page
    for value in ["kind-owl", "churn", "train.py", "Finished", "val_acc", "0.001", "plot.png"]:
        assert value in page
    assert "3 Mar 2026, 14:05:09 UTC" in page
    assert "1 m" in page


def test_a_metric_shows_its_last_best_and_worst_value_with_their_steps(client, experiment):
    run = make_run(experiment, metrics={"loss": [3.5, 0.25, 1.5], "accuracy": [0.75]})

    page = page_of(client, run)

    for value in ["1.500", "0.2500", "3.500", "0.7500"]:
        assert f">{value}</span>" in page
    assert '<span class="at-step">1</span>' in page
    assert '<svg class="sparkline' in page
    assert "falls from 3.500 to 1.500" in page


def test_metrics_with_a_course_have_a_chart_and_the_others_none(client, experiment):
    run = make_run(experiment, metrics={"loss": [3.0, 2.0], "accuracy": [0.75]})

    page = page_of(client, run)

    figure = f"/w/default/compare/figure.json?runs={run.run_id}&amp;metric="
    assert f'data-figure="{figure}loss"' in page
    assert f"{figure}accuracy" not in page
    assert re.search(r'<a href="#(chart-\w+)">loss</a>', page).group(1) in page


def test_beyond_the_first_charts_any_other_is_one_click_away(client, experiment):
    run = make_run(experiment, metrics={f"m{i}": [1.0, 2.0] for i in range(8)})

    first, asked = page_of(client, run), page_of(client, run, show="m7")

    assert first.count("data-figure=") == 6
    assert "metric=m7" not in first
    assert '<a href="?show=m7#charts">m7</a>' in first
    assert f'href="/w/default/compare/?runs={run.run_id}">See all of them' in first
    charts = asked[asked.index('id="charts"') :]
    assert charts.index("metric=m7") < charts.index("metric=m0")


@pytest.mark.parametrize(
    ("name", "cell"), [("val_loss", "1.500"), ("accuracy", "3.500"), ("whatever", None)]
)
def test_the_better_end_is_marked_where_one_can_tell(client, experiment, name, cell):
    run = make_run(experiment, metrics={name: [2.5, 3.5, 1.5]})

    best = re.findall(r'<span class="best".*?>([\d.]+)<', page_of(client, run))

    assert best == ([] if cell is None else [cell])


def test_what_is_no_number_shows_as_a_chip_and_is_counted(client, experiment):
    run = make_run(
        experiment,
        metrics={"loss": [1.0, float("nan"), 2.0, float("nan")], "gain": [float("inf")]},
    )

    page = page_of(client, run)

    assert '<span class="not-finite">NaN</span>' in page
    assert '<span class="not-finite">∞</span>' in page
    assert "2 NaN" in page


def test_values_that_look_like_html_are_text(client, experiment):
    evil = "<script>alert(1)</script>"
    run = make_run(
        experiment,
        evil,
        params={"evil": evil},
        tags={"evil": evil, "mlflow.user": evil, "mlflow.source.name": evil},
        files={"<b>.txt": evil},
    )
    log_dataset(run, evil, source=evil, schema=evil, profile=evil)

    page = page_of(client, run)

    assert evil not in page
    assert "<b>.txt" not in page


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.test/x"])
def test_only_web_addresses_become_links(client, experiment, address):
    run = make_run(
        experiment,
        tags={"mlflow.source.name": address, "mlflow.source.git.repoURL": address},
    )

    assert f'href="{address}' not in page_of(client, run)


@pytest.mark.parametrize(
    "repository",
    [
        "git@github.com:acme/churn.git",
        "https://github.com/acme/churn.git",
        "https://anna:secret@github.com/acme/churn",
        "ssh://git@github.com/acme/churn.git",
    ],
)
def test_the_commit_leads_to_its_repository_without_secrets(client, experiment, repository):
    run = make_run(
        experiment,
        tags={"mlflow.source.git.repoURL": repository, "mlflow.source.git.commit": "a" * 40},
    )

    page = page_of(client, run)

    assert f'href="https://github.com/acme/churn/commit/{"a" * 40}"' in page
    # MLflow's own tags are shown, folded, as they came; the links are what must not tell.
    assert 'href="https://anna' not in page


def test_tags_of_people_show_and_those_of_mlflow_are_folded(client, experiment):
    run = make_run(experiment, tags={"stage": "review", "mlflow.source.type": "LOCAL"})

    page = page_of(client, run)

    folded = page[page.index("written by MLflow") :]
    assert "stage" not in folded
    assert "mlflow.source.type" in folded


def test_a_note_is_markdown_without_scripts(client, experiment):
    note = "## Why\n\nSame as **before**. <script>alert(1)</script> [x](javascript:alert(2))"
    run = make_run(experiment, tags={"mlflow.note.content": note})

    page = page_of(client, run)

    assert "<strong>before</strong>" in page
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page


def test_a_run_that_logged_nothing_says_how_to_begin(client, experiment):
    run = make_run(experiment)

    page = page_of(client, run)

    assert "No metrics logged" in page
    assert f"mlflow.start_run(run_id=&quot;{run.run_id}&quot;)" in page
    assert "No hyperparameters logged" in page
    assert "No output files" in page
    assert "No model files logged" in page
    assert "Not registered" in page


def test_a_failed_run_shows_the_end_of_its_log(client, experiment):
    log = "\n".join(["starting"] + [f"line {i}" for i in range(3000)] + ["ValueError: nu is bad"])
    run = make_run(experiment, status="FAILED", files={"logs/train.log": log, "notes.txt": "no"})

    page = page_of(client, run)

    banner = page[page.index("This run failed after 1 m.") :][:2000]
    assert "ValueError: nu is bad" in banner
    assert "logs/train.log" in banner
    assert "starting" not in banner


def test_a_failed_run_without_a_log_is_still_said_to_have_failed(client, experiment):
    run = make_run(experiment, status="FAILED")

    assert "It left no log" in page_of(client, run)


def test_a_running_run_counts_its_time_and_is_stalled_once_nothing_comes(client, experiment):
    fresh = make_run(experiment, status="RUNNING", start_time=now_ms() - 5 * 60_000)
    silent = make_run(experiment, status="RUNNING")

    assert "so far" in page_of(client, fresh)
    assert "Stalled" not in page_of(client, fresh)
    assert "Nothing has come from this run for a while." in page_of(client, silent)


def test_a_run_in_the_trash_says_so_and_offers_no_change(client, experiment):
    run = make_run(experiment, tags={"stage": "review"})
    delete_run(run)

    page = page_of(client, run)

    assert "This run is in the Trash" in page
    assert f'action="/w/default/runs/{run.run_id}/restore/"' in page
    for verb in ["rename", "note", "tags", "trash"]:
        assert f"/w/default/runs/{run.run_id}/{verb}/" not in page


def test_parents_and_children_lead_to_each_other(client, experiment):
    prefer(experiment, "rmse", "lower")
    parent = make_run(experiment, "the-search")
    for name, value in [("worse", 9.0), ("best", 2.0), ("middling", 5.0)]:
        make_run(
            experiment,
            name,
            metrics={"rmse": [value]},
            tags={"mlflow.parentRunId": parent.run_id},
        )
    child = Run.objects.get(name="best")

    page = page_of(client, parent)

    table = page[page.index('id="children"') : page.index('id="metrics"')]
    assert table.index(">best<") < table.index(">middling<") < table.index(">worse<")
    assert 'class="number best"' in table
    assert f'href="/w/default/runs/{child.run_id}/"' in table
    assert "the-search" in page_of(client, child)


def test_a_parent_that_is_not_here_is_named_by_its_id(client, experiment):
    run = make_run(experiment, tags={"mlflow.parentRunId": "f" * 32})

    page = page_of(client, run)

    assert "f" * 32 in page
    assert "is not here" in page


def test_the_primary_metric_comes_first_and_knows_the_best_run(client, experiment):
    prefer(experiment, "val_acc")
    best = make_run(experiment, "the-best", metrics={"val_acc": [0.95]})
    run = make_run(experiment, metrics={"a_loss": [1.0], "val_acc": [0.9]})

    page = page_of(client, run)

    stats = page[page.index('id="headlines"') :]
    assert stats.index("val_acc") < stats.index("a_loss")
    assert "behind" in stats
    assert f'href="/w/default/runs/{best.run_id}/"' in stats
    assert "best of the experiment" in page_of(client, best)


def test_datasets_show_their_size_and_columns(client, experiment):
    run = make_run(experiment)
    log_dataset(run, "diabetes")

    page = page_of(client, run)

    panel = page[page.index('id="datasets"') :]
    for text in ["diabetes", "d1", "train", "442 rows, 1 column", "age", "double"]:
        assert text in panel


@pytest.mark.parametrize(
    "schema",
    [
        "",
        "{",
        "[1]",
        '{"mlflow_colspec": {"a": 1}}',
        '{"mlflow_colspec": [{"name": "\\ud800", "type": ["x"]}, 5]}',
        '{"mlflow_tensorspec": {"features": "[{\\"tensor-spec\\": {}}]", "targets": 3}}',
        "[" * 100_000,
    ],
)
def test_no_schema_breaks_the_page(client, experiment, schema):
    run = make_run(experiment)
    log_dataset(run, "odd", schema=schema, profile=schema)

    assert "odd" in page_of(client, run)


def test_a_logged_model_shows_and_can_be_saved(client, experiment):
    run = make_run(experiment)
    model = create_logged_model(
        experiment=experiment, name="model", model_type="classifier", source_run_id=run.run_id
    )
    finalize(model, status=LoggedModelStatus.READY)
    write_file(model, "MLmodel", "flavors: {}\n")

    page = page_of(client, run)

    panel = page[page.index('id="models"') :]
    for text in [model.model_id, "classifier", "Ready"]:
        assert text in panel
    assert "No model files logged" not in page
    assert f"/w/default/runs/{run.run_id}/artifacts/model" in page


def test_registered_versions_show_with_their_aliases_and_lead_to_their_pages(client, experiment):
    run = make_run(experiment)
    version = register(run, "churn model", alias="champion")
    gone = register(run, "deleted model")
    ModelVersion.objects.filter(pk=gone.pk).update(deleted_time=LONG_AGO)

    page = page_of(client, run)

    details = page[page.index('id="details"') :]
    assert f'<a href="{version.get_absolute_url()}">churn model v1</a>' in details
    assert "champion" in details
    assert "deleted model" not in page
    assert "Not registered" not in page


def test_a_model_folder_among_many_files_is_found(client, experiment, monkeypatch):
    monkeypatch.setattr("runs.outputs.MAX_COUNTED", 3)
    run = make_run(experiment, files={f"a/{i}.txt": "x" for i in range(5)})
    write_file(run, "model/MLmodel", "flavors: {}\n")

    page = page_of(client, run)

    assert "No model files logged" not in page
    assert "3+ files" in page


def test_finding_works_without_a_script(client, experiment):
    run = make_run(
        experiment,
        metrics={f"metric_{i}": [float(i)] for i in range(8)},
        params={f"param_{i}": f"value {i}" for i in range(8)},
    )

    page = page_of(client, run, metric="METRIC_3", param="value 5")

    metrics = page[page.index('id="metrics"') : page.index('id="hyperparameters"')]
    params = page[page.index('id="hyperparameters"') : page.index('id="files"')]
    assert ">metric_3<" in metrics
    assert ">metric_4<" not in metrics
    assert ">param_5<" in params
    assert ">param_4<" not in params
    assert "1 of 8 match" in metrics


def test_a_search_that_finds_nothing_leads_back(client, experiment):
    run = make_run(experiment, metrics={"loss": [1.0]}, params={"lr": "1"})

    page = page_of(client, run, metric="<zzz>", param="<zzz>")

    assert "No metric has “&lt;zzz&gt;” in its name." in page
    assert "No hyperparameter has “&lt;zzz&gt;” in its name or value." in page


def test_more_metrics_than_a_page_holds_are_counted(client, experiment, monkeypatch):
    monkeypatch.setattr("runs.run_metrics.MAX_METRICS", 2)
    monkeypatch.setattr("runs.detail.MAX_PARAMS", 2)
    keys = "abc"
    run = make_run(experiment, metrics={k: [1.0] for k in keys}, params=dict.fromkeys(keys, "1"))

    page = page_of(client, run)

    assert page.count("These are 2 of 3.") == 2


def test_more_tags_than_a_page_holds_are_one_click_away(client, experiment):
    run = make_run(experiment, tags={f"t{i:03}": "x" for i in range(101)})

    page = page_of(client, run)

    assert "t099" in page
    assert "t100" not in page
    assert "These are 100 of 101." in page
    assert "t100" in page_of(client, run, tags="all")


def test_neighbors_are_the_runs_before_and_after(client, experiment):
    older = make_run(experiment, "older", start_time=LONG_AGO - 1)
    twins = sorted(
        [make_run(experiment, "twin"), make_run(experiment, "twin")], key=lambda run: run.run_id
    )
    newer = make_run(experiment, "newer", start_time=LONG_AGO + 1)
    deleted = make_run(experiment, "deleted", start_time=LONG_AGO + 1)
    delete_run(deleted)

    # Newest first, and of one moment by id: newer, twin, twin, older.
    first, second = (page_of(client, twin) for twin in twins)

    assert link(newer, "[") in first
    assert link(twins[1], "]") in first
    assert link(twins[0], "[") in second
    assert link(older, "]") in second


def link(run: Run, key: str) -> str:
    kind = "Newer" if key == "[" else "Older"
    name = f'title="{kind} run: {run.name}" data-key="{key}"'
    return f'href="/w/default/runs/{run.run_id}/" {name}'


def test_the_metadata_can_be_downloaded(client, experiment):
    run = make_run(
        experiment,
        "kind owl",
        metrics={"loss": [1.0, float("nan")], "gain": [float("-inf")]},
        params={"lr": "0.1"},
        tags={"stage": "review"},
    )
    log_dataset(run, "diabetes")

    response = client.get(f"/w/default/runs/{run.run_id}/run.json")

    assert response.headers["Content-Disposition"] == 'attachment; filename="kind owl.json"'
    document = json.loads(response.content, parse_constant=pytest.fail)
    assert document["info"]["run_name"] == "kind owl"
    assert document["params"] == {"lr": "0.1"}
    assert document["metrics"]["loss"]["last"] == "NaN"
    assert document["metrics"]["gain"]["last"] == "-Infinity"
    assert document["tags"]["stage"] == "review"
    assert document["datasets"][0]["name"] == "diabetes"


@pytest.mark.parametrize("verb", ["", "run.json", "artifacts/", "artifacts/x", "raw/", "raw/x"])
def test_a_run_of_another_workspace_is_not_there(client, verb):
    hidden = make_run(make_experiment("secret plans", workspace="other"), files={"x": "secret"})

    response = client.get(f"/w/default/runs/{hidden.run_id}/{verb}")

    assert response.status_code == 404
    assert "secret" not in response.text
    assert client.get(f"/w/other/runs/{hidden.run_id}/").status_code == 200


@pytest.mark.parametrize("run_id", ["x", "f" * 32, "0", "%00", "..%2f", "a" * 5000, "é"])
def test_an_id_of_no_run_gets_a_page_that_says_so(client, run_id):
    response = client.get(f"/w/default/runs/{run_id}/")

    assert response.status_code == 404
    assert "<h1>" in response.text


@pytest.mark.parametrize(
    "tags",
    [
        {"mlflow.source.name": "http://[::1", "mlflow.source.git.repoURL": "http://["},
        {"mlflow.source.name": "/", "mlflow.source.git.commit": "<>"},
        {"mlflow.user": "\u202eright to left", "mlflow.source.type": "\U0001f600" * 300},
    ],
)
def test_no_tag_breaks_the_page(client, experiment, tags):
    run = make_run(experiment, "🦉 \u202e", tags=tags)

    page_of(client, run)


@pytest.mark.parametrize("moment", [0, -1, 253_402_300_800_000, 2**62])
def test_no_time_breaks_the_page(client, experiment, moment):
    run = create_run(experiment=experiment, start_time=moment)

    page_of(client, run)


def test_extreme_steps_and_values_do_not_break_the_page(client, experiment):
    run = make_run(experiment)
    extremes = {-(2**63): -1.7e308, 0: 1.7e308, 2**63 - 1: 5e-324}
    log_batch(run, metrics=[Point("x", value, step) for step, value in extremes.items()])
    log_batch(run, metrics=[Point("y", float(i), -(2**63) + i * 2**57) for i in range(60)])

    page = page_of(client, run)

    assert page.count('<svg class="sparkline') == 2


def test_more_of_everything_does_not_mean_more_queries(client, experiment):
    prefer(experiment, "m0")
    small = full_run(experiment, 1)
    large = full_run(experiment, 30)
    page_of(client, small)

    with CaptureQueriesContext(connection) as few:
        page_of(client, small)
    with CaptureQueriesContext(connection) as many:
        page_of(client, large)

    # Header: the run, its logged models, its tags, the newer and the older run, its parent,
    # the best run. Page: the statistics, the short series, the long ones, its color, the params,
    # the children and their primary metric, the datasets, the versions and their aliases.
    assert len(few) == len(many) == 17, [query["sql"] for query in many]


def full_run(experiment: Experiment, amount: int) -> Run:
    parent = make_run(experiment, "parent")
    run = make_run(
        experiment,
        metrics={f"m{i}": [float(step) for step in range(10)] for i in range(amount)}
        | {f"long{i}": [float(step) for step in range(50)] for i in range(amount)},
        params={f"p{i}": "1" for i in range(amount)},
        tags={f"t{i}": "1" for i in range(amount)} | {"mlflow.parentRunId": parent.run_id},
        files={f"f{i}.txt": "x" for i in range(amount)},
    )
    for number in range(amount):
        make_run(
            experiment,
            f"child {number}",
            metrics={"m0": [1.0]},
            tags={"mlflow.parentRunId": run.run_id},
        )
        log_dataset(run, f"data {number}")
        create_logged_model(experiment=experiment, name=f"model{number}", source_run_id=run.run_id)
        register(run, f"{run.run_id} {number}", alias="champion")
    return run
