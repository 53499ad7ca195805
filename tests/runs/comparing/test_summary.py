"""The first page of a comparison: who wins, what differs, and what one would say."""

import math

import pytest

from tests.support.factories import make_experiment, make_run

COMPARE = "/w/default/compare/"


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


def summary_of(client, *runs):
    response = client.get(COMPARE, {"runs": ",".join(run.run_id for run in runs)})
    assert response.status_code == 200
    return response.context["summary"]


def notes(client, *runs) -> str:
    return " ".join(note.text for note in summary_of(client, *runs).notes)


def two(experiment, first: dict, second: dict):
    return [
        make_run(experiment, name, start_time=place * 1000, **given)
        for place, (name, given) in enumerate([("first", first), ("second", second)], start=1)
    ]


@pytest.mark.parametrize(
    ("first", "second", "note"),
    [
        (
            {"metrics": {"acc": 0.8}},
            {"metrics": {"acc": 0.9}},
            "second is best on acc: 0.9000, +12.5 % against the baseline.",
        ),
        (
            {"metrics": {"loss": 0.8}},
            {"metrics": {"loss": 0.9}},
            "The baseline first is best on loss, at 0.8000; second comes next, +12.5 %.",
        ),
        (
            {"metrics": {"acc": 0.9}},
            {"metrics": {"acc": 0.9}},
            "All runs that logged acc end at the same value, 0.9000.",
        ),
        (
            {"metrics": {"acc": 0.8}},
            {"metrics": {"acc": 0.9}, "duration": 3000},
            "second ran 3.0× as long as the baseline: 3.0 s against 1.0 s.",
        ),
        (
            {"metrics": {"acc": 0.8}},
            {"metrics": {"acc": 0.9, "train/loss": [1.0, 0.5, math.nan, math.nan]}},
            "second logged NaN in train/loss, first at step 2.",
        ),
        ({"metrics": {"acc": 0.8}}, {}, "second did not log acc."),
        (
            {"metrics": {"acc": 0.8}, "status": "FAILED"},
            {"metrics": {"acc": 0.8}, "status": "RUNNING"},
            "first failed; second has stalled: their values may not be final.",
        ),
        (
            {"metrics": {"acc": 0.8}, "params": {"lr": "1"}},
            {"metrics": {"acc": 0.7}, "params": {"lr": "1"}},
            "first and second have the same hyperparameters, yet acc lies between 0.7000 and "
            "0.8000.",
        ),
        (
            {"metrics": {"loss": [5.0, 2.0, 1.0, 2.0, 3.0]}},
            {"metrics": {"loss": [5.0, 4.0]}},
            "first was better on loss before its end: 1 at step 2, 3 at step 4.",
        ),
    ],
)
def test_what_stands_out_is_said_with_where_to_see_it(client, experiment, first, second, note):
    runs = two(experiment, first, second)

    found = summary_of(client, *runs).notes

    assert note in [each.text for each in found]
    assert all(client.get(each.url).status_code == 200 for each in found)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        # Nobody knows which is better.
        ({"metrics": {"weight": 1.0}}, {"metrics": {"weight": 2.0}}, "best"),
        ({"metrics": {"acc": 0.8}}, {"metrics": {"acc": 0.9}, "duration": 1200}, "as long as"),
        (
            {"metrics": {"acc": 0.8}, "params": {"lr": "1"}},
            {"metrics": {"acc": 0.7}, "params": {"lr": "2"}},
            "same hyperparameters",
        ),
        ({"metrics": {"acc": math.nan}}, {"metrics": {"acc": math.inf}}, "best"),
        ({"metrics": {"loss": [3.0, 2.0, 2.0, 1.0, 1.0]}}, {"metrics": {"loss": 1.0}}, "before"),
    ],
)
def test_nothing_is_said_that_does_not_follow(client, experiment, first, second, words):
    assert words not in notes(client, *two(experiment, first, second))


def test_there_are_never_more_than_six_notes(client, experiment):
    runs = two(
        experiment,
        {"metrics": {"acc": [0.1, 0.9, 0.8, 0.2, 0.1]}, "status": "FAILED"},
        {"metrics": {"acc": 0.9, "x": math.nan}, "status": "RUNNING"},
    )
    runs += two(experiment, {"metrics": {"acc": 0.3}}, {"duration": 9000})

    assert 3 < len(summary_of(client, *runs).notes) <= 6


def test_the_primary_metric_comes_first_then_those_that_vary_most(client, db):
    tags = {
        "mlflow.experiment.primaryMetric.name": "utility",
        "mlflow.experiment.primaryMetric.greaterIsBetter": "True",
    }
    experiment = make_experiment("primary", **tags)
    shared = {"same acc": 1.0, "system/cpu": 9.0}
    runs = two(
        experiment,
        {"metrics": {"utility": 1.0, "a loss": 1.0, "b loss": 1.0, **shared}},
        {"metrics": {"utility": 2.0, "a loss": 1.1, "b loss": 9.0, **shared, "system/cpu": 1.0}},
    )

    summary = summary_of(client, *runs)

    assert [row.key for row in summary.metrics] == ["utility", "b loss", "a loss"]
    assert [cell.is_best for cell in summary.metrics[0].cells] == [False, True]
    assert summary.chart.spec.metric == "utility"


def test_hyperparameters_that_the_metric_goes_with_come_first(client, experiment):
    runs = [
        make_run(
            experiment,
            params={"lr": lr, "color": color, "seed": str(place), "same": "1"},
            metrics={"acc": accuracy},
            start_time=place,
        )
        for place, (lr, color, accuracy) in enumerate(
            [("1", "red", 0.1), ("1", "blue", 0.11), ("2", "red", 0.9), ("2", "blue", 0.91)]
        )
    ]

    summary = summary_of(client, *runs)

    assert [row.key for row in summary.params] == ["lr", "color", "seed"]
    assert summary.differences[0][0] == "3 of 4 hyperparameters differ"


def test_of_many_runs_the_best_stand_in_the_table(client, experiment):
    runs = [
        make_run(experiment, f"run {i}", metrics={"acc": i / 50}, start_time=i) for i in range(30)
    ]

    summary = summary_of(client, *runs)

    assert [run.name for run in summary.runs[:3]] == ["run 0", "run 29", "run 28"]
    assert summary.chosen == "The baseline and the 11 best of 30 runs on acc."


def test_runs_without_metrics_are_compared_by_what_they_were_given(client, experiment):
    runs = two(experiment, {"params": {"lr": "1"}}, {"params": {"lr": "2"}})

    summary = summary_of(client, *runs)

    assert summary.metrics == []
    assert summary.chart is None
    assert [row.key for row in summary.params] == ["lr"]
