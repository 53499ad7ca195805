"""Points that were measured on a data set, which is named by its name and its digest."""

from tests.golden.setups import GET_RUN, NEW_MODEL, NEW_RUN, RUN, point
from tests.golden.wire import case, get, post

ABOUT = [
    {"dataset_name": "iris", "dataset_digest": "d1"},
    {"dataset_name": "iris"},
    {"dataset_digest": "d1"},
    {"dataset_name": "iris", "dataset_digest": ""},
    {"dataset_name": "", "dataset_digest": ""},
    {"dataset_name": None, "dataset_digest": "d1"},
]

CASES = [
    *(
        case(
            f"a metric on {about}",
            *NEW_RUN,
            post("runs/log-metric", run_id="<run>", **point("m", **about)),
            GET_RUN,
        )
        for about in ABOUT
    ),
    *(
        case(
            f"a batch of metrics on {about}",
            *NEW_RUN,
            post("runs/log-batch", run_id="<run>", metrics=[point("m"), point("n", **about)]),
            GET_RUN,
        )
        for about in ABOUT
    ),
    case(
        "one model measured on two data sets",
        *NEW_MODEL,
        RUN,
        post(
            "runs/log-batch",
            run_id="<run>",
            metrics=[
                point(
                    "m", 0.5, step=step, model_id="<model>", dataset_name=name, dataset_digest="d"
                )
                for step, name in enumerate(["iris", "wine"])
            ],
        ),
        get("logged-models/<model>"),
        get("metrics/get-history", run_id="<run>", metric_key="m"),
    ),
]
