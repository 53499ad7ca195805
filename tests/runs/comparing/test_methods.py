"""The methods that can be chosen on the statistics tab, and what the metric follows."""

import math

import pytest
from scipy import stats

from runs.comparing.importance import rank_interval
from runs.comparing.statistics import Method, difference_of
from tests.support.factories import make_experiment, make_run

STATISTICS = "/w/default/compare/stats/"

# Efron and Tibshirani, An Introduction to the Bootstrap (1993), table 2.1: how many days sixteen
# mice lived after an operation, seven of them treated.
TREATED = [94, 197, 16, 38, 99, 141, 23]
UNTREATED = [52, 104, 146, 10, 51, 30, 40, 27, 46]


def apart(numbers) -> dict:
    return {object(): float(number) for number in numbers}


def by_seed(numbers) -> dict:
    return {(str(seed),): float(number) for seed, number in enumerate(numbers)}


def test_the_bootstrap_agrees_with_the_mice_of_its_book():
    found = difference_of(apart(TREATED), apart(UNTREATED), method=Method.BOOTSTRAP)

    assert found.method == "bootstrap"
    # Section 2: the difference is 30.63; 26.85 is the bootstrap's standard error, 1.14 of which
    # it is away from zero.
    assert found.value == pytest.approx(30.63, abs=0.005)
    width = found.interval.high - found.interval.low
    assert width / (2 * stats.norm.ppf(0.975)) == pytest.approx(26.85, rel=0.02)
    assert found.p == pytest.approx(2 * stats.norm.sf(1.14), abs=0.02)


def test_the_same_runs_give_the_same_bootstrap_again():
    first, second = (
        difference_of(apart(TREATED), apart(UNTREATED), method=Method.BOOTSTRAP) for _ in range(2)
    )

    assert first == second


def test_with_the_same_repetitions_pairs_are_drawn():
    found = difference_of(by_seed([1, 2, 3, 4]), by_seed([0.9, 1.8, 3.1, 3.6]), method="bootstrap")

    # The differences are 0.1, 0.2, -0.1 and 0.4: their extremes bound what can be drawn.
    assert found.method == "paired bootstrap"
    assert -0.1 <= found.interval.low < found.value < found.interval.high <= 0.4


def test_a_method_is_used_where_it_was_asked_for_and_has_no_p_where_it_cannot_be():
    pairs = by_seed([1, 2, 4]), by_seed([2, 2, 6])

    assert difference_of(*pairs).method == "paired t-test"
    assert difference_of(*pairs, method=Method.WELCH).method == "Welch's t-test"
    impossible = difference_of(apart([1, 2, 4]), apart([2, 2, 6]), method=Method.PAIRED)
    assert (impossible.method, impossible.p) == ("no pairs", None)


@pytest.mark.parametrize("size", [1.0, 1e308, 5e-324])
def test_how_closely_numbers_follow_a_text_does_not_depend_on_their_size(client, db, size):
    experiment = make_experiment("churn")
    runs = [
        make_run(
            experiment,
            metrics={"acc": size if place % 2 else -size},
            params={"kind": "ab"[place % 2], "batch": str(place)},
        )
        for place in range(20)
    ]

    page = client.get(STATISTICS, {"runs": ",".join(run.run_id for run in runs), "group": ""})

    strengths = {each.name: each.strength for each in page.context["statistics"].importance}
    assert strengths["kind"] == 1.0


def test_the_interval_of_a_rank_correlation_is_that_of_bonett_and_wright():
    # By hand: artanh 0.5 = 0.549306; the error is sqrt(1.125 / 27) = 0.204124; times 1.959964.
    found = rank_interval(0.5, 30)

    assert (found.low, found.high) == pytest.approx(
        (math.tanh(0.549306 - 0.400076), math.tanh(0.549306 + 0.400076)), abs=1e-6
    )
    assert rank_interval(1.0, 30) is None
    assert rank_interval(0.5, 3) is None


# ---------------------------------------------------------------- On the page


@pytest.fixture
def experiment(db):
    return make_experiment("churn", replicate_keys="seed")


def page(client, runs, **query):
    response = client.get(
        STATISTICS, {"runs": ",".join(run.run_id for run in runs), "of": "acc", **query}
    )
    assert response.status_code == 200
    return response


def sweep(experiment, count: int) -> list:
    """The accuracy rises with the learning rate and falls with the depth of every other run."""
    return [
        make_run(
            experiment,
            f"run {place}",
            start_time=place,
            metrics={"acc": float(place)},
            params={
                "lr": str(place / 10),
                "depth": str(100 - place),
                "kind": "ab"[place % 2],
                "same": "1",
            },
        )
        for place in range(count)
    ]


def test_of_twenty_runs_the_page_says_what_the_metric_follows(client, experiment):
    response = page(client, sweep(experiment, 20))

    found = {each.name: each for each in response.context["statistics"].importance}
    assert list(found) == ["depth", "lr", "kind"]
    assert found["lr"].strength == pytest.approx(1.0)
    assert found["depth"].strength == pytest.approx(-1.0)
    assert not found["kind"].has_direction
    assert "What goes together need not be a cause" in response.text


def test_of_fewer_runs_it_says_nothing_of_that(client, experiment):
    response = page(client, sweep(experiment, 19))

    assert response.context["statistics"].importance == []
    assert "need not be a cause" not in response.text


def test_a_method_is_chosen_in_the_address(client, experiment):
    runs = [
        make_run(
            experiment,
            f"{lr} {seed}",
            start_time=seed,
            metrics={"acc": lr + seed / 10 + (0.01 * lr * seed)},
            params={"lr": str(lr), "seed": str(seed)},
        )
        for lr in (0, 1)
        for seed in range(4)
    ]

    def method(name: str):
        groups = page(client, runs, method=name).context["statistics"].groups
        return next(group.difference.method for group in groups if group.difference)

    assert method("") == "paired t-test"
    assert method("welch") == "Welch's t-test"
    assert method("bootstrap") == "paired bootstrap"
    assert "need at least 8 runs per group" in page(client, runs, method="bootstrap").text
    assert "method is one of: auto" in page(client, runs, method="bayes").text
