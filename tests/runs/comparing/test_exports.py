"""Compared runs as files, and the way back to the list that they were ticked in."""

import csv
import io
import json

import pytest

from tests.support.factories import make_experiment, make_run

COMPARE = "/w/default/compare/"


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


@pytest.fixture
def runs(experiment):
    other = make_experiment("other")
    return [
        make_run(
            experiment, "one", start_time=1000, metrics={"acc": [0.9, 0.5]}, params={"lr": "1"}
        ),
        make_run(other, "two", start_time=2000, metrics={"loss": 1 / 3}, tags={"team": "growth"}),
    ]


def exports(client, runs, **query) -> dict[str, str]:
    page = client.get(COMPARE, {"runs": ",".join(run.run_id for run in runs), **query})
    return {name: url for name, _, url in page.context["frame"].exports}


def test_compared_runs_are_saved_with_all_that_they_logged(client, runs):
    addresses = exports(client, runs)

    text = client.get(addresses["CSV"]).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    documents = json.loads(client.get(addresses["JSON"]).getvalue())

    assert [row["run_id"] for row in rows] == [run.run_id for run in runs]
    assert [row["experiment"] for row in rows] == ["churn", "other"]
    assert [row["metrics.acc"] for row in rows] == ["0.5", ""]
    assert [row["params.lr"] for row in rows] == ["1", ""]
    assert [document["metrics.loss"] for document in documents] == [None, 1 / 3]
    assert [document["tags.team"] for document in documents] == [None, "growth"]


def test_of_a_metric_the_value_is_saved_that_the_pages_show(client, runs):
    text = client.get(exports(client, runs, stat="max")["CSV"]).getvalue().decode()

    assert [row["metrics.acc@max"] for row in csv.DictReader(io.StringIO(text))] == ["0.9", ""]


def test_parquet_has_typed_columns(client, runs):
    parquet = pytest.importorskip("pyarrow.parquet", reason="skipped: no pyarrow")

    content = client.get(exports(client, runs)["Parquet"]).getvalue()

    table = parquet.read_table(io.BytesIO(content))
    assert table.column("metrics.loss").to_pylist() == [None, 1 / 3]
    assert str(table.schema.field("start_time").type) == "timestamp[ms, tz=UTC]"


@pytest.mark.parametrize("name", ["runs.csv", "runs.json", "runs.parquet", "metrics.csv"])
def test_without_runs_there_is_the_picker_and_no_file(client, db, name):
    response = client.get(f"{COMPARE}{name}?runs=nothing")

    assert "Choose runs" in response.text


def test_the_comparison_leads_back_to_the_list_as_it_was(client, experiment):
    runs = [make_run(experiment, name, metrics={"acc": 0.5}) for name in ("one", "two")]
    form = {"run": [run.run_id for run in runs], "do": "compare"}
    there = f"/w/default/experiments/{experiment.pk}/"

    page = client.post(f"{there}selection/?where=metrics.acc+%3E+0&sort=-m.acc", form, follow=True)

    origin = page.context["frame"].origin
    assert origin.label == "churn"
    assert origin.url.startswith(there)
    back = client.get(origin.url)
    assert back.context["request"].GET.dict() == {"where": "metrics.acc > 0", "sort": "-m.acc"}
    # The ticks are kept with the browser.
    assert back.text.count(" checked") >= 2


def test_a_list_of_another_experiment_is_not_where_a_comparison_came_from(client, runs):
    other = make_experiment("third")
    ticked = [make_run(other, name) for name in "ab"]
    form = {"run": [run.run_id for run in ticked], "do": "compare"}
    client.post(f"/w/default/experiments/{other.pk}/selection/?sort=-m.acc", form)

    def origin(*compared):
        ids = ",".join(run.run_id for run in compared)
        return client.get(COMPARE, {"runs": ids}).context["frame"].origin

    assert origin(runs[0]).url == runs[0].experiment.get_absolute_url()
    assert origin(*runs) is None
