"""Pages of a run list, whatever the values: every run once, in one order, forwards and back."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.models import Experiment
from runs.models import Run
from runs.ordering import page_of_runs, parse_sort, sorted_runs
from tests.support.factories import make_experiment, make_run

pytestmark = pytest.mark.django_db

NAN, INF = math.nan, math.inf
NUMBERS = [None, NAN, -INF, -1.5, -0.0, 0.0, 0.1, 0.30000000000000004, 1e308, INF]
TEXTS = [None, "", "1", "1.0", "01", "-2", "1e2", "1e400", "10", "a", "B", "b", "é", "\U0001f4a5"]
COLUMNS = [
    *("m.loss", "m.loss@min", "m.loss@mean", "m.loss@beststep", "p.lr", "t.team", "duration"),
    *("status", "name", "user", "start_time", "source", "experiment", "run_id"),
]


@dataclass(frozen=True)
class Made:
    """Runs whose values are few, so that there are ties of every kind."""

    experiment: Experiment
    loss: dict[str, float | None]
    lr: dict[str, str | None]


@pytest.fixture
def made() -> Made:
    experiment = make_experiment()
    loss, lr = {}, {}
    for index in range(30):
        number, text = NUMBERS[index % len(NUMBERS)], TEXTS[index % len(TEXTS)]
        series = [] if number is None else [5.0, number] if index % 3 else [number]
        tags = {} if text is None else {"team": text}
        run = make_run(
            experiment,
            f"run {index % 7}",
            metrics={"loss": series} if series else {},
            params={} if text is None else {"lr": text},
            tags=tags if index % 4 else tags | {"mlflow.source.name": f"s{index % 2}.py"},
            start_time=1_000 + index % 3,
            status=["FINISHED", "RUNNING", "FAILED"][index % 3],
            duration=index % 5,
        )
        loss[run.run_id], lr[run.run_id] = number, text
    return Made(experiment, loss, lr)


keys = st.tuples(st.sampled_from(["", "-"]), st.sampled_from(COLUMNS)).map("".join)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sort=st.lists(keys, max_size=3).map(",".join),
    size=st.sampled_from([4, 9]),
    by_index=st.booleans(),
)
def test_every_run_is_on_one_page_in_the_order_of_the_whole_list(made, sort, size, by_index):
    runs = Run.objects.filter(experiment=made.experiment)
    sort = parse_sort(sort)
    whole = [run.run_id for run in sorted_runs(runs, sort, experiments=[made.experiment])]
    experiment = made.experiment if by_index else None

    def page(cursor: str):
        return page_of_runs(
            runs,
            sort=sort,
            cursor=cursor,
            size=size,
            experiment=experiment,
            experiments=[made.experiment],
        )

    forwards = [page("")]
    while forwards[-1].next:
        forwards.append(page(forwards[-1].next))
    backwards = [forwards[-1]]
    while backwards[-1].previous:
        backwards.append(page(backwards[-1].previous))

    assert sorted(whole) == sorted(made.loss)
    assert [run.run_id for each in forwards for run in each.runs] == whole
    # Backwards pages end where the last one began; only the first is filled up to be whole.
    seen = [run.run_id for each in reversed(backwards[:-1]) for run in each.runs]
    assert whole[len(whole) - len(seen) :] == seen
    assert [run.run_id for run in backwards[-1].runs] == whole[:size]


@pytest.mark.parametrize("sign", ["", "-"])
def test_numbers_come_before_nan_and_what_is_missing_comes_last(made, sign):
    runs = Run.objects.filter(experiment=made.experiment)

    found = [made.loss[run.run_id] for run in sorted_runs(runs, parse_sort(f"{sign}m.loss"))]

    numbers = [value for value in found if value is not None and not math.isnan(value)]
    rest = found[len(numbers) :]
    assert numbers == sorted(numbers, reverse=sign == "-")
    assert [value is None for value in rest] == sorted(value is None for value in rest)
    assert None in rest
    assert any(value is not None for value in rest)


@pytest.mark.parametrize("sign", ["", "-"])
def test_texts_that_are_numbers_sort_as_numbers_before_the_others(made, sign):
    runs = Run.objects.filter(experiment=made.experiment)

    found = [made.lr[run.run_id] for run in sorted_runs(runs, parse_sort(f"{sign}p.lr"))]

    numbers = {"1": 1, "1.0": 1, "01": 1, "-2": -2, "1e2": 100, "10": 10}
    first = [numbers[text] for text in found if text in numbers]
    assert [text in numbers for text in found[: len(first)]] == [True] * len(first)
    assert first == sorted(first, reverse=sign == "-")
    missing = [text is None for text in found]
    assert missing == sorted(missing)
