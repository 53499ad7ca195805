"""What the filter box of a run list finds, and what it says of a text that it cannot read."""

import html
import math
import re

import pytest

from core.time import now_ms
from runs.actions.datasets import UsedDataset, log_inputs
from runs.models import Run
from runs.search import run_condition
from search.runs import parse_expression
from tests.runs.logged import LONG_AGO, make_experiment, make_run
from tests.test_docs import ROOT

pytestmark = pytest.mark.django_db

A_DAY = 86_400_000
HOURS_AGO = 3_600_000 * 5


@pytest.fixture
def rows():
    """Three runs that differ in everything that can be asked."""
    experiment = make_experiment("asked")
    make_run(
        experiment,
        "ada",
        metrics={"loss": [0.9, 0.2, 0.4], "val acc": [0.5, 0.7]},
        params={"lr": "0.01", "opt": "adam", "note": "line one\nline two"},
        tags={"team": "growth-eu"},
    )
    log_inputs(
        Run.objects.get(name="ada"),
        datasets=[
            UsedDataset("iris", "d1", "local", "{}", "", "", {"mlflow.data.context": "training"})
        ],
    )
    make_run(
        experiment,
        "bob",
        status="FAILED",
        start_time=LONG_AGO + A_DAY,
        metrics={"loss": [math.nan], "odd": [math.inf, -math.inf]},
        params={"lr": "1e-1", "opt": "sgd"},
        tags={"team": "risk"},
    )
    make_run(
        experiment,
        "cy",
        status="RUNNING",
        start_time=now_ms() - HOURS_AGO,
        metrics={"loss": [0.1]},
        params={"lr": "high", "opt": "Adam"},
    )
    return experiment


