"""Metrics: logged one by one and in batches, and their histories."""

from tests.golden.setups import (
    DELETE_RUN,
    EXPERIMENT,
    GET_RUN,
    NEW_RUN,
    RUN,
    UNKNOWN_RUN,
    point,
)
from tests.golden.wire import case, get, post, send


def log(key="m", value=1.0, timestamp=1, **more):
    return post("runs/log-metric", run_id="<run>", **point(key, value, timestamp, **more))


def batch(*points):
    return post("runs/log-batch", run_id="<run>", metrics=list(points))


def raw(number: bytes):
    """A metric whose value stands in the JSON as it is written here."""
    return send(
        "POST",
        "runs/log-metric",
        b'{"run_id": "x", "key": "m", "timestamp": 1, "value": ' + number + b"}",
    )


def history(key="m", **query):
    return get("metrics/get-history", run_id="<run>", metric_key=key, **query)


def bulk(**query):
    return get("/ajax-api/2.0/mlflow/metrics/get-history-bulk", metric_key="m", **query)


def interval(**query):
    return get("metrics/get-history-bulk-interval", metric_key="m", **query)


MANY = batch(*(point("m", n / 2, 1000 - n, step=n) for n in range(10)))
SEVERAL = batch(
    point("m", 2.0, 5, step=1),
    point("m", 1.0, 5, step=1),
    point("m", 3.0, 4, step=2),
    point("m", 9.0, 9, step=0),
)

