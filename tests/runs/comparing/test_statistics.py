"""Groups of runs: the arithmetic against reference values, and what the page says of it."""

import math
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from runs.comparing.statistics import difference_of, hedges_g, holm, spread_of
from tests.support.factories import make_experiment, make_run

COMPARE = "/w/default/compare/stats/"

# Student, "The Probable Error of a Mean", Biometrika 6 (1908): additional hours of sleep of ten
# patients by two drugs. R's help for t.test and sleep gives the results below.
FIRST_DRUG = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND_DRUG = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]

NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=0, max_size=8)


def as_repetitions(numbers) -> dict:
    """Each told apart by something that no other group has."""
    return {object(): number for number in numbers}


def by_seed(numbers) -> dict:
    return {(str(seed),): number for seed, number in enumerate(numbers)}


# ---------------------------------------------------------------- The arithmetic


def test_welchs_test_agrees_with_students_data():
    found = difference_of(as_repetitions(FIRST_DRUG), as_repetitions(SECOND_DRUG))

    # R: t.test(extra ~ group, data = sleep): t = -1.8608, df = 17.776, p-value = 0.07939,
    # interval -3.3654832 to 0.2054832.
    assert found.method == "Welch's t-test"
    assert found.value == pytest.approx(-1.58)
    assert found.p == pytest.approx(0.07939, abs=5e-6)
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (-3.3654832, 0.2054832), abs=5e-8
    )
    assert found.relative == pytest.approx(-1.58 / 2.33)


def test_the_paired_test_agrees_with_students_data():
    found = difference_of(by_seed(FIRST_DRUG), by_seed(SECOND_DRUG))

    # R: t = -4.0621, df = 9, p-value = 0.002833, interval -2.4598858 to -0.7001142.
    assert found.method == "paired t-test"
    assert found.p == pytest.approx(0.002833, abs=5e-7)
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (-2.4598858, -0.7001142), abs=5e-8
    )


def test_the_interval_of_a_mean_agrees_with_students_data():
    spread = spread_of(FIRST_DRUG)

    # R: t.test(sleep$extra[1:10])$conf.int: -0.5297804, 2.0297804; sd 1.78901, median 0.35.
    assert spread.mean == pytest.approx(0.75)
    assert spread.deviation == pytest.approx(1.789010, abs=5e-7)
    assert spread.median == pytest.approx(0.35)
    assert (spread.interval.low, spread.interval.high) == pytest.approx(
        (-0.5297804, 2.0297804), abs=5e-8
    )


def test_hedges_g_agrees_with_a_published_example():
    """Borenstein et al., Introduction to Meta-Analysis (2009), chapter 4: g = 0.5924.

    Two groups of 50 with means 103 and 100 and standard deviations 5.5 and 4.5.
    """

    def group(mean: float, deviation: float) -> list[float]:
        # Half below and half above has this deviation with the divisor n - 1.
        half = deviation * math.sqrt(49 / 50)
        return [mean - half, mean + half] * 25

    assert hedges_g(group(103, 5.5), group(100, 4.5)) == pytest.approx(0.5924, abs=5e-5)


