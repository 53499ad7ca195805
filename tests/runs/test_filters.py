"""What narrows a run list beyond its expression, the chips that say so, and the code for it."""

import html
import re

import pytest
from django.http import QueryDict

from core.time import now_ms
from registry.actions.saving import save_run
from runs.actions.datasets import UsedDataset, log_inputs
from runs.filters import MAX_TICKED, RunFilter
from runs.matching import look_for
from runs.models import Run
from tests.support.factories import make_experiment, make_run

pytestmark = pytest.mark.django_db

MINUTE = 60_000
DAY = 86_400_000
# 3 March 2026, 14:05 UTC.
IN_MARCH = 1_772_546_700_000


@pytest.fixture
def experiment():
    return make_experiment("churn")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


@pytest.fixture
def three(experiment) -> dict[str, Run]:
    """Three runs that differ in everything that a facet asks for."""
    now = now_ms()
    ada = make_run(
        experiment,
        "ada",
        metrics={"acc": [0.9, float("nan")]},
        tags={"mlflow.source.name": "train.py"},
        start_time=now - 30 * MINUTE,
        status="RUNNING",
    )
    bob = make_run(
        experiment,
        "bob",
        tags={
            "mlflow.source.name": "it's.py",
            "mlflow.parentRunId": ada.run_id,
            "mlflow.source.git.dirty": "True",
        },
        start_time=now - 3 * DAY,
    )
    tags = {"mlflow.source.git.dirty": "False"}
    eve = make_run(experiment, "eve", metrics={"acc": 0.5}, tags=tags, start_time=IN_MARCH)
    for run in (ada, bob, eve):
        Run.objects.filter(pk=run.pk).update(user_id=run.name)
    log_inputs(eve, datasets=[UsedDataset("iris", "d1", "local", "{}", "", "", {})])
    save_run(bob, source=f"runs:/{bob.run_id}/model", new_name="a model")
    return {"ada": ada, "bob": bob, "eve": eve}


def names(response) -> list[str]:
    return re.findall(r'<span class="sr-only">Tick (?!all)(.*?)</span>', response.text)


def chips(response) -> list[tuple[str, str]]:
    """What each chip says, and where its cross leads."""
    found = re.findall(
        r'<span class="chip[^"]*" title="(.*?)">.*?<a class="chip-remove" href="(.*?)">',
        response.text,
    )
    return [(html.unescape(title).strip(), html.unescape(link)) for title, link in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"started": "1h"}, ["ada"]),
        ({"started": "7d"}, ["ada", "bob"]),
        ({"since": "2026-03-03", "until": "2026-03-03"}, ["eve"]),
        ({"since": "2026-03-03 14:05", "until": "2026-03-03 14:04"}, []),
        ({"user": ["ada", "eve"]}, ["ada", "eve"]),
        ({"user": "nobody"}, []),
        ({"source": "it's.py"}, ["bob"]),
        ({"registered": "yes"}, ["bob"]),
        ({"registered": "no"}, ["ada", "eve"]),
        ({"dataset": "iris"}, ["eve"]),
        ({"parent": "top"}, ["ada", "eve"]),
        ({"parent": "child"}, ["bob"]),
        ({"health": "stalled"}, ["ada"]),
        ({"health": "nan"}, ["ada"]),
        ({"health": "empty"}, ["bob"]),
        ({"health": "dirty"}, ["bob"]),
        ({"health": ["empty", "nan"]}, ["ada", "bob"]),
        ({"user": ["ada", "eve"], "where": "metrics.acc > 0.1"}, ["eve"]),
        ({"experiment": "999999"}, []),
        ({"experiment": "none"}, []),
    ],
)
def test_a_facet_narrows_the_list_and_has_a_chip(client, three, url, query, expected):
    response = client.get(url, query)

    assert names(response) == expected
    asked = sum(len(value) if isinstance(value, list) else 1 for value in query.values())
    assert len(chips(response)) == asked