def found(text: str) -> str:
    """The first letters of the runs that ``text`` finds."""
    runs = Run.objects.filter(run_condition(parse_expression(text)))
    return "".join(sorted(name[0] for name in runs.values_list("name", flat=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # NOT binds closest, then AND, then OR.
        ("run_name = 'ada' OR run_name = 'bob' AND status = 'RUNNING'", "a"),
        ("(run_name = 'ada' OR run_name = 'bob') AND status = 'RUNNING'", ""),
        ("NOT run_name = 'ada' AND status = 'FINISHED'", ""),
        ("NOT (run_name = 'ada' AND status = 'RUNNING')", "abc"),
        ("NOT run_name = 'ada' OR status = 'FINISHED'", "abc"),
        ("not not run_name = 'ada'", "a"),
        ("NOT (NOT run_name = 'ada' OR status = 'FAILED')", "a"),
        ("((((run_name = 'ada'))))", "a"),
        # What is missing matches nothing, and NOT finds exactly the others.
        ("tags.team != 'risk'", "a"),
        ("NOT tags.team = 'risk'", "ac"),
        ("end_time > 0", "ab"),
        ("NOT end_time > 0", "c"),
        ("NOT (NOT end_time > 0)", "ab"),
        ("NOT duration > 1", "c"),
        ("NOT metrics.nobody > 1", "abc"),
        ("metrics.nobody > 1 OR run_name = 'cy'", "c"),
    ],
)
def test_conditions_hold_together_as_they_are_written(rows, text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.loss < 0.5", "ac"),
        ("metrics.loss = 0.4", "a"),
        ("metrics.loss != 0.4", "bc"),
        ("metrics.loss >= 0.1", "ac"),
        ("metrics.loss <= 0.1", "c"),
        ("metrics.loss IN (0.1, 0.4)", "ac"),
        ("metrics.loss NOT IN (0.1)", "ab"),
        ("metrics.loss BETWEEN 0.2 AND 0.4", "a"),
        ("metrics.loss NOT BETWEEN 0.2 AND 0.4", "bc"),
        ("metrics.loss BETWEEN 0.2 AND 0.4 AND status = 'failed'", ""),
        ("metrics.odd IS NULL", "ac"),
        ("metrics.odd IS NOT NULL", "b"),
        ("metrics.nobody IS NULL", "abc"),
        ("metrics.odd < -1e300", "b"),
        ("metrics.loss@last = 0.4", "a"),
        ("metrics.loss@first > 0.8", "a"),
        ("metrics.loss@min = 0.2", "a"),
        ("metrics.loss@max = 0.9", "a"),
        ("metrics.loss@mean = 0.5", "a"),
        ("metrics.loss@mean != 0.5", "bc"),
        ("metrics.loss@count = 3", "a"),
        ("metrics.loss@count > 2.5", "a"),
        ("metrics.loss@count < 1e999", "abc"),
        ("metrics.odd@mean IS NOT NULL", "b"),
        ("metrics.`val acc`@max > 0.6", "a"),
        ('metrics."val acc" BETWEEN 0.5 AND 0.7', "a"),
    ],
)
def test_a_metric_is_asked_for_any_of_its_statistics(rows, text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("params.lr > 0.05", "b"),
        ("params.lr > '0.05'", "b"),
        ("params.lr = 0.1", "b"),
        ("params.lr = '0.1'", ""),
        ("params.lr = 1e-2", "a"),
        ("params.lr != 0.1", "a"),
        ("params.lr IN (0.01, 0.1)", "ab"),
        ("params.lr NOT IN (0.01)", "b"),
        ("params.lr BETWEEN 0.01 AND 0.05", "a"),
        ("params.lr <= 1e999", "ab"),
        ("NOT params.lr > 0.05", "ac"),
        ("params.opt = 'adam'", "a"),
        ("params.opt != 'adam'", "bc"),
        ("params.opt LIKE 'ad%'", "a"),
        ("params.opt ILIKE 'ad%'", "ac"),
        ("params.opt NOT LIKE 'ad%'", "bc"),
        ("params.opt NOT ILIKE 'ad%'", "b"),
        ("params.opt IN ('sgd', 'Adam')", "bc"),
        ("params.opt NOT IN ('sgd', 'Adam')", "a"),
        ("params.opt ~ 'd.m$'", "ac"),
        ("params.opt ~ '(?i)^ADAM$'", "ac"),
        ("params.opt !~ '^[aA]'", "b"),
        (r"params.lr ~ '^\d+\.\d{2}$'", "a"),
        ("params.note ~ 'one.line'", ""),
        (r"params.note ~ 'one\sline'", "a"),
        ("params.note ~ 'one$'", ""),
        ("params.opt ~ 'sgd|m'", "abc"),
        ("params.opt ~ '(a|d|)+m'", "ac"),
        ("tags.team IS NULL", "c"),
        ("tags.team ~ '-(eu|us)$'", "a"),
        ("tags.team !~ 'eu'", "b"),
        ("tags.team IN ('risk')", "b"),
    ],
)
def test_params_and_tags_are_texts_and_numbers(rows, text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status = 'failed'", "b"),
        ("status != 'Failed'", "ac"),
        ("status IN ('running', 'FINISHED')", "ac"),
        ("status LIKE 'fail%'", "b"),
        ("run_name ~ '^[ab]'", "ab"),
        ("run_name NOT IN ('ada')", "bc"),
        ("user_id IS NULL", "abc"),
        ("run_name IS NOT NULL", "abc"),
        ("end_time IS NULL", "c"),
        ("duration IS NULL", "c"),
        ("duration = 60000", "ab"),
        ("duration >= '60s'", "ab"),
        ("duration > '1m'", ""),
        ("duration < 2h", "ab"),
        ("duration BETWEEN '0.5m' AND '1m'", "ab"),
        ("duration IN ('1m', 5)", "ab"),
        ("start_time > -1d", "c"),
        ("start_time > '-1d'", "c"),
        ("start_time < -301m AND start_time > -1w", ""),
        ("start_time < -1w", "ab"),
        ("start_time = '2026-03-03'", "a"),
        ("start_time != '2026-03-03'", "bc"),
        ("start_time = '2026-03-03 14:05'", "a"),
        ("start_time >= '2026-03-03 14:05:09'", "abc"),
        ("start_time > '2026-03-03T14:06'", "bc"),
        ("start_time BETWEEN '2026-03-04' AND '2026-03-05'", "b"),
        ("start_time = 1772546709000", "a"),
        ("start_time NOT IN (1772546709000)", "bc"),
        # MLflow forgives an AND too many, and one too few.
        ("AND run_name = 'ada' AND", "a"),
        ("run_name = 'ada' status = 'FINISHED'", "a"),
    ],
)
def test_the_run_itself_is_asked(rows, text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dataset.name = 'iris'", "a"),
        ("dataset.name ~ '^ir'", "a"),
        ("dataset.name IS NULL", "bc"),
        ("NOT dataset.digest IN ('d1')", "bc"),
        ("datasets.context NOT LIKE 'test%'", "a"),
    ],
)
def test_what_a_run_read_is_asked(rows, text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        # As deep, as wide and as large as a filter may be.
        "(NOT (run_name = 'x' OR " * 24 + "run_name = 'ada'" + "))" * 24,
        "(NOT (metrics.loss > 5 OR metrics.loss@mean > 7 AND " * 24 + "run_id = ''" + "))" * 24,
        "(run_name = 'x' AND (metrics.loss@mean > 7 OR " * 25 + "params.lr > 1" + "))" * 25,
        "(metrics.loss@mean > 7 OR (params.lr > 1 AND " * 25 + "duration > 1" + "))" * 25,
        " OR ".join(["params.lr > 0.05"] * 499 + ["run_name = 'ada'"]),
        " AND ".join(["(metrics.loss@mean != 7 OR NOT tags.team ~ 'x')"] * 250),
        " AND ".join(["status != 'x'"] * 500),
        " AND ".join(["duration BETWEEN 1 AND 2"] * 500),
        " OR ".join(["user_id IS NULL"] * 500),
        "NOT (" + " OR ".join(["end_time NOT BETWEEN 1 AND 2"] * 500) + ")",
        f"metrics.loss IN ({'7,' * 9_998}7)",
        "start_time > -9223372036854775807 AND start_time < 9223372036854775807",
        "start_time > -100000w AND duration < 1000000w",
        "params.lr > 1e999 OR params.lr < -1e999",
        "params.lr ~ '(a|)+(^|$)*(b{0,3}){2}'",
        "params.`a' OR 1=1 --` = 'x' OR metrics.`run__id` > 1 OR tags.`key__in` IS NULL",
    ],
)
def test_the_largest_and_oddest_filters_run(rows, text):
    assert Run.objects.filter(run_condition(parse_expression(text))).count() <= 3


