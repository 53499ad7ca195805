"""Which columns an address shows, and what stands in them."""

import math
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs import best, density
from runs.actions.runs import delete_run
from runs.columns import Column
from runs.matching import Matching
from runs.models import Run, RunKey
from runs.views import run_list
from tests.support.factories import make_experiment, make_run


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def heads(response) -> list[str]:
    """The heads of the columns as they read."""
    row = re.search(r"</tr>\s*<tr>(.*?)</tr>\s*</thead>", response.text, re.DOTALL).group(1)
    row = re.sub(r"<details.*?</details>", "", row, flags=re.DOTALL)
    return [
        words(head).removeprefix("Tick all runs of this page ")
        for head in re.findall(r"<th.*?</th>", row, re.DOTALL)
    ]


def row_of(response, name: str) -> list[str]:
    """What stands in the row of a run, without its name."""
    rows = re.findall(r"<tr data-run.*?</tr>", response.text, re.DOTALL)
    row = next(row for row in rows if f">{name}</a>" in row)
    return [words(cell) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]


def test_a_metric_shows_the_statistic_that_its_column_names(client, experiment, url):
    make_run(experiment, "a", metrics={"acc": [0.25, 0.75, 0.5]})
    make_run(experiment, "b", metrics={"acc": [math.nan, math.nan]})
    make_run(experiment, "c")

    columns = ["m.acc", "m.acc@min", "m.acc@max", "m.acc@mean", "m.acc@first", "m.acc@beststep"]
    response = client.get(url, {"cols": ",".join(columns)})

    assert heads(response)[1:] == [
        *("acc", "acc min", "acc max", "acc mean", "acc first", "acc step of best")
    ]
    best = "0.5000 best 0.2500 best 0.7500 best 0.5000 best 0.2500 best 1"
    assert " ".join(row_of(response, "a")) == best
    assert row_of(response, "b") == ["NaN"] * 5 + ["– not logged"]
    assert row_of(response, "c") == ["– not logged"] * 6


@pytest.mark.parametrize(("metric", "step"), [("acc", "1"), ("loss", "2")])
def test_the_step_of_the_best_is_that_of_the_better_end(client, experiment, url, metric, step):
    make_run(experiment, "a", metrics={metric: [2.0, 3.0, 1.0]})

    assert row_of(client.get(url, {"cols": f"m.{metric}@beststep"}), "a") == [step]


def test_a_curve_is_drawn_where_there_is_one(client, experiment, url):
    make_run(experiment, "a", metrics={"loss": [3.0, 2.0, 1.0]})
    make_run(experiment, "b", metrics={"loss": [float(step) for step in range(500)]})
    make_run(experiment, "c", metrics={"loss": 1.0})

    response = client.get(url, {"cols": "m.loss@line"})

    assert heads(response)[1:] == ["loss curve"]
    assert 'aria-label="loss falls from 3 to 1"' in response.text
    assert 'aria-label="loss rises from 0 to 499"' in response.text
    assert row_of(response, "c") == ["– not logged"]


def test_pinned_columns_stand_beside_the_name_in_their_order(client, experiment, url):
    make_run(experiment, "a", params={"lr": "1", "depth": "2"}, metrics={"loss": 1.0})

    response = client.get(url, {"cols": "status,!p.lr,!name,m.loss,!m.loss@min"})

    assert heads(response) == ["Run name", "lr", "loss min", "Status", "loss"]
    assert re.findall(r'scope="colgroup"[^>]*>(.*?)<', response.text) == [
        *("Pinned", "Properties", "Metrics")
    ]
    assert len(re.findall(r'<td class="[^"]* pin pin-[12]"', response.text)) == 2


def test_more_columns_than_a_list_can_have_are_counted(client, experiment, url):
    make_run(experiment, metrics={f"m{index}": [1.0, 2.0] for index in range(70)})

    many = client.get(url, {"cols": ",".join(f"m.m{index}" for index in range(70))})
    curves = client.get(url, {"cols": ",".join(f"m.m{index}@line" for index in range(6))})
    pinned = client.get(url, {"cols": ",".join(f"!m.m{index}" for index in range(6))})

    assert len(heads(many)) == 60
    assert "11 of the address are not shown" in many.text
    assert len(heads(curves)) == 1 + 4
    assert "2 of the address are not shown" in curves.text
    assert len(heads(pinned)) == 1 + 6
    assert len(set(re.findall(r"pin-\d", pinned.text))) == 4