@pytest.mark.parametrize(
    ("values", "adjusted"),
    [
        # R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm").
        ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),
        ([0.04, 0.01, 0.03], [0.06, 0.03, 0.06]),
        ([0.9, 0.8], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
)
def test_holm_adjusts_as_r_does(values, adjusted):
    assert holm(values) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_never_smaller_and_keeps_the_order(values):
    adjusted = holm(values)

    assert all(after >= before for before, after in zip(values, adjusted, strict=True))
    assert all(0 <= each <= 1 for each in adjusted)
    pairs = sorted(zip(values, adjusted, strict=True))
    assert [after for _, after in pairs] == sorted(adjusted)


@given(NUMBERS, NUMBERS)
def test_no_numbers_break_it_and_none_of_the_answers_is_nan(first, second):
    for spread in (spread_of(first), spread_of(second)):
        known = [spread.mean, spread.deviation, spread.median]
        assert all(each is None or math.isfinite(each) for each in known)
    for group in (as_repetitions, by_seed):
        found = difference_of(group(first), group(second))
        if found is not None:
            known = [found.value, found.relative, found.effect, found.p]
            assert all(each is None or math.isfinite(each) for each in known)


@pytest.mark.parametrize(
    ("first", "second", "method"),
    [
        # Another set of seeds makes no pairs.
        (by_seed([1.0, 2.0, 3.0]), by_seed([1.0, 2.5]), "Welch's t-test"),
        # Two numbers that are both all alike.
        (as_repetitions([1.0, 1.0]), as_repetitions([2.0, 2.0]), "no spread to test"),
        (by_seed([1.0, 2.0]), by_seed([2.0, 3.0]), "no spread to test"),
        (as_repetitions([1.0]), as_repetitions([2.0, 3.0]), ""),
    ],
)
def test_the_method_fits_what_there_is(first, second, method):
    found = difference_of(first, second)

    assert found.method == method
    assert (found.p is None) == (method != "Welch's t-test")


def test_the_effect_is_scipys_difference_in_pooled_deviations():
    found = difference_of(as_repetitions(FIRST_DRUG), as_repetitions(SECOND_DRUG))

    # Student's t is the difference in pooled deviations, times √(n/2) for groups of one size.
    t = stats.ttest_ind(FIRST_DRUG, SECOND_DRUG).statistic
    correction = math.gamma(9) / (math.sqrt(9) * math.gamma(8.5))
    assert found.effect == pytest.approx(t / math.sqrt(5) * correction)


# ---------------------------------------------------------------- The page


@pytest.fixture
def experiment(db):
    return make_experiment("seeds")


def sweep(experiment, numbers: dict[str, list[float]], *, metric: str = "acc"):
    return [
        make_run(
            experiment,
            f"{rate} {seed}",
            params={"lr": rate, "seed": str(seed), "epochs": "9"},
            metrics={metric: value},
            start_time=1000 + seed,
        )
        for rate, values in numbers.items()
        for seed, value in enumerate(values)
    ]


def page_of(client, runs, **query):
    response = client.get(COMPARE, {"runs": ",".join(run.run_id for run in runs), **query})
    assert response.status_code == 200
    return response


def groups_of(client, runs, **query):
    statistics = page_of(client, runs, **query).context["statistics"]
    return {group.label: group for group in statistics.groups}


def test_runs_are_grouped_by_what_varies_but_for_the_seed(client, experiment):
    runs = sweep(experiment, {"0.1": [0.7, 0.8, 0.9], "0.2": [0.9, 0.91, 0.95]})

    groups = groups_of(client, runs)

    assert list(groups) == ["lr=0.2", "lr=0.1"]
    low = groups["lr=0.1"]
    assert (low.spread.count, low.best, low.worst) == (3, 0.9, 0.7)
    assert low.spread.mean == pytest.approx(0.8)


def test_the_difference_is_judged_pair_by_pair_against_the_baselines_group(client, experiment):
    runs = sweep(experiment, {"0.1": [0.70, 0.71, 0.72], "0.2": [0.90, 0.92, 0.92]})

    groups = groups_of(client, runs, base=runs[0].run_id)

    assert groups["lr=0.1"].is_baseline
    assert groups["lr=0.1"].difference is None
    judged = groups["lr=0.2"]
    assert judged.difference.method == "paired t-test"
    assert judged.verdict == "Better, more than by chance"
    expected = stats.ttest_rel([0.90, 0.92, 0.92], [0.70, 0.71, 0.72]).pvalue
    assert judged.difference.adjusted == pytest.approx(expected)


def test_of_losses_a_smaller_one_is_better(client, experiment):
    runs = sweep(experiment, {"0.1": [0.70, 0.71, 0.72], "0.2": [0.9, 0.92, 0.92]}, metric="loss")

    groups = groups_of(client, runs, base=runs[0].run_id)

    assert list(groups) == ["lr=0.1", "lr=0.2"]
    assert groups["lr=0.2"].verdict == "Worse, more than by chance"
    assert (groups["lr=0.1"].best, groups["lr=0.1"].worst) == (0.70, 0.72)


def test_p_is_adjusted_for_how_many_groups_are_looked_at(client, experiment):
    numbers = {
        "0.1": [0.70, 0.71, 0.73],
        "0.2": [0.72, 0.74, 0.73],
        "0.3": [0.80, 0.84, 0.81],
        "0.4": [0.60, 0.71, 0.74],
    }
    runs = sweep(experiment, numbers)

    groups = groups_of(client, runs, base=runs[0].run_id)

    labels = ["lr=0.2", "lr=0.3", "lr=0.4"]
    expected = holm([groups[label].difference.p for label in labels])
    assert [groups[label].difference.adjusted for label in labels] == pytest.approx(expected)


@pytest.mark.parametrize("numbers", [{"0.1": [0.7, 0.8], "0.2": [0.9, 0.95]}, {"1": [1], "2": [2]}])
def test_fewer_than_three_runs_a_group_get_no_verdict(client, experiment, numbers):
    page = page_of(client, sweep(experiment, numbers))

    assert "need at least 3 runs per group" in page.text
    assert "more than by chance</span>" not in page.text


def test_groups_of_one_run_explain_themselves(client, experiment):
    page = page_of(client, sweep(experiment, {"0.1": [0.7], "0.2": [0.9]}))

    assert "Every group has one run" in page.text


def test_other_hyperparameters_and_metrics_can_be_chosen(client, experiment):
    runs = sweep(experiment, {"0.1": [0.7, 0.8], "0.2": [0.9, 0.95]})

    by_seed = groups_of(client, runs, group="seed")
    together = groups_of(client, runs, group="")

    assert list(by_seed) == ["seed=1", "seed=0"]
    assert list(together) == ["All runs"]
    page = page_of(client, runs, group=["", "lr", "seed"], of="acc", stat="min")
    assert len(page.context["statistics"].groups) == 4


def test_runs_without_a_finite_value_are_left_out_and_counted(client, experiment):
    runs = sweep(experiment, {"0.1": [0.7, math.nan, math.inf]})

    page = page_of(client, runs)

    assert page.context["statistics"].groups[0].spread.count == 1
    assert "2 runs have no finite value of acc and are left out." in page.text


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        ({"of": "nothing"}, "None of these runs logged nothing."),
        ({"group": "nothing"}, "None of these runs has the hyperparameter nothing."),
    ],
)
def test_what_is_not_there_is_said(client, experiment, query, notice):
    assert notice in page_of(client, sweep(experiment, {"0.1": [0.7]}), **query).text


@pytest.mark.parametrize("value", [0.0, 1e308, -1e308, 5e-324])
def test_extreme_numbers_have_a_page(client, experiment, value):
    runs = sweep(experiment, {"0.1": [value, value, value], "0.2": [value, -value, 1.0]})

    page = page_of(client, runs)

    assert page.text.count('class="forest"') in {0, 2}
    assert "nan" not in re.findall(r'd="[^"]*"', page.text)


def test_runs_without_metrics_have_a_page(client, experiment):
    runs = [make_run(experiment, params={"lr": str(i)}) for i in range(3)]

    assert "No metrics logged" in page_of(client, runs).text


def test_more_groups_do_not_mean_more_queries(client, experiment):
    def queries(groups: int) -> int:
        runs = sweep(experiment, {str(i): [0.1, 0.2, 0.4 + i] for i in range(groups)})
        with CaptureQueriesContext(connection) as captured:
            page_of(client, runs)
        return len(captured)

    assert queries(9) == queries(2)