def test_a_tree_with_two_branches_everywhere_runs(rows):
    text = "metrics.loss@mean > 7"
    for depth in range(8):
        text = f"({text}) {'AND' if depth % 2 else 'OR'} NOT ({text})"

    assert Run.objects.filter(run_condition(parse_expression(text))).count() <= 3


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("metrics.los > 1", "At character 1. Did you mean metrics.loss?"),
        ("run_name = 'x' OR metrics.`val ac` > 1", "character 19. Did you mean metrics.`val acc`?"),
        ("loss > 1", "Did you mean metrics.loss?"),
        ("params.lr = '1' adn run_name = 'x'", "At character 17. Did you mean AND?"),
        ("params.opt ~ '(a'", "At character 14."),
    ],
)
def test_the_page_says_what_is_wrong_where_and_what_was_perhaps_meant(client, rows, where, said):
    response = client.get(f"/w/default/experiments/{rows.pk}/", {"where": where, "q": "ada"})

    text = html.unescape(response.text)
    assert said in text
    # What was typed is still in its box, and the rest of the filter still narrows.
    assert f'name="where" value="{where}"' in text
    assert "/runs/" + Run.objects.get(name="ada").run_id in text
    assert "/runs/" + Run.objects.get(name="cy").run_id not in text


def test_only_a_name_of_this_experiment_is_suggested(client, rows):
    other = make_experiment("other")
    make_run(other, "dan", metrics={"lost": [1.0]})

    here = client.get(f"/w/default/experiments/{other.pk}/", {"where": "metrics.los > 1"})
    everywhere = client.get("/w/default/runs/", {"where": "metrics.lost > 0 OR metrics.loss > 0"})

    assert "Did you mean metrics.lost?" in here.text
    assert all(name in everywhere.text for name in ["ada", "cy", "dan"])


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("metrics.loss < 0.5", "filter_string='metrics.loss < 0.5'"),
        ("params.opt = 'adam'", "filter_string=\"params.opt = 'adam'\""),
        ("metrics.loss@min < 0.5", None),
        ("metrics.loss <", None),
        ("", None),
    ],
)
def test_a_filter_that_mlflow_reads_alike_is_offered_as_code(client, rows, where, code):
    response = client.get(f"/w/default/experiments/{rows.pk}/", {"where": where})

    text = html.unescape(response.text)
    assert ("filter_string=" in text) == (code is not None)
    if code is not None:
        assert f"experiment_names=['asked'],\n    {code}," in text


def examples_in(document: str) -> list[str]:
    return re.findall(r"^```\n(.+?)\n```$", document, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", examples_in((ROOT / "docs/filters.md").read_text()))
def test_the_filters_of_the_document_run(rows, text):
    assert Run.objects.filter(run_condition(parse_expression(text))).count() <= 3


def test_the_filters_of_the_help_page_run(client, rows):
    page = client.get("/help/").text
    section = page[page.index('id="filters"') :]

    examples = re.findall(r"</th><td><code>(.*?)</code>", section)

    assert len(examples) == 9
    for text in examples:
        condition = run_condition(parse_expression(html.unescape(text)))
        assert Run.objects.filter(condition).count() <= 3
