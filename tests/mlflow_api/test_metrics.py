import math

import pytest


def points(*entries: tuple) -> list[dict]:
    return [
        {"key": "m", "step": step, "timestamp": timestamp, "value": value}
        for step, timestamp, value in entries
    ]


def history(api, run, **query) -> list[tuple]:
    found = api.get("metrics/get-history", run_id=run, metric_key="m", **query).body
    return [(p["step"], p["timestamp"], p["value"]) for p in found.get("metrics", [])]


def test_a_history_has_every_point_in_the_order_of_time(api):
    run = api.run()
    logged = points((1, 20, 0.5), (0, 10, 1.0), (1, 20, 0.25), (2, 5, "NaN"), (3, 30, "-Infinity"))
    api.post("runs/log-batch", run_id=run, metrics=logged)

    assert history(api, run) == [
        (2, 5, "NaN"),
        (0, 10, 1.0),
        (1, 20, 0.25),
        (1, 20, 0.5),
        (3, 30, "-Infinity"),
    ]


def test_the_same_point_again_is_the_same_point(api):
    run = api.run()

    for _ in range(3):
        api.post("runs/log-batch", run_id=run, metrics=points((0, 1, 2.0), (0, 1, 2.0)))
        api.post("runs/log-metric", run_id=run, **points((0, 1, 2.0))[0])

    assert history(api, run) == [(0, 1, 2.0)]


@pytest.mark.parametrize("value", [1e308, -1e-308, 5e-324, 0.1, 2**53 + 1, -0.5])
def test_a_number_comes_back_exactly(api, value):
    run = api.run()

    api.post("runs/log-metric", run_id=run, key="m", value=value, timestamp=2**63 - 1, step=7)

    [(step, timestamp, found)] = history(api, run)
    assert (step, timestamp) == (7, 2**63 - 1)
    assert found == float(value)
    assert math.isfinite(found)


def test_pages_of_a_history_join(api):
    run = api.run()
    api.post("runs/log-batch", run_id=run, metrics=points(*((n, n, n) for n in range(5))))

    first = api.get("metrics/get-history", run_id=run, metric_key="m", max_results=3).body
    rest = history(api, run, max_results=3, page_token=first["next_page_token"])

    assert [p["step"] for p in first["metrics"]] + [p[0] for p in rest] == [0, 1, 2, 3, 4]


def test_what_nobody_logged_has_no_history(api):
    assert history(api, api.run()) == []
    assert history(api, "0" * 32) == []


@pytest.mark.parametrize("count", [0, -5])
def test_a_page_of_no_points_is_refused(api, count):
    answer = api.get("metrics/get-history", run_id=api.run(), metric_key="m", max_results=count)

    assert answer.status == 400


def test_histories_of_many_runs_come_run_by_run(api):
    runs = sorted([api.run(), api.run()])
    for run in runs:
        api.post("runs/log-batch", run_id=run, metrics=points((1, 1, 1.0), (2, 2, 2.0)))

    found = api.get("metrics/get-history-bulk", run_id=runs, metric_key="m").body["metrics"]
    cut = api.get("metrics/get-history-bulk", run_id=runs, metric_key="m", max_results=3).body[
        "metrics"
    ]

    assert [(p["run_id"], p["step"]) for p in found] == [(r, s) for r in runs for s in (1, 2)]
    assert len(cut) == 3


def test_an_interval_is_sampled_evenly_and_keeps_its_last_point(api):
    run = api.run()
    for first in range(0, 3000, 1000):
        batch = points(*((n, n, float(n)) for n in range(first, first + 1000)))
        api.post("runs/log-batch", run_id=run, metrics=batch)

    def steps(**query) -> list[int]:
        call = "metrics/get-history-bulk-interval"
        found = api.get(call, run_ids=[run], metric_key="m", **query).body["metrics"]
        return [point["step"] for point in found]

    assert steps(max_results=3) == [0, 1000, 2999]
    assert steps(start_step=10, end_step=14) == [10, 11, 12, 13, 14]
    assert steps(start_step=0, end_step=9, max_results=4) == [0, 3, 6, 9]
    assert len(steps()) == 2500


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"start_step": 1}, 400, "both must be specified"),
        ({"start_step": 5, "end_step": 1}, 400, "end_step must be greater"),
        ({"max_results": 0}, 400, "between 1 and 2500"),
        ({"max_results": 2501}, 400, "between 1 and 2500"),
        ({"run_ids": []}, 400, "Missing value for required parameter 'run_ids'"),
        ({"run_ids": ["x"] * 101}, 400, "at most 100 run_ids"),
        ({"start_step": "x", "end_step": 1}, 400, "start_step"),
    ],
)
def test_a_bad_interval_is_refused_with_the_reason(api, query, status, words):
    asked = {"run_ids": [api.run()], "metric_key": "m"} | query

    answer = api.get("metrics/get-history-bulk-interval", **asked)

    assert answer.status == status
    assert words in answer.message
