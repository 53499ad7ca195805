"""The tables of a comparison: which values, shades, names as a tree, and CSV."""

import csv
import io

import pytest

from runs.comparing.branches import tree_lines
from runs.comparing.tables import Row
from tests.runs.logged import make_run as log_run
from tests.support.factories import make_experiment, make_run

METRICS, PARAMS = "/w/default/compare/metrics/", "/w/default/compare/params/"


@pytest.fixture
def experiment(db):
    return make_experiment("churn", primary_metric="acc")


def query(*runs, **more) -> dict:
    return {"runs": ",".join(run.run_id for run in runs), **more}


def shown(client, *runs, **more) -> dict[str, list]:
    """What the page says of each metric, run by run."""
    response = client.get(METRICS, query(*runs, show="all", **more))
    assert response.status_code == 200
    rows = response.context["table"].sections[0].rows
    return {row.key: [cell.value for cell in row.cells] for row in rows}


def test_at_best_step_every_metric_is_what_it_was_when_the_primary_one_was_best(client, experiment):
    first = log_run(
        experiment,
        "first",
        start_time=1,
        metrics={"acc": [0.1, 0.9, 0.2], "loss": [3.0, 2.0, 1.0], "once": [7.0]},
    )
    second = log_run(
        experiment, "second", start_time=2, metrics={"acc": [0.8, 0.5], "loss": [5.0, 4.0]}
    )

    assert shown(client, first, second, stat="best") == {
        "acc": [0.9, 0.8],
        "loss": [2.0, 5.0],
        # Logged before that step and not since.
        "once": [7.0, None],
    }


def test_without_a_direction_there_is_no_best_step_and_the_page_says_so(client, db):
    experiment = make_experiment("odd")
    runs = [
        log_run(experiment, name, start_time=place, metrics={"width": [1.0, 2.0]})
        for place, name in enumerate("ab")
    ]

    for tab in ("", "metrics/", "stats/"):
        page = client.get(f"/w/default/compare/{tab}", query(*runs, stat="best", show="all"))

        assert "has no best step" in page.text
        assert "Each value is that of the step" not in page.text
    assert shown(client, *runs, stat="best") == {"width": [2.0, 2.0]}


def test_a_shade_says_where_a_number_lies_between_the_worst_and_the_best(client, experiment):
    runs = [
        make_run(experiment, f"run {place}", start_time=place, metrics={"loss": value})
        for place, value in enumerate([1.0, 2.0, 3.0, float("nan"), 1e308], start=1)
    ]

    plain = client.get(METRICS, query(*runs[:4]))
    shaded = client.get(METRICS, query(*runs[:4], shade="heat"))
    wide = client.get(METRICS, query(*runs, shade="heat"))

    def heats(response) -> list[int]:
        return [cell.heat for cell in response.context["table"].sections[0].rows[0].cells]

    assert heats(plain) == [0, 0, 0, 0]
    assert heats(shaded) == [5, 3, 1, 0]
    assert heats(wide) == [5, 5, 5, 0, 1]
    assert "heat-5" in shaded.text


def test_the_two_smallest_numbers_there_are_can_be_shaded(client, experiment):
    runs = [
        make_run(experiment, f"run {place}", start_time=place, metrics={"loss": value})
        for place, value in enumerate([0.0, 5e-324], start=1)
    ]

    response = client.get(METRICS, query(*runs, shade="heat"))

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["lr", "seed"], [(0, "lr"), (0, "seed")]),
        (["opt.lr", "seed"], [(0, "opt.lr"), (0, "seed")]),
        (["opt.beta", "opt.lr"], [(0, "opt. 2"), (1, "beta"), (1, "lr")]),
        (["a/b/c", "a/b/d"], [(0, "a/b/ 2"), (1, "c"), (1, "d")]),
        (
            ["a.b.c", "a.b.d", "a.e", "f"],
            [(0, "a. 3"), (1, "b. 2"), (2, "c"), (2, "d"), (1, "e"), (0, "f")],
        ),
        (["a", "a.b", "a.b.c"], [(0, "a"), (0, "a. 2"), (1, "b"), (1, "b.c")]),
        ([".", "..", "..."], [(0, "."), (0, ".."), (0, "...")]),
        ([], []),
    ],
)
def test_names_with_a_common_beginning_stand_below_it(names, lines):
    found = tree_lines([Row(name, []) for name in names])

    said = [
        (each.depth, each.label if each.row else f"{each.label} {each.count}") for each in found
    ]
    assert said == lines
    # Nothing of a name is lost.
    assert [each.before + each.label for each in found if each.row] == names


def test_a_table_is_saved_as_csv_with_all_its_rows_and_whole_numbers(client, experiment):
    third = 1 / 3
    first = make_run(experiment, "=first", start_time=1, metrics={"acc": third, "same": 1.0})
    second = make_run(experiment, "second", start_time=2, metrics={"acc": 0.5, "same": 1.0})

    page = client.get(METRICS, query(first, second))
    response = client.get(page.context["csv_url"])

    assert response.headers["Content-Disposition"].startswith("attachment")
    lines = list(csv.reader(io.StringIO(response.getvalue().decode())))
    assert lines == [
        ["name", "'=first", "second"],
        ["run_id", first.run_id, second.run_id],
        ["acc", repr(third), "0.5"],
    ]


def test_with_runs_as_rows_the_csv_has_a_line_a_run(client, experiment):
    runs = [
        make_run(experiment, name, start_time=place, params={"lr": f"0.{place}", "opt.beta": name})
        for place, name in enumerate("ab", start=1)
    ]

    page = client.get(PARAMS, query(*runs, rows="runs"))
    lines = list(
        csv.DictReader(io.StringIO(client.get(page.context["csv_url"]).getvalue().decode()))
    )

    assert [line["run_id"] for line in lines] == [run.run_id for run in runs]
    assert [(line["lr"], line["opt.beta"]) for line in lines] == [("0.1", "a"), ("0.2", "b")]