CASES = [
    *(
        case(f"the value {value!r}", *NEW_RUN, log(value=value), GET_RUN, history())
        for value in [
            0,
            1,
            -1.5,
            1e308,
            5e-324,
            0.1,
            123456789.123456789,
            "1.5",
            "1e3",
            "NaN",
            2**53,
        ]
    ),
    *(
        case(f"the infinite value {value!r}", *NEW_RUN, log(value=value), GET_RUN, history())
        for value in ["Infinity", "-Infinity"]
    ),
    *(
        case(f"no value: {value!r}", *NEW_RUN, log(value=value))
        for value in ["x", "", None, True, [1], {"a": 1}, "nan", "inf"]
    ),
    *(
        case(f"the step {step!r}", *NEW_RUN, log(step=step), GET_RUN, history())
        for step in [0, -1, 5, "7", 2**63 - 1, -(2**63), 3.0, None]
    ),
    *(
        case(f"no step: {step!r}", *NEW_RUN, log(step=step))
        for step in ["x", 1.5, 2**63, [1], True]
    ),
    *(
        case(f"the timestamp {timestamp!r}", *NEW_RUN, log(timestamp=timestamp), GET_RUN, history())
        for timestamp in [0, 1, "5", 2**63 - 1, 3.0]
    ),
    *(
        case(f"no timestamp: {timestamp!r}", *NEW_RUN, log(timestamp=timestamp))
        for timestamp in ["x", 1.5, 2**63, [1], None, "", True]
    ),
    case("a time before 1970", *NEW_RUN, log(timestamp=-1)),
    *(
        case(f"the metric {key!r}", *NEW_RUN, log(key=key), GET_RUN)
        for key in [
            "loss",
            "val/loss",
            "a.b-c d:e",
            "größe 模",
            "",
            None,
            5,
            "a$",
            "a\n",
            "a//b",
            "/a",
            "../a",
            "a/",
            ".",
            "..",
            "k" * 250,
            "k" * 251,
            "a/../b",
            " ",
            "🚀",
        ]
    ),
    case(
        "a metric without a key",
        *NEW_RUN,
        post("runs/log-metric", run_id="<run>", value=1, timestamp=1),
    ),
    case(
        "a metric without a value",
        *NEW_RUN,
        post("runs/log-metric", run_id="<run>", key="m", timestamp=1),
    ),
    case(
        "a metric without a time",
        *NEW_RUN,
        post("runs/log-metric", run_id="<run>", key="m", value=1),
    ),
    case("a metric without a run", post("runs/log-metric", key="m", value=1, timestamp=1)),
    case(
        "a metric by the run's old name",
        *NEW_RUN,
        post("runs/log-metric", run_uuid="<run>", key="m", value=1, timestamp=1),
        GET_RUN,
    ),
    case(
        "a metric of a run that is not there",
        post("runs/log-metric", run_id=UNKNOWN_RUN, **point("m")),
    ),
    case("a metric of a deleted run", *NEW_RUN, DELETE_RUN, log()),
    case(
        "a metric of a finished run",
        *NEW_RUN,
        post("runs/update", run_id="<run>", status="FINISHED"),
        log(),
        GET_RUN,
    ),
    case("the same point twice", *NEW_RUN, log(), log(), history(), GET_RUN),
    case("two values at one place", *NEW_RUN, log(value=1), log(value=2), history(), GET_RUN),
    case(
        "the latest is not the last written",
        *NEW_RUN,
        log(step=5, value=1),
        log(step=3, value=2),
        GET_RUN,
    ),
    case(
        "the later time of one step is the latest",
        *NEW_RUN,
        log(timestamp=9, value=1),
        log(timestamp=3, value=2),
        GET_RUN,
    ),
    case(
        "NaN counts as 0 for the latest",
        *NEW_RUN,
        log(value="NaN"),
        log(value=-1),
        GET_RUN,
        history(),
    ),
    case("NaN and 0 at one place", *NEW_RUN, log(value="NaN"), log(value=0), history()),
    case(
        "a point about a model that is not there",
        *NEW_RUN,
        log(model_id="m-" + "0" * 32),
    ),
    # ---------------------------------------------------------------- History
    case("a history's order", *NEW_RUN, SEVERAL, history(), GET_RUN),
    case("a history of nothing", *NEW_RUN, history("never")),
    case("a history of no run", get("metrics/get-history", run_id=UNKNOWN_RUN, metric_key="m")),
    case("a history of a deleted run", *NEW_RUN, log(), DELETE_RUN, history()),
    case("a history without a key", *NEW_RUN, get("metrics/get-history", run_id="<run>")),
    case("a history without a run", get("metrics/get-history", metric_key="m")),
    case(
        "a history by the run's old name",
        *NEW_RUN,
        log(),
        get("metrics/get-history", run_uuid="<run>", metric_key="m"),
    ),
    case("a history of no page", *NEW_RUN, log(), history(page_token="rubbish")),
    case(
        "a history after a page",
        *NEW_RUN,
        MANY,
        history(max_results=4).keep(one="next_page_token"),
        history(page_token="<one>"),
    ),
    case(
        "the histories of many runs at once",
        bulk(run_id=[f"run_{number}" for number in range(1000)]),
        interval(run_ids=[f"run_{number}" for number in range(1000)]),
    ),
    case(
        "a history in pages",
        *NEW_RUN,
        MANY,
        history(max_results=4).keep(one="next_page_token"),
        history(max_results=4, page_token="<one>").keep(two="next_page_token"),
        history(max_results=4, page_token="<two>"),
    ),
    case("a history's full last page", *NEW_RUN, MANY, history(max_results=10)),
    *(
        case(f"a history of {count} points", *NEW_RUN, MANY, history(max_results=count))
        for count in [0, -1, "x", 1.5, ""]
    ),
    case(
        "a history's broken token",
        *NEW_RUN,
        MANY,
        history(max_results=2, page_token="x"),
    ),
    # ---------------------------------------------------------------- Many runs
    case("a bulk history", *NEW_RUN, MANY, bulk(run_id=["<run>"])),
    case("a bulk history with a limit", *NEW_RUN, MANY, bulk(run_id=["<run>"], max_results=3)),
    case("a bulk history of no run", bulk()),
    case("a bulk history of an unknown run", bulk(run_id=[UNKNOWN_RUN])),
    case("a bulk history of 101 runs", bulk(run_id=[UNKNOWN_RUN] * 101)),
    case(
        "an interval of a history",
        *NEW_RUN,
        MANY,
        interval(run_ids=["<run>"], start_step=2, end_step=4),
    ),
    *(
        case(
            f"a history thinned to {count}",
            *NEW_RUN,
            MANY,
            interval(run_ids=["<run>"], max_results=count),
        )
        for count in [1, 2, 3, 4, 7, 9, 10, 11]
    ),
    *(
        case(
            f"no interval: {query}",
            *NEW_RUN,
            interval(**({"run_ids": ["<run>"]} | query)),
        )
        for query in [
            {"max_results": 0},
            {"max_results": 2501},
            {"start_step": 1},
            {"end_step": 1},
            {"start_step": 5, "end_step": 1},
            {"run_ids": []},
            {"run_ids": [UNKNOWN_RUN]},
            {"run_ids": [UNKNOWN_RUN] * 101},
        ]
    ),
    case(
        "an interval without a key",
        *NEW_RUN,
        get("metrics/get-history-bulk-interval", run_ids=["<run>"]),
    ),
    case("an interval of nothing", *NEW_RUN, interval(run_ids=["<run>"])),
    case(
        "an interval of two runs",
        EXPERIMENT,
        RUN,
        MANY,
        RUN.keep(other="run.info.run_id"),
        interval(run_ids=["<run>", "<other>"], max_results=2),
    ),
]
