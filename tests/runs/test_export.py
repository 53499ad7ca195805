import csv
import io
import json
import math
import sys
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.spreadsheet import cell_text
from runs import exporting
from runs.actions.ingest import log_batch
from runs.actions.runs import delete_run
from tests.support.factories import Point, make_experiment, make_run


@pytest.fixture
def experiment(db):
    return make_experiment("churn rate")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/export"


def body(response) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def table(response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body(response).decode(), newline="")))


def parquet(response):
    reader = pytest.importorskip("pyarrow.parquet", reason="skipped: no pyarrow")
    return reader.read_table(io.BytesIO(body(response)))


def test_a_csv_has_the_columns_of_the_page_and_every_matching_run_in_its_order(
    client, experiment, url, monkeypatch
):
    monkeypatch.setattr(exporting, "_PIECE", 2)
    for index in range(5):
        make_run(
            experiment,
            f"r{index}",
            metrics={"loss": index / 10},
            params={"lr": f"0.{index}"},
            tags={"team": "x"},
        )
    make_run(experiment, "hidden", metrics={"loss": 9.0})
    delete_run(make_run(experiment, "deleted", metrics={"loss": 0.05}))

    head, *rows = table(
        client.get(
            f"{url}.csv",
            {
                "where": "metrics.loss < 1",
                "sort": "-m.loss",
                "cols": "status,m.loss,p.lr,t.team",
                "per": "25",
                "page": "whatever",
            },
        )
    )

    assert head == [
        *("run_id", "run_name", "status", "metrics.loss", "params.lr", "tags.team"),
    ]
    assert [row[1:] for row in rows] == [
        [f"r{index}", "FINISHED", str(index / 10), f"0.{index}", "x"] for index in (4, 3, 2, 1, 0)
    ]
    assert all(len(row[0]) == 32 for row in rows)


def test_without_columns_in_the_address_the_file_has_the_automatic_ones(client, experiment, url):
    for value in (1.0, 2.0):
        make_run(experiment, metrics={"loss": value, "same": 3.0}, start_time=1_700_000_000_123)

    head, row, _ = table(client.get(f"{url}.csv"))

    assert head == [
        *("run_id", "run_name", "status", "start_time", "duration_seconds", "metrics.loss"),
        *("source", "registered_versions"),
    ]
    assert row[3:5] == ["2023-11-14T22:13:20.123Z", "1.0"]


def test_all_runs_are_exported_with_their_experiments(client, db):
    make_run(make_experiment("one"), "a")
    make_run(make_experiment("two"), "b")
    make_run(make_experiment("three", workspace="other"), "c")

    head, *rows = table(client.get("/w/default/runs/export.csv", {"sort": "name"}))

    place = head.index("experiment")
    assert [(row[1], row[place]) for row in rows] == [("a", "one"), ("b", "two")]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-cmd", "@SUM(A1)", "\t=1", " =1", "\r=1", "\n=1", "＝1", "-1-1", "+-1", "=٣"],
)
def test_no_cell_is_a_formula(client, experiment, url, text):
    make_run(experiment, params={"p": text}, tags={"t": text})

    rows = table(client.get(f"{url}.csv", {"cols": "p.p,t.t"}))

    assert rows[1][2:] == [f"'{text}", f"'{text}"]


@pytest.mark.parametrize("text", ["-0.5", "+1e-3", "1e5", ".5", "a=b", "-", "x"])
def test_a_text_that_is_a_number_or_no_formula_stays_as_it_is(text):
    assert cell_text(text) == ("'-" if text == "-" else text)


def test_numbers_that_are_none_are_spelled(client, experiment, url):
    for index, value in enumerate([math.nan, math.inf, -math.inf, 0.1 + 0.2, None]):
        make_run(experiment, f"r{index}", metrics={} if value is None else {"m": value})
    query = {"cols": "m.m", "sort": "name"}

    rows = table(client.get(f"{url}.csv", query))
    objects = json.loads(body(client.get(f"{url}.json", query)))
    column = parquet(client.get(f"{url}.parquet", query)).column("metrics.m").to_pylist()

    assert [row[2] for row in rows[1:]] == [
        *("NaN", "Infinity", "-Infinity", "0.30000000000000004", ""),
    ]
    assert [each["metrics.m"] for each in objects] == [
        *("NaN", "Infinity", "-Infinity", 0.1 + 0.2, None),
    ]
    assert math.isnan(column[0])
    assert column[1:] == [math.inf, -math.inf, 0.1 + 0.2, None]


