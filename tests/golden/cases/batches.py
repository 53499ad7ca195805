"""Params, and batches of metrics, params and tags."""

from tests.golden.setups import DELETE_RUN, GET_RUN, NEW_RUN, UNKNOWN_RUN, pair, point
from tests.golden.wire import case, post, send


def param(**fields):
    return post("runs/log-parameter", run_id="<run>", **fields)


def batch(**fields):
    return post("runs/log-batch", run_id="<run>", **fields)


CASES = [
    *(
        case(f"the param {what}", *NEW_RUN, param(**fields), GET_RUN)
        for what, fields in {
            "plain": pair("lr", "0.1"),
            "empty": pair("lr", ""),
            "null": pair("lr", None),
            "without a value": {"key": "lr"},
            "in other scripts": pair("größe", "模 🚀"),
            "of 6000 characters": pair("k", "x" * 6000),
            "of 6001 characters": pair("k", "x" * 6001),
            "with a key of 250": pair("k" * 250),
            "with a key of 251": pair("k" * 251),
            "without a key": {"value": "v"},
            "with an empty key": pair("", "v"),
            "with a number": pair("k", 5),
            "with a number as its key": pair(5),
            "with true": pair("k", True),
            "with a list": pair("k", [1]),
            "with a dollar": pair("a$"),
            "with a doubled slash": pair("a//b"),
            "that is rooted": pair("/a"),
            "that climbs": pair("../a"),
            "with blanks around": pair(" a "),
        }.items()
    ),
    case("a param again", *NEW_RUN, param(key="k", value="1"), param(key="k", value="1"), GET_RUN),
    case(
        "a param changed", *NEW_RUN, param(key="k", value="1"), param(key="k", value="2"), GET_RUN
    ),
    case("a param changed by case", *NEW_RUN, param(key="k", value="a"), param(key="k", value="A")),
    case(
        "a long param again",
        *NEW_RUN,
        param(key="k", value="x" * 6001),
        param(key="k", value="x" * 6002),
    ),
    case("a param of a deleted run", *NEW_RUN, DELETE_RUN, param(key="k", value="1")),
    case("a param of no run", post("runs/log-parameter", run_id=UNKNOWN_RUN, key="k", value="1")),
    case(
        "a param by the run's old name",
        *NEW_RUN,
        post("runs/log-parameter", run_uuid="<run>", key="k", value="1"),
        GET_RUN,
    ),
    # ---------------------------------------------------------------- Batches
    case("an empty batch", *NEW_RUN, batch(), GET_RUN),
    case("a batch of empty lists", *NEW_RUN, batch(metrics=[], params=[], tags=[]), GET_RUN),
    case("a batch of nulls", *NEW_RUN, batch(metrics=None, params=None, tags=None), GET_RUN),
    case(
        "a batch of each",
        *NEW_RUN,
        batch(metrics=[point("m"), point("n", 2)], params=[pair("p"), pair("q")], tags=[pair("t")]),
        GET_RUN,
    ),
    case("a batch that renames", *NEW_RUN, batch(tags=[pair("mlflow.runName", "new")]), GET_RUN),
    case(
        "a batch that takes the name away",
        *NEW_RUN,
        batch(tags=[pair("mlflow.runName", ""), pair("t")]),
        GET_RUN,
    ),
    case(
        "a batch with a tag twice", *NEW_RUN, batch(tags=[pair("t", "1"), pair("t", "2")]), GET_RUN
    ),
    case("a batch with a point twice", *NEW_RUN, batch(metrics=[point("m"), point("m")]), GET_RUN),
    case(
        "a batch with a param twice",
        *NEW_RUN,
        batch(params=[pair("p", "1"), pair("p", "2")]),
        GET_RUN,
    ),
    case(
        "a batch with a param twice alike", *NEW_RUN, batch(params=[pair("p", "1"), pair("p", "1")])
    ),
    case(
        "a batch with a known param",
        *NEW_RUN,
        batch(params=[pair("p", "1")]),
        batch(params=[pair("p", "1"), pair("q", "2")]),
        GET_RUN,
    ),
    case(
        "a batch with a changed param",
        *NEW_RUN,
        batch(params=[pair("p", "1")]),
        batch(params=[pair("q", "2"), pair("p", "2")], metrics=[point("m")]),
        GET_RUN,
    ),
    case("a batch with a long param", *NEW_RUN, batch(params=[pair("p", "x" * 6001)]), GET_RUN),
    case("a batch with a long tag", *NEW_RUN, batch(tags=[pair("t", "x" * 8001)]), GET_RUN),
    case("a batch with NaN", *NEW_RUN, batch(metrics=[point("m", "NaN")]), GET_RUN),
    case(
        "a batch with numbers as strings",
        *NEW_RUN,
        batch(metrics=[point("m", "1.5", "7", step="3")]),
        GET_RUN,
    ),
    case(
        "a thousand metrics",
        *NEW_RUN,
        batch(metrics=[point("m", n, n, step=n) for n in range(1000)]),
        GET_RUN,
    ),
    case(
        "1001 metrics",
        *NEW_RUN,
        batch(metrics=[point("m", n, n, step=n) for n in range(1001)]),
        GET_RUN,
    ),
    case("100 params", *NEW_RUN, batch(params=[pair(f"p{n}") for n in range(100)])),
    case("101 params", *NEW_RUN, batch(params=[pair(f"p{n}") for n in range(101)])),
    case("100 tags", *NEW_RUN, batch(tags=[pair(f"p{n}") for n in range(100)])),
    case("101 tags", *NEW_RUN, batch(tags=[pair(f"p{n}") for n in range(101)])),
    case(
        "1000 entries in all",
        *NEW_RUN,
        batch(
            metrics=[point("m", n) for n in range(950)], params=[pair(f"p{n}") for n in range(50)]
        ),
    ),
    case(
        "1001 entries in all",
        *NEW_RUN,
        batch(
            metrics=[point("m", n) for n in range(950)], params=[pair(f"p{n}") for n in range(51)]
        ),
    ),
    *(
        case(f"a bad batch: {what}", *NEW_RUN, batch(**fields), GET_RUN)
        for what, fields in {
            "a metric without a key": {"metrics": [{"value": 1, "timestamp": 1}]},
            "a metric without a value": {"metrics": [{"key": "m", "timestamp": 1}]},
            "a metric without a time": {"metrics": [{"key": "m", "value": 1}]},
            "a second metric without a key": {
                "metrics": [point("a"), {"value": 1, "timestamp": 1}]
            },
            "a metric with an empty key": {"metrics": [point("")]},
            "a metric with a null key": {"metrics": [point(None)]},
            "a metric with a null value": {"metrics": [point("m", None)]},
            "a metric's doubled slash": {"metrics": [point("a//b")]},
            "a metric's dollar": {"metrics": [point("a"), point("a$")]},
            "a metric's long key": {"metrics": [point("k" * 251)]},
            "a time before 1970": {"metrics": [point("a"), point("m", 1, -1)]},
            "a param without a key": {"params": [{"value": "1"}]},
            "a param with an empty key": {"params": [pair("")]},
            "a param's dollar": {"params": [pair("a$")]},
            "a param's long key": {"params": [pair("k" * 251)]},
            "a tag without a key": {"tags": [{"value": "1"}]},
            "a tag with an empty key": {"tags": [pair("")]},
            "a tag's dollar": {"tags": [pair("a$")]},
            "a tag's long key": {"tags": [pair("k" * 251)]},
        }.items()
    ),
    *(
        case(f"a batch that does not fit: {what}", *NEW_RUN, batch(**fields))
        for what, fields in {
            "metrics that are text": {"metrics": "x"},
            "metrics that are an object": {"metrics": {"key": "m"}},
            "a metric that is text": {"metrics": ["x"]},
            "a metric that is null": {"metrics": [None]},
            "a value that is text": {"metrics": [point("m", "x")]},
            "a value that is true": {"metrics": [point("m", True)]},
            "a time that is text": {"metrics": [point("m", 1, "x")]},
            "a step that is a fraction": {"metrics": [point("m", 1, 1, step=1.5)]},
            "a step of 65 bits": {"metrics": [point("m", 1, 1, step=2**63)]},
            "params that are an object": {"params": {"a": "b"}},
            "a param that is a number": {"params": [pair("a", 5)]},
            "tags that are text": {"tags": "x"},
            "an unknown model": {"metrics": [point("m", model_id="m-" + "0" * 32)]},
        }.items()
    ),
    case("a param without a value in a batch", *NEW_RUN, batch(params=[{"key": "p"}]), GET_RUN),
    case("a tag without a value in a batch", *NEW_RUN, batch(tags=[{"key": "p"}]), GET_RUN),
    case("a batch for no run", post("runs/log-batch", run_id=UNKNOWN_RUN, params=[pair("a")])),
    case(
        "a batch for an impossible run",
        post("runs/log-batch", run_id="../x", params=[pair("a")]),
    ),
    case("a batch for a deleted run", *NEW_RUN, DELETE_RUN, batch(params=[pair("a")])),
    case("a batch without a run", post("runs/log-batch", params=[pair("a")])),
    case(
        "a batch in camelCase",
        *NEW_RUN,
        send(
            "POST",
            "runs/log-batch",
            {"run_id": "<run>", "metrics": [point("m", datasetName="d", datasetDigest="e")]},
        ),
        GET_RUN,
    ),
    case(
        "a batch encoded twice",
        send("POST", "runs/log-batch", b'"{\\"run_id\\": \\"x\\"}"'),
    ),
]
