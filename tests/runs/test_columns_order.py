"""Lists sorted by any statistic of a metric, and by texts that are numbers."""

import math
import re

import pytest

from runs import density
from runs.expressions import _NUMBER, TextAsNumber
from runs.views import run_list
from tests.support.factories import make_experiment, make_run


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


@pytest.fixture
def url(experiment) -> str:
    return f"/w/default/experiments/{experiment.pk}/"


def names(response) -> list[str]:
    return re.findall(r'<span class="sr-only">Tick (?!all)(.*?)</span>', response.text)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("m.acc", "bcade"),
        ("-m.acc", "acbde"),
        ("m.acc@min", "acbde"),
        ("-m.acc@max", "bcade"),
        ("m.acc@mean", "acbde"),
        ("-m.acc@first", "bcade"),
        # Higher is better of an accuracy, so that the best is the greatest.
        ("m.acc@beststep", "bacde"),
        ("-m.loss@beststep", "bacde"),
        # A curve has no order, and neither has what is no statistic.
        ("m.acc@line", "abcde"),
        ("m.acc@nonsense", "abcde"),
    ],
)
@pytest.mark.parametrize("many", [1000, 0], ids=["few", "many"])
def test_runs_are_sorted_by_any_statistic_with_nan_then_missing_last(
    client, experiment, url, monkeypatch, sort, expected, many
):
    monkeypatch.setattr(run_list, "MANY_RUNS", many)
    values = {
        "a": [0.1, 0.2, 0.9],
        "b": [9.0, 0.5, 0.3],
        "c": [0.2, 0.9, 2.0, 0.8],
        "d": [math.nan],
        "e": None,
    }
    losses = {"a": [0.3, 0.2, 0.4], "b": [5.0, 1.0, 0.5], "c": [0.1, 0.2], "d": [math.nan]}
    for index, (name, series) in enumerate(values.items()):
        metrics = {"acc": series} if series else {"other": 1.0}
        if name in losses:
            metrics["loss"] = losses[name]
        make_run(experiment, name, metrics=metrics, start_time=9000 - index)

    assert "".join(names(client.get(url, {"sort": sort}))) == expected


@pytest.mark.parametrize("sort", ["m.acc@max", "-m.acc@mean", "-m.acc@min,p.lr"])
def test_pages_in_the_order_of_a_statistic_join_without_gap_or_overlap(
    client, experiment, url, monkeypatch, sort
):
    monkeypatch.setitem(density.PAGE_SIZES, "25", 3)
    for index in range(8):
        make_run(
            experiment,
            f"run {index}",
            metrics={"acc": [float(index % 3), float(index % 2)]} if index % 4 else {},
            params={"lr": str(index % 2)} if index % 3 else {},
        )

    seen, address = [], f"{url}?per=25&sort={sort}"
    while address:
        response = client.get(address)
        seen += names(response)
        following = re.search(r'href="([^"]*)" rel="next"', response.text)
        address = following and following.group(1).replace("&amp;", "&")

    assert len(seen) == len(set(seen)) == 8


@pytest.mark.parametrize(
    "text",
    [
        *("0", "-0", "7", "+7", "007", "1.5", "-1.5", ".5", "-.5", "5.", "1e3", "1E-3", "1.5e+07"),
        *("", ".", "-", "+", "e", "1e", "1e5000", "1e400", "--1", "1-2", "1.2.3", "0x10", "1_000"),
        *(" 1", "1 ", "1\n", "nan", "inf", "true", "null", '"1"', "[1]", "{}", "٣", "9" * 400),
        *("9" * 49, "9" * 51, "1" * 30 + "." + "1" * 30, "auto", "1e-05", "12e100"),
    ],
)
def test_a_text_is_the_number_that_the_pattern_says(db, experiment, text):
    run = make_run(experiment, params={"x": text})

    found = run.params.values_list(TextAsNumber("value"), flat=True).get()

    expected = float(text) if re.search(_NUMBER, text) else None
    assert found == expected
