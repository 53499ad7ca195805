"""The runs above a comparison: their colors, and what can be done to each."""

import pytest

from tests.support.factories import make_experiment, make_run

COMPARE = "/w/default/compare/"


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


def query(*runs, **more) -> dict:
    return {"runs": ",".join(run.run_id for run in runs), **more}


@pytest.mark.parametrize("tab", ["", "metrics/", "params/", "stats/"])
def test_the_color_that_a_run_was_given_wins_over_that_of_its_place(client, experiment, tab):
    plain = make_run(experiment, "plain", start_time=1, metrics={"acc": 0.5}, params={"lr": "1"})
    red = make_run(
        experiment,
        "red",
        start_time=2,
        metrics={"acc": 0.6},
        params={"lr": "2"},
        tags={"mlflow.runColor": "#d00000"},
    )

    page = client.get(f"{COMPARE}{tab}", query(plain, red)).text

    assert 'class="swatch run-color-1"' in page
    assert 'stroke="#d00000"' in page


@pytest.mark.parametrize("text", ["red", "#12", 'url("x")', ""])
def test_what_is_no_color_leaves_a_run_the_color_of_its_place(client, experiment, text):
    run = make_run(experiment, tags={"mlflow.runColor": text})

    page = client.get(COMPARE, query(run, make_run(experiment, "other"))).text

    assert "swatch-chosen" not in page