@pytest.mark.parametrize(
    ("many", "looked_at"),
    [(1000, 2000), (0, 2000), (0, 0)],
    ids=["few", "many", "many, of which the best are hidden"],
)
def test_the_best_of_each_metric_is_marked_over_the_whole_list(
    client, experiment, url, monkeypatch, many, looked_at
):
    monkeypatch.setattr(run_list, "MANY_RUNS", many)
    monkeypatch.setattr(best, "MANY_RUNS", many)
    monkeypatch.setattr(best, "LOOKED_AT", looked_at)
    monkeypatch.setitem(density.PAGE_SIZES, "25", 2)
    for index, (acc, loss) in enumerate([(0.9, 0.3), (0.7, 0.1), (0.8, math.nan), (0.1, math.inf)]):
        metrics = {"acc": acc, "val/loss": loss, "thing": acc}
        make_run(experiment, f"run {index}", metrics=metrics, start_time=10_000 - index)
    gone = make_run(experiment, "gone", metrics={"acc": 1.0, "val/loss": 0.0}, start_time=1)
    delete_run(gone)
    query = {"cols": "m.acc,m.val/loss,m.thing", "per": "25"}

    first = client.get(url, query)
    narrowed = client.get(url, query | {"where": "metrics.acc < 0.9", "sort": "-m.acc"})

    # Nobody knows which values of the thing are better.
    assert row_of(first, "run 0") == ["0.9000 best", "0.3000", "0.9000"]
    assert row_of(first, "run 1") == ["0.7000", "0.1000 best", "0.7000"]
    assert row_of(narrowed, "run 2") == ["0.8000 best", "NaN", "0.8000"]


@pytest.mark.parametrize("many", [1000, 0], ids=["few", "many"])
def test_all_runs_of_a_workspace_have_one_best_value(client, experiment, monkeypatch, many):
    monkeypatch.setattr(best, "MANY_RUNS", many)
    other = make_experiment("other")
    stranger = make_experiment("secret", workspace="theirs")
    make_run(experiment, "a", metrics={"acc": 0.5, "loss": 0.1})
    make_run(other, "b", metrics={"acc": 0.75, "loss": 0.25})
    make_run(stranger, "c", metrics={"acc": 1.0, "loss": 0.0})

    page = client.get("/w/default/runs/", {"cols": "m.acc,m.loss"})

    assert row_of(page, "a") == ["0.5000", "0.1000 best"]
    assert row_of(page, "b") == ["0.7500 best", "0.2500"]


def test_of_many_runs_every_column_has_its_best(client, experiment, url, monkeypatch):
    monkeypatch.setattr(best, "MANY_RUNS", 0)
    names = [f"loss {n}" for n in range(30)]
    make_run(experiment, "a", metrics=dict.fromkeys(names, 1.0))
    make_run(experiment, "b", metrics=dict.fromkeys(names, 2.0))

    page = client.get(url, {"cols": ",".join(f"m.{name}" for name in names)})

    assert row_of(page, "a") == ["1 best"] * 30


def test_of_more_metrics_of_experiments_than_are_looked_at_the_first_have_a_best(
    experiment, monkeypatch
):
    monkeypatch.setattr(best, "MAX_ENDS", 3)
    make_run(experiment, metrics={"acc": 1.0, "loss": 1.0})
    make_run(make_experiment("other"), metrics={"acc": 2.0, "loss": 2.0})
    acc, loss = Column("metric", "acc"), Column("metric", "loss")

    found = best.best_of(
        Matching(Run.objects.active(), count=10_000, is_more=True),
        [acc, loss],
        RunKey.objects.all(),
        experiments=[],
    )

    assert found == {acc: 2.0}


def test_more_columns_do_not_mean_more_queries(client, experiment, url):
    for index in range(3):
        metrics = {f"loss {n}": [1.0, float(index)] for n in range(20)}
        make_run(experiment, metrics=metrics, params={f"p{n}": str(index) for n in range(20)})

    def queries(count: int) -> int:
        names = [f"m.loss {n}@max" for n in range(count)] + [f"p.p{n}" for n in range(count)]
        names += [f"m.loss {n}@line" for n in range(min(count, 4))] + ["t.x", "m.loss 0"]
        with CaptureQueriesContext(connection) as asked:
            client.get(url, {"cols": ",".join(names)})
        return len(asked)

    assert queries(20) == queries(1)


@pytest.mark.parametrize(
    "cols", ["m.@max", "m.acc@", "m.acc@median", "@max", "!", "!!m.acc", ",,", "p.lr@max"]
)
def test_what_is_no_column_is_left_out_and_breaks_nothing(client, experiment, url, cols):
    make_run(experiment, "a", metrics={"acc": 1.0}, params={"lr": "1"})

    response = client.get(url, {"cols": cols})

    assert response.status_code == 200
    assert heads(response) == ["Run name"]


def test_a_file_has_the_statistics_and_no_curves(client, experiment, url):
    make_run(experiment, "a", metrics={"acc": [0.5, 0.75]})

    text = b"".join(
        client.get(f"{url}export.csv", {"cols": "m.acc@max,m.acc@beststep,m.acc@line"})
    ).decode()

    assert "metrics.acc@max,metrics.acc@beststep" in text
    assert "0.75,1" in text
    assert "line" not in text
