"""logged-models/*: what MLflow 3's log_model makes."""

from tests.golden.setups import (
    DELETE_EXPERIMENT,
    EXPERIMENT,
    GET_MODEL,
    NEW_MODEL,
    RUN,
    UNKNOWN_MODEL,
    UNKNOWN_RUN,
    pair,
    point,
)
from tests.golden.wire import case, delete, get, patch, post

MODELS = (
    EXPERIMENT,
    RUN,
    post(
        "logged-models",
        experiment_id="<experiment>",
        name="a",
        model_type="tree",
        params=[pair("lr", "0.1")],
        tags=[pair("team", "x")],
    ).keep(a="model.info.model_id"),
    post(
        "logged-models",
        experiment_id="<experiment>",
        name="b",
        source_run_id="<run>",
        params=[pair("lr", "0.2")],
    ).keep(b="model.info.model_id"),
    post("logged-models", experiment_id="<experiment>", name="C", tags=[pair("team", "Y")]).keep(
        c="model.info.model_id"
    ),
    patch("logged-models/<a>", model_id="<a>", status="LOGGED_MODEL_READY"),
    post(
        "runs/log-batch",
        run_id="<run>",
        metrics=[
            point("acc", 0.9, model_id="<a>", dataset_name="iris", dataset_digest="d1"),
            point("acc", 0.4, 2, model_id="<a>", dataset_name="wine", dataset_digest="d2"),
            point("acc", 0.7, model_id="<b>", dataset_name="iris", dataset_digest="d1"),
            point("loss", 0.1, model_id="<b>"),
        ],
    ),
)


def create(**fields):
    return post("logged-models", experiment_id="<experiment>", **fields).keep(
        model="model.info.model_id"
    )


def refused(**fields):
    return post("logged-models", experiment_id="<experiment>", **fields)


def search(**fields):
    return post("logged-models/search", **({"experiment_ids": ["<experiment>"]} | fields))


