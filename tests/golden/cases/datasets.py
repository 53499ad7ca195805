"""What runs read and made: runs/log-inputs, runs/outputs, experiments/search-datasets."""

from tests.golden.setups import (
    DELETE_RUN,
    EXPERIMENT,
    GET_MODEL,
    GET_RUN,
    MODEL,
    NEW_RUN,
    RUN,
    UNKNOWN_MODEL,
    UNKNOWN_RUN,
    pair,
)
from tests.golden.wire import case, post

IRIS = {
    "name": "iris",
    "digest": "d1",
    "source_type": "local",
    "source": "iris.csv",
    "schema": '{"a": "double"}',
    "profile": '{"rows": 3}',
}
TRAINING = [pair("mlflow.data.context", "training")]


def used(tags=TRAINING, **changes):
    return {"dataset": IRIS | changes, "tags": tags}


def log(*datasets, **more):
    return post("runs/log-inputs", run_id="<run>", datasets=list(datasets), **more)


def outputs(*models):
    return post("runs/outputs", run_id="<run>", models=list(models))


def search(*experiments):
    return post(
        "/ajax-api/2.0/mlflow/experiments/search-datasets", experiment_ids=list(experiments)
    )


CASES = [
    case("a data set", *NEW_RUN, log(used()), GET_RUN),
    case("a data set without tags", *NEW_RUN, log({"dataset": IRIS}), GET_RUN),
    case(
        "a small data set",
        *NEW_RUN,
        log({"dataset": {"name": "n", "digest": "d", "source_type": "t", "source": "s"}}),
        GET_RUN,
    ),
    case("two data sets", *NEW_RUN, log(used(), used(name="wine", digest="d2")), GET_RUN),
    case("a data set again", *NEW_RUN, log(used()), log(used(tags=[pair("other", "x")])), GET_RUN),
    case("a data set twice in one call", *NEW_RUN, log(used(), used()), GET_RUN),
    case(
        "a data set described anew", *NEW_RUN, log(used()), log(used(source="elsewhere")), GET_RUN
    ),
    case("a new digest of a data set", *NEW_RUN, log(used()), log(used(digest="d2")), GET_RUN),
    case("no data sets", *NEW_RUN, log(), GET_RUN),
    case("data sets left out", *NEW_RUN, post("runs/log-inputs", run_id="<run>"), GET_RUN),
    case("data sets of a deleted run", *NEW_RUN, DELETE_RUN, log(used())),
    case("data sets of no run", post("runs/log-inputs", run_id=UNKNOWN_RUN, datasets=[used()])),
    case("data sets without a run", post("runs/log-inputs", datasets=[used()])),
    *(
        case(f"a data set with {what}", *NEW_RUN, log(used(**changes)), GET_RUN)
        for what, changes in {
            "no name": {"name": None},
            "an empty name": {"name": ""},
            "no digest": {"digest": None},
            "an empty digest": {"digest": ""},
            "no source": {"source": None},
            "no source type": {"source_type": None},
            "a name of 500": {"name": "n" * 500},
            "a name of 501": {"name": "n" * 501},
            "a digest of 36": {"digest": "d" * 36},
            "a digest of 37": {"digest": "d" * 37},
            "a source of 65536": {"source": "s" * 65536},
            "a number as name": {"name": 5},
            "a tag key of 255": {"tags": [pair("k" * 255)]},
            "a tag key of 256": {"tags": [pair("k" * 256)]},
            "a tag value of 500": {"tags": [pair("k", "v" * 500)]},
            "a tag value of 501": {"tags": [pair("k", "v" * 501)]},
            "a tag without a key": {"tags": [{"value": "v"}]},
            "tags that are text": {"tags": "x"},
        }.items()
    ),
    case("data sets that are text", *NEW_RUN, log("x")),
    case("an input without a data set", *NEW_RUN, log({"tags": []})),
    case("1001 data sets", *NEW_RUN, log(*(used(digest=str(n)) for n in range(1001)))),
    # ---------------------------------------------------------------- Models
    case("a run reads a model", *NEW_RUN, MODEL, log(models=[{"model_id": "<model>"}]), GET_RUN),
    case(
        "a run reads a model twice",
        *NEW_RUN,
        MODEL,
        log(models=[{"model_id": "<model>"}]),
        log(models=[{"model_id": "<model>"}]),
        GET_RUN,
    ),
    case(
        "a run reads a model that is not there",
        *NEW_RUN,
        log(models=[{"model_id": UNKNOWN_MODEL}]),
    ),
    case(
        "a run makes a model",
        *NEW_RUN,
        MODEL,
        outputs({"model_id": "<model>", "step": 3}),
        GET_RUN,
        GET_MODEL,
    ),
    case(
        "a run makes a model at no step", *NEW_RUN, MODEL, outputs({"model_id": "<model>"}), GET_RUN
    ),
    case(
        "a run makes a model twice",
        *NEW_RUN,
        MODEL,
        outputs({"model_id": "<model>", "step": 1}),
        outputs({"model_id": "<model>", "step": 1}),
        GET_RUN,
    ),
    case(
        "a run makes a model that is not there",
        *NEW_RUN,
        outputs({"model_id": UNKNOWN_MODEL, "step": 1}),
    ),
    case("a run makes no models", *NEW_RUN, outputs()),
    case("outputs left out", *NEW_RUN, post("runs/outputs", run_id="<run>")),
    case(
        "outputs of no run",
        EXPERIMENT,
        MODEL,
        post("runs/outputs", run_id=UNKNOWN_RUN, models=[{"model_id": "<model>", "step": 1}]),
    ),
    case(
        "outputs of a deleted run",
        *NEW_RUN,
        MODEL,
        DELETE_RUN,
        outputs({"model_id": "<model>", "step": 1}),
    ),
    case(
        "a search shows what runs made, not what they read",
        *NEW_RUN,
        MODEL,
        log(models=[{"model_id": "<model>"}]),
        outputs({"model_id": "<model>", "step": 1}),
        post("runs/search", experiment_ids=["<experiment>"]),
    ),
    # ---------------------------------------------------------------- Search
    case(
        "data sets of an experiment",
        EXPERIMENT,
        RUN,
        log(used(), used(name="wine", digest="d2", tags=[])),
        search("<experiment>"),
    ),
    case(
        "one data set in two uses",
        EXPERIMENT,
        RUN,
        log(used()),
        RUN,
        log(used(tags=[pair("mlflow.data.context", "validation")])),
        search("<experiment>"),
    ),
    case("data sets of an experiment without", EXPERIMENT, search("<experiment>")),
    case("data sets of no experiment", search()),
    case("data sets of 21 experiments", search(*(str(n) for n in range(21)))),
    case("data sets of an unknown experiment", search("9999999")),
]
