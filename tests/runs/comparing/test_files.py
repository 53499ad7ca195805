"""Output files of compared runs, path by path."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.runs.logged import make_experiment, make_run

COMPARE = "/w/default/compare/files/"
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


@pytest.fixture
def experiment(db, settings, tmp_path):
    settings.ARTIFACT_ROOT = tmp_path
    return make_experiment("files")


def files_of(client, *runs, **query):
    ids = ",".join(run.run_id for run in runs)
    response = client.get(COMPARE, {"runs": ids, "order": "given", **query})
    assert response.status_code == 200
    return response


def test_paths_of_two_runs_or_more_are_listed_with_how_many_have_them(client, experiment):
    one = make_run(experiment, "one", files={"a.txt": "1", "b/c.txt": "2", "mine.txt": "3"})
    two = make_run(experiment, "two", files={"a.txt": "1", "b/c.txt": "2"})
    three = make_run(experiment, "three", files={"a.txt": "1"})

    files = files_of(client, one, two, three).context["files"]

    assert [(each.path, each.count) for each in files.paths] == [("a.txt", 3), ("b/c.txt", 2)]


def test_pictures_stand_side_by_side_and_a_missing_one_is_said(client, experiment):
    one = make_run(experiment, "one", files={"roc.png": PIXEL, "a.txt": "1"})
    two = make_run(experiment, "two", files={"roc.png": PIXEL, "a.txt": "1"})
    three = make_run(experiment, "three")

    response = files_of(client, one, two, three, size="l")

    assert response.context["files"].chosen.path == "roc.png"
    for run in (one, two):
        assert f"/runs/{run.run_id}/raw/roc.png" in response.text
    assert response.text.count("No such file") == 1
    assert 'data-images="l"' in response.text


def test_texts_are_held_against_the_baseline_equal_ones_together(client, experiment):
    texts = ["a\nb\n", "a\nb\n", "a\nc\n"]
    runs = [make_run(experiment, files={"log.txt": text}) for text in texts]

    response = files_of(client, *runs, path="log.txt", base=runs[2].run_id)

    versions = response.context["files"].chosen.versions
    assert [version.runs for version in versions] == [[runs[2]], [runs[0], runs[1]]]
    assert (versions[1].diff.added, versions[1].diff.removed) == (1, 1)
    assert "<del>c</del><ins>b</ins>" in response.text


def test_without_the_baselines_file_another_is_the_reference(client, experiment):
    runs = [make_run(experiment, files=files) for files in ({}, {"a.txt": "1"}, {"a.txt": "2"})]

    chosen = files_of(client, *runs, path="a.txt").context["files"].chosen

    assert chosen.reference == runs[1]
    assert chosen.missing == [runs[0]]


def test_tables_are_aligned_by_the_names_of_their_rows(client, experiment):
    one = make_run(experiment, "one", files={"t.csv": "class,f1\ncat,0.5\ndog,0.7\n"})
    two = make_run(experiment, "two", files={"t.csv": "class,f1\ndog,0.7\ncat,0.6\neel,0.1\n"})

    table = files_of(client, one, two, path="t.csv").context["files"].chosen.table

    assert table.key == "class"
    assert [(label, [cell.text for cell in cells]) for label, cells in table.rows] == [
        ("cat", ["0.5", "0.6"]),
        ("dog", ["0.7", "0.7"]),
        ("eel", [None, "0.1"]),
    ]
    assert [cell.differs for cell in table.rows[0][1]] == [False, True]
    assert table.differing == 2


def test_tables_without_names_are_aligned_by_place(client, experiment):
    one = make_run(experiment, files={"t.csv": "a,b\n1,2\n1,3\n"})
    two = make_run(experiment, files={"t.csv": "a,b\n1,2\n1,4\n"})

    table = files_of(client, one, two, path="t.csv").context["files"].chosen.table

    assert table.key == "Row"
    assert [cell.text for cell in table.rows[1][1]] == ["1", "1", "3", "4"]


def test_json_is_compared_as_text_and_as_table_where_it_is_one(client, experiment):
    logged = json.dumps({"columns": ["id", "x"], "data": [["a", 1]]})
    files = {"t.json": logged, "c.json": '{"a": 1}'}
    runs = [make_run(experiment, files=files) for _ in range(2)]

    assert files_of(client, *runs, path="t.json").context["files"].chosen.table is not None
    assert files_of(client, *runs, path="c.json").context["files"].chosen.kind == "texts"


@pytest.mark.parametrize("content", [b"\0\1", b"x" * 300_000])
def test_what_cannot_be_compared_is_listed_with_its_size(client, experiment, content):
    runs = [make_run(experiment, files={"model.bin": content}) for _ in range(2)]

    response = files_of(client, *runs)

    assert response.context["files"].chosen.kind == "sizes"
    assert response.text.count(">Open</a>") == 2


@pytest.mark.parametrize("path", ["nothing.txt", "../../etc/passwd", "a\0b", "%2e%2e/x"])
def test_a_path_that_no_run_has_is_said(client, experiment, path):
    runs = [make_run(experiment, files={"a.txt": "1"}) for _ in range(2)]

    response = files_of(client, *runs, path=path)

    assert response.context["files"].chosen is None
    assert "None of these runs has" in response.text


def test_runs_without_shared_files_say_so(client, experiment):
    runs = [make_run(experiment, files={f"{n}.txt": "1"}) for n in range(2)]

    assert "No shared files" in files_of(client, *runs).text


@pytest.mark.parametrize("tab", ["code", "files"])
def test_files_of_more_runs_do_not_mean_more_queries(client, experiment, tab):
    def queries(count: int) -> list[str]:
        runs = [
            make_run(experiment, files={"a.yaml": str(n), "requirements.txt": f"a=={n}"})
            for n in range(count)
        ]
        ids = ",".join(run.run_id for run in runs)
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/w/default/compare/{tab}/", {"runs": ids})
        return [re.search(r'FROM "(\w+)"', query["sql"]).group(1) for query in captured]

    assert queries(12) == queries(2)