@pytest.mark.parametrize(
    ("query", "expected", "is_narrowed"),
    [
        ("status=", ["ada", "bob", "eve"], False),
        ("status=RUNNING&status=", ["ada"], True),
        ("status=&status=RUNNING", ["ada"], True),
        ("health=&health=", ["ada", "bob", "eve"], False),
        ("user=eve&user=", ["eve"], True),
        ("user=%20", ["ada", "bob", "eve"], False),
        ("q=ada&q=", ["ada", "bob", "eve"], False),
        ("q=%20&where=%20", ["ada", "bob", "eve"], False),
    ],
)
def test_a_blank_value_beside_others_asks_nothing(client, three, url, query, expected, is_narrowed):
    response = client.get(f"{url}?nest=0&{query}")

    assert sorted(names(response)) == expected
    assert (response.context["count"] < response.context["total"]) == is_narrowed
    assert "field-error" not in response.text


def test_the_children_of_a_run_are_found_by_its_id_and_called_by_its_name(client, three, url):
    response = client.get(url, {"parent": three["ada"].run_id})

    assert names(response) == ["bob"]
    assert chips(response)[0][0] == "parent run ada"


def test_an_experiment_narrows_the_list_of_all_runs(client, three, experiment):
    make_run(make_experiment("other"), "elsewhere")

    response = client.get("/w/default/runs/", {"experiment": experiment.pk})

    assert "elsewhere" not in names(response)
    assert len(names(response)) == 3
    assert chips(response)[0][0] == "experiment churn"


def test_a_chip_does_not_tell_the_name_of_what_is_in_another_workspace(client, three, url):
    foreign = make_experiment("foreign secret", workspace="elsewhere")
    run = make_run(foreign, "foreign run")

    text = client.get("/w/default/runs/", {"experiment": foreign.pk}).text
    text += client.get(url, {"parent": run.run_id}).text

    assert "foreign" not in text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"started": "yesterday"}, "Started"),
        ({"since": "last week"}, "Write a day as 2026-11-24"),
        ({"user": "a\x00b"}, "User"),
        ({"parent": "a\x00b"}, "Parent"),
        ({"health": "sick"}, "Health"),
    ],
)
def test_a_value_that_no_facet_has_is_said_and_hides_nothing(client, three, url, query, said):
    response = client.get(url, query)

    assert response.status_code == 200
    assert len(names(response)) == 3
    error = re.search(r'class="field-error" role="alert">(.*?)</p>', response.text, re.DOTALL)
    assert said in error[1]


def test_each_condition_of_an_expression_is_a_chip_that_takes_itself_away(client, three, url):
    where = "metrics.acc > 0.1 AND (user_id = 'ada' OR user_id = 'eve') AND run_name != 'x AND y'"

    first, second, third = chips(client.get(url, {"where": where, "page": "x"}))

    assert [first[0], second[0], third[0]] == [
        "metrics.acc > 0.1",
        "advanced (user_id = 'ada' OR user_id = 'eve')",
        "run_name != 'x AND y'",
    ]
    left = chips(client.get(second[1]))
    assert [title for title, _ in left] == ["metrics.acc > 0.1", "run_name != 'x AND y'"]
    assert "page" not in second[1]


def test_thousands_of_values_are_as_many_chips_as_are_asked_for(client, three, url):
    query = {"user": [f"u{number}" for number in range(1_000)], "filters": "1"}

    assert len(chips(client.get(url, query))) == MAX_TICKED


def test_an_expression_that_cannot_be_split_is_one_chip(client, three, url):
    where = "metrics.acc > 0.1 AND user_id = 'ada' OR user_id = 'eve'"

    [(title, link)] = chips(client.get(url, {"where": where}))

    assert title == f"advanced {where}"
    assert chips(client.get(link)) == []