CASES = [
    case("a logged model", EXPERIMENT, create(name="m"), GET_MODEL),
    case("a logged model without a name", EXPERIMENT, create(), GET_MODEL),
    case("a logged model with an empty name", EXPERIMENT, create(name=""), GET_MODEL),
    case(
        "a logged model with everything",
        EXPERIMENT,
        RUN,
        create(
            name="m",
            model_type="tree",
            source_run_id="<run>",
            params=[pair("lr", "0.1")],
            tags=[pair("t", "1")],
        ),
        GET_MODEL,
    ),
    case(
        "a logged model of an unknown run",
        EXPERIMENT,
        create(name="m", source_run_id=UNKNOWN_RUN),
        GET_MODEL,
    ),
    *(
        case(f"a logged model named {name!r}", EXPERIMENT, refused(name=name))
        for name in ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", "a b", "模 🚀", "a_b-c"]
    ),
    case("a logged model's name is a number", EXPERIMENT, refused(name=5)),
    case("a logged model without an experiment", post("logged-models", name="m")),
    case(
        "a logged model in no experiment", post("logged-models", experiment_id="9999999", name="m")
    ),
    case("a logged model in a word", post("logged-models", experiment_id="abc", name="m")),
    case(
        "a logged model in a deleted experiment", EXPERIMENT, DELETE_EXPERIMENT, refused(name="m")
    ),
    case(
        "a logged model with a long param",
        EXPERIMENT,
        create(name="m", params=[pair("k", "x" * 6001)]),
        GET_MODEL,
    ),
    case(
        "a logged model with a long tag",
        EXPERIMENT,
        create(name="m", tags=[pair("k", "x" * 8001)]),
        GET_MODEL,
    ),
    case(
        "a logged model finished without its id in the body",
        *NEW_MODEL,
        patch("logged-models/<model>", status="LOGGED_MODEL_READY"),
    ),
    case(
        "a logged model with a param's dollar",
        EXPERIMENT,
        create(name="m", params=[pair("a$")]),
        GET_MODEL,
    ),
    case(
        "a logged model with a bad tag",
        EXPERIMENT,
        create(name="m", tags=[pair("a$ /..")]),
        GET_MODEL,
    ),
    case(
        "a logged model with a param twice",
        EXPERIMENT,
        refused(params=[pair("a", "1"), pair("a", "2")]),
    ),
    case("a logged model that is not there", get(f"logged-models/{UNKNOWN_MODEL}")),
    case("a logged model that cannot be", get("logged-models/abc")),
    *(
        case(
            f"a logged model becomes {status!r}",
            *NEW_MODEL,
            patch("logged-models/<model>", model_id="<model>", status=status),
            GET_MODEL,
        )
        for status in [
            "LOGGED_MODEL_READY",
            "LOGGED_MODEL_UPLOAD_FAILED",
            "LOGGED_MODEL_PENDING",
            2,
            3,
            "2",
            "READY",
            "FOO",
            "",
            0,
            9,
        ]
    ),
    case(
        "a logged model becomes nothing",
        *NEW_MODEL,
        patch("logged-models/<model>", model_id="<model>"),
        GET_MODEL,
    ),
    case(
        "a logged model that is not there becomes ready",
        patch(
            f"logged-models/{UNKNOWN_MODEL}", model_id=UNKNOWN_MODEL, status="LOGGED_MODEL_READY"
        ),
    ),
    case(
        "a logged model is deleted",
        *NEW_MODEL,
        delete("logged-models/<model>"),
        GET_MODEL,
        search(),
    ),
    case(
        "a logged model is deleted twice",
        *NEW_MODEL,
        delete("logged-models/<model>"),
        delete("logged-models/<model>"),
    ),
    case("a logged model that is not there is deleted", delete(f"logged-models/{UNKNOWN_MODEL}")),
    case(
        "params of a logged model",
        *NEW_MODEL,
        post("logged-models/<model>/params", model_id="<model>", params=[pair("a"), pair("b", "")]),
        GET_MODEL,
    ),
    case(
        "a known param of a logged model",
        *NEW_MODEL,
        post("logged-models/<model>/params", model_id="<model>", params=[pair("a")]),
        post("logged-models/<model>/params", model_id="<model>", params=[pair("a", "w")]),
        GET_MODEL,
    ),
    case(
        "the same param of a logged model",
        *NEW_MODEL,
        post("logged-models/<model>/params", model_id="<model>", params=[pair("a")]),
        post("logged-models/<model>/params", model_id="<model>", params=[pair("a")]),
    ),
    case(
        "no params of a logged model",
        *NEW_MODEL,
        post("logged-models/<model>/params", model_id="<model>"),
    ),
    case(
        "params of no logged model",
        post(f"logged-models/{UNKNOWN_MODEL}/params", model_id=UNKNOWN_MODEL, params=[pair("a")]),
    ),
    case(
        "tags of a logged model",
        *NEW_MODEL,
        patch("logged-models/<model>/tags", tags=[pair("a"), pair("b", "")]),
        GET_MODEL,
    ),
    case(
        "tags of a logged model again",
        *NEW_MODEL,
        patch("logged-models/<model>/tags", tags=[pair("a")]),
        patch("logged-models/<model>/tags", tags=[pair("a", "w")]),
        GET_MODEL,
    ),
    case("no tags of a logged model", *NEW_MODEL, patch("logged-models/<model>/tags")),
    case(
        "a bad tag of a logged model",
        *NEW_MODEL,
        patch("logged-models/<model>/tags", tags=[pair("a$")]),
        GET_MODEL,
    ),
    case("tags of no logged model", patch(f"logged-models/{UNKNOWN_MODEL}/tags", tags=[pair("a")])),
    case(
        "a tag of a logged model is removed, and again",
        *NEW_MODEL,
        patch("logged-models/<model>/tags", tags=[pair("a")]),
        delete("logged-models/<model>/tags/a"),
        delete("logged-models/<model>/tags/a"),
        GET_MODEL,
    ),
    case("metrics of logged models", *MODELS, get("logged-models/<a>"), get("logged-models/<b>")),
    case(
        "the same metric of a logged model twice",
        *MODELS,
        post(
            "runs/log-metric",
            run_id="<run>",
            **point("acc", 0.9, model_id="<a>", dataset_name="iris", dataset_digest="d1"),
        ),
        get("logged-models/<a>"),
    ),
    case(
        "a model's metric in a history",
        *MODELS,
        get("metrics/get-history", run_id="<run>", metric_key="loss"),
    ),
    # ---------------------------------------------------------------- Search
    *(
        case(f"logged models where {text}", *MODELS, search(filter=text))
        for text in [
            "",
            "name = 'a'",
            "name != 'a'",
            "name LIKE '_'",
            "name ILIKE 'c'",
            "name IN ('a', 'b')",
            "name NOT IN ('a', 'b')",
            "attributes.name = 'a'",
            "model_id = '<a>'",
            "model_type = 'tree'",
            "status = 'READY'",
            "status != 'READY'",
            "status IN ('PENDING')",
            "source_run_id = '<run>'",
            "creation_timestamp > 0",
            "creation_time < 0",
            "last_updated_timestamp >= 1",
            "last_updated_time < 1",
            "params.lr = '0.1'",
            "params.lr IN ('0.1', '0.2')",
            "tags.team = 'x'",
            "tags.team ILIKE 'y'",
            "tags.team != 'x'",
            "metrics.acc > 0.5",
            "metrics.acc <= 0.4",
            "metrics.loss < 1",
            "metrics.never > 0",
            "metrics.acc > 0.5 AND params.lr = '0.2'",
        ]
    ),
    *(
        case(f"logged models are refused: {text}", EXPERIMENT, search(filter=text))
        for text in [
            "   ",
            "name",
            "name =",
            "name > 'a'",
            "colour = 'x'",
            "metric.acc > 1",
            "param.a = 'x'",
            "metrics.acc = 'x'",
            "metrics.acc LIKE 'x'",
            "status LIKE 'x'",
            "name = 'a' OR name = 'b'",
            "(name = 'a')",
            "name = 'a'; name = 'b'",
            "foo.bar = 'x'",
            "creation_time = 'x'",
            "params.a > 'x'",
            "tags.a IS NULL",
            "name IN ()",
            "name IN ('a'",
        ]
    ),
    *(
        case(f"logged models in the order {order}", *MODELS, search(order_by=order))
        for order in [
            [{"field_name": "name"}],
            [{"field_name": "name", "ascending": False}],
            [{"field_name": "creation_timestamp", "ascending": True}],
            [{"field_name": "creation_time"}],
            [{"field_name": "metrics.acc"}],
            [{"field_name": "metrics.acc", "ascending": False}],
            [{"field_name": "metrics.acc", "dataset_name": "iris", "dataset_digest": "d1"}],
            [{"field_name": "metrics.acc", "dataset_name": "wine", "ascending": False}],
            [{"field_name": "status"}, {"field_name": "name"}],
        ]
    ),
    *(
        case(f"no order of logged models: {order}", EXPERIMENT, search(order_by=order))
        for order in [
            [{"field_name": "colour"}],
            [{"field_name": "params.lr"}],
            [{"field_name": "tags.team"}],
            [{"field_name": ""}],
            [{}],
            ["name"],
            "name",
            [{"field_name": "metrics.acc", "dataset_digest": "d1"}],
            [{"field_name": "name", "ascending": "x"}],
        ]
    ),
    *(
        case(f"logged models on {datasets} {more}", *MODELS, search(datasets=datasets, **more))
        for datasets, more in [
            ([{"dataset_name": "iris", "dataset_digest": "d1"}], {}),
            ([{"dataset_name": "wine", "dataset_digest": "d2"}], {}),
            ([{"dataset_name": "wine", "dataset_digest": "d2"}], {"filter": "metrics.acc > 0.5"}),
            ([{"dataset_name": "iris", "dataset_digest": "d1"}], {"filter": "metrics.acc > 0.5"}),
            ([{"dataset_name": "none", "dataset_digest": "d1"}], {}),
        ]
    ),
    case(
        "logged models on any version of a data set",
        *MODELS,
        search(datasets=[{"dataset_name": "iris"}]),
    ),
    case(
        "logged models on a data set without a name",
        EXPERIMENT,
        search(datasets=[{"dataset_digest": "d"}]),
    ),
    *(
        case(f"{count!r} logged models", *MODELS, search(max_results=count))
        for count in [0, 1, 2, 3, "2", None]
    ),
    *(
        case(f"not {count!r} logged models", EXPERIMENT, search(max_results=count))
        for count in [-1, "x", 1.5, 100000]
    ),
    case(
        "pages of logged models",
        *MODELS,
        search(max_results=2).keep(token="next_page_token"),
        search(max_results=2, page_token="<token>"),
    ),
    case(
        "a page of another search of logged models",
        *MODELS,
        search(max_results=2).keep(token="next_page_token"),
        search(max_results=2, page_token="<token>", filter="name != 'x'"),
    ),
    case("a broken page of logged models", EXPERIMENT, search(page_token="x")),
    case("logged models of no experiment", search(experiment_ids=[])),
    case("logged models of experiments left out", post("logged-models/search")),
    case("logged models of an unknown experiment", search(experiment_ids=["9999999"])),
    case("logged models of a word", search(experiment_ids=["abc"])),
    # ---------------------------------------------------------------- Artifacts
    case(
        "files of a logged model without any",
        *NEW_MODEL,
        get("logged-models/<model>/artifacts/directories"),
    ),
    case("files of no logged model", get(f"logged-models/{UNKNOWN_MODEL}/artifacts/directories")),
    case(
        "a logged model logged by its experiment's id as a number",
        EXPERIMENT,
        post("logged-models", experiment_id=0, name="m"),
    ),
    case("a model after its experiment was deleted", *NEW_MODEL, DELETE_EXPERIMENT, GET_MODEL),
]
