"""Output files of compared runs, path by path."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.comparing.pictures import picture_series
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


# ---------------------------------------------------------------- Over steps, in pairs, in a row


def logged_image(key: str, step: int, *, time: int = 1, small: bool = False, sign: str = "+"):
    parts = [f"images/{key}", "step", str(step), "timestamp", str(time), f"uuid-{step}-{time}"]
    return sign.join([*parts, "compressed"]) + ".webp" if small else sign.join(parts) + ".png"


def test_pictures_of_many_steps_are_one_path_and_one_step_is_shown(client, experiment):
    one = make_run(
        experiment,
        "one",
        files={
            logged_image("sample", 0): PIXEL,
            logged_image("sample", 0, small=True): PIXEL,
            logged_image("sample", 10): PIXEL,
        },
    )
    two = make_run(experiment, "two", files={logged_image("sample", 5, sign="%"): PIXEL})
    three = make_run(experiment, "three", files={logged_image("other", 5): PIXEL})

    last = files_of(client, one, two, three)
    first = files_of(client, one, two, three, at="4")

    assert [(each.path, each.count) for each in last.context["files"].paths] == [
        ("images/sample", 2)
    ]
    shown = last.context["files"].chosen
    assert (shown.steps, shown.step) == ([0, 5, 10], 10)
    # Of the other run the last one before that step.
    assert [copy.step for copy in shown.copies] == [10, 5, None]
    assert "of step 5" in last.text
    assert [copy.step for copy in first.context["files"].chosen.copies] == [0, None, None]
    assert "Nothing up to step 0" in first.text


def test_before_the_first_step_stands_the_first_one(client, experiment):
    runs = [
        make_run(experiment, name, files={logged_image("sample", 5): PIXEL}) for name in ("a", "b")
    ]

    shown = files_of(client, *runs, at="4").context["files"].chosen

    assert (shown.step, [copy.step for copy in shown.copies]) == (5, [5, 5])


def test_of_two_pictures_of_a_step_the_later_one_counts_and_the_whole_one():
    paths = [
        logged_image("a", 3, time=1),
        logged_image("a", 3, time=2, small=True),
        logged_image("a", 3, time=2),
        logged_image("b", 3, time=1, small=True),
        "images/plain.png",
        "images/+step+x+timestamp+1+u.png",
    ]

    series, taken = picture_series({path: path for path in paths})

    assert {key: dict(each.by_step) for key, each in series.items()} == {
        "images/a": {3: paths[2]},
        "images/b": {3: paths[3]},
    }
    assert taken == set(paths[:4])


@pytest.mark.parametrize(("look", "count"), [("swipe", 2), ("diff", 2), ("side", 0)])
def test_two_pictures_lie_one_on_the_other_if_asked_for(client, experiment, look, count):
    runs = [make_run(experiment, name, files={"roc.png": PIXEL}) for name in ("one", "two")]
    runs.append(make_run(experiment, "without"))

    page = files_of(client, *runs, look=look).text

    assert page.count(f'data-look="{look}"') == bool(count)
    assert page.count('class="compare-image"') == (0 if count else 2)


def test_of_three_pictures_there_are_no_pairs(client, experiment):
    runs = [make_run(experiment, name, files={"roc.png": PIXEL}) for name in "abc"]

    page = files_of(client, *runs, look="diff").text

    assert "data-look" not in page
    assert "Difference" not in page


@pytest.mark.parametrize(
    ("path", "tag"),
    [("beep.wav", "<audio"), ("film.mp4", "<video"), ("report.html", "sandbox")],
)
def test_sounds_films_and_pages_stand_in_a_row(client, experiment, path, tag):
    runs = [make_run(experiment, name, files={path: b"content"}) for name in ("one", "two")]
    without = make_run(experiment, "without")

    page = files_of(client, *runs, without, path=path).text

    assert page.count(tag) == 2
    assert re.search(r"Not in.*without", page, re.DOTALL)


def test_a_table_is_shaded_by_where_its_numbers_lie_in_their_column(client, experiment):
    runs = [
        make_run(experiment, name, files={"t.csv": f"class,p,word\ncat,{low},x\ndog,{high},y\n"})
        for name, low, high in [("one", 0, 5), ("two", 10, "nan")]
    ]

    plain = files_of(client, *runs, path="t.csv").context["files"].chosen.table
    shaded = files_of(client, *runs, path="t.csv", shade="heat").context["files"].chosen.table

    def heats(table):
        return [[cell.heat for cell in cells] for _, cells in table.rows]

    assert heats(plain) == [[0, 0, 0, 0], [0, 0, 0, 0]]
    assert heats(shaded) == [[1, 5, 0, 0], [3, 0, 0, 0]]