def test_a_condition_that_is_not_applied_is_marked_on_its_chip(client, three, url):
    text = client.get(url, {"where": "metrics.ac > 0.1", "user": "ada"}).text

    assert re.findall(r'class="chip( chip-broken)?" title="(.*?)"', text) == [
        ("", "user ada"),
        (" chip-broken", "metrics.ac &gt; 0.1"),
    ]


def test_clear_all_takes_every_condition_away_and_leaves_the_columns(client, three, url):
    query = {"user": "ada", "where": "metrics.acc > 0", "health": "nan", "cols": "status", "q": "a"}

    text = client.get(url, query).text
    link = html.unescape(re.search(r'<a class="small" href="(.*?)">Clear all', text)[1])

    assert link == f"{url}?cols=status"


@pytest.mark.parametrize(
    ("query", "filter_string", "left_out"),
    [
        ({"where": "metrics.acc > 0.1"}, "metrics.acc > 0.1", ""),
        ({"status": "FAILED"}, "attributes.status = 'FAILED'", ""),
        ({"user": "ada", "where": "run_name = 'x'"},
         "run_name = 'x' AND attributes.user_id = 'ada'", ""),
        ({"source": "it's.py"}, 'tags.`mlflow.source.name` = "it\'s.py"', ""),
        ({"dataset": ["a", "b"]}, "dataset.name IN ('a', 'b')", ""),
        ({"parent": "top"}, "tags.`mlflow.parentRunId` IS NULL", ""),
        ({"since": "2026-03-03"}, "attributes.start_time >= 1772496000000", ""),
        ({"status": ["FAILED", "KILLED"], "user": "ada"}, "attributes.user_id = 'ada'", "“Status”"),
        ({"registered": "yes", "q": "a"}, None, "“Name or id” and “Registered”"),
        ({"where": "user_id = 'a' OR user_id = 'b'"}, None, "the expression"),
    ],
)  # fmt: skip
def test_the_code_asks_for_what_mlflow_can_say_and_names_the_rest(
    client, three, url, query, filter_string, left_out
):
    text = html.unescape(client.get(url, query).text)

    code = re.search(r"mlflow\.search_runs\(.*?\n\)", text, re.DOTALL)[0]
    assert "experiment_names=['churn']" in code
    assert (f"filter_string={filter_string!r}" in code) == (filter_string is not None)
    assert ("MLflow’s client cannot ask for" in text) == bool(left_out)
    assert left_out in text


@pytest.mark.parametrize(
    "where",
    [
        "metrics.acc > 0.3",
        "metrics.acc = 0.5",
        "metrics.acc IN (0, 0.25)",
        "metrics.acc BETWEEN 0.2 AND 0.6",
        "NOT metrics.acc > 0.3",
        "metrics.acc != 0.5",
        "metrics.nothing > 0",
        "NOT metrics.nothing > 0",
        "metrics.acc > 0.3 AND NOT (metrics.acc <= 0.5 OR params.p = '1')",
        "metrics.acc@min < 0.3 OR metrics.acc >= 0.75",
    ],
)
def test_what_an_index_finds_is_what_a_look_at_each_run_finds(experiment, where):
    for index in range(8):
        metrics = {"acc": [0.25 * index, 0.25 * (index % 4)]} if index < 6 else {}
        make_run(experiment, metrics=metrics, params={"p": str(index % 3)})
    make_run(experiment, metrics={"acc": float("nan")})
    make_run(make_experiment("other"), metrics={"acc": 0.5})
    runs = Run.objects.filter(experiment=experiment)
    asked = QueryDict(mutable=True)
    asked["where"] = where
    run_filter = RunFilter(asked, queryset=runs, experiment=experiment)

    found = set(run_filter.by_index().values_list("pk", flat=True))

    assert found == set(run_filter.qs.values_list("pk", flat=True))
    assert found == set(look_for(run_filter).runs.values_list("pk", flat=True))