def test_a_parquet_file_has_types(client, experiment, url, monkeypatch):
    monkeypatch.setattr(exporting, "_PIECE", 1)
    monkeypatch.setattr(exporting, "_PIECES_A_GROUP", 2)
    for index in range(5):
        make_run(experiment, f"r{index}", metrics={"m": 1.0 * index}, params={"p": str(index)})

    found = parquet(client.get(f"{url}.parquet", {"sort": "name"}))

    types = {field.name: str(field.type) for field in found.schema}
    assert types == {
        "run_id": "string",
        "run_name": "string",
        "status": "string",
        "start_time": "timestamp[ms, tz=UTC]",
        "duration_seconds": "double",
        "metrics.m": "double",
        "params.p": "string",
        "source": "string",
        "registered_versions": "string",
    }
    assert found.column("metrics.m").to_pylist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert found.column("start_time")[0].as_py() == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_a_step_beyond_what_floats_tell_apart_is_whole_in_every_file(client, experiment, url):
    steps = [2**62 + 1, -(2**63)]
    for index, step in enumerate(steps):
        run = make_run(experiment, f"r{index}")
        log_batch(run, metrics=[Point("acc", 0.5, step)], params=[])
    query = {"cols": "m.acc@beststep", "sort": "name"}
    name = "metrics.acc@beststep"

    head, *rows = table(client.get(f"{url}.csv", query))
    objects = json.loads(body(client.get(f"{url}.json", query)))
    column = parquet(client.get(f"{url}.parquet", query)).column(name).to_pylist()

    assert [int(row[head.index(name)]) for row in rows] == steps
    assert [each[name] for each in objects] == column == steps


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_a_list_without_runs_is_a_file_without_rows(client, experiment, url, ending):
    response = client.get(f"{url}.{ending}", {"q": "nothing"})

    assert "churn-rate-runs" in response.headers["Content-Disposition"]
    match ending:
        case "csv":
            assert len(table(response)) == 1
        case "json":
            assert json.loads(body(response)) == []
        case "parquet":
            assert parquet(response).num_rows == 0


def test_a_time_beyond_the_calendar_stays_a_number(client, experiment, url):
    make_run(experiment, start_time=2**60, duration=0)

    rows = table(client.get(f"{url}.csv", {"cols": "start_time"}))
    found = parquet(client.get(f"{url}.parquet", {"cols": "start_time"}))

    assert rows[1][2] == str(2**60)
    assert found.column("start_time").cast("int64").to_pylist() == [2**60]


def test_without_pyarrow_the_page_says_what_to_install(client, experiment, url, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    make_run(experiment)

    response = client.get(f"{url}.parquet")

    assert response.status_code == 404
    assert "experiment-tracker[parquet]" in response.text
    assert len(table(client.get(f"{url}.csv"))) == 2


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("export.xlsx", 404),
        ("export.csv?where=metrics.loss+<", 400),
        ("export.csv?status=NEVER", 400),
        ("export.csv?sort=nothing&cols=m.nothing&per=x&unknown=1", 200),
    ],
)
def test_what_cannot_be_exported_is_refused_with_a_reason(client, experiment, url, address, status):
    response = client.get(url.removesuffix("export") + address)

    assert response.status_code == status


def test_queries_grow_with_the_pieces_and_not_with_the_rows(client, experiment, url, monkeypatch):
    monkeypatch.setattr(exporting, "_PIECE", 4)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            table(client.get(f"{url}.csv"))
        assert not [query for query in seen.captured_queries if "UPDATE" in query["sql"]]
        return len(seen)

    for index in range(2):
        make_run(experiment, metrics={"m": 1.0 * index})
    queries()
    one_piece = queries()
    for index in range(2):
        make_run(experiment, metrics={"m": 9.0 + index})
    assert queries() == one_piece

    for index in range(4):
        make_run(experiment, metrics={"m": 19.0 + index})
    a_piece_more = queries() - one_piece

    assert 0 < a_piece_more <= 8
