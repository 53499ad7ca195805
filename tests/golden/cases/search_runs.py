"""runs/search: its filters, orders, pages and bounds."""

from tests.golden.setups import EXPERIMENT, pair, point
from tests.golden.wire import Call, case, post, send


def run(name: str, start: int, metrics=(), params=(), tags=(), **fields) -> tuple[Call, Call]:
    """A run with what is logged to it; it is kept under its name."""
    return (
        post(
            "runs/create",
            experiment_id="<experiment>",
            run_name=name,
            start_time=start,
            user_id=f"user {name}",
            **fields,
        ).keep(**{f"run_{name}": "run.info.run_id"}),
        post(
            "runs/log-batch",
            run_id=f"<run_{name}>",
            metrics=[point(key, value) for key, value in metrics],
            params=[pair(key, value) for key, value in params],
            tags=[pair(key, value) for key, value in tags],
        ),
    )


FIVE = (
    EXPERIMENT,
    *run("a", 1, [("acc", 0.9), ("loss", 1)], [("lr", "0.1"), ("a b", "x")], [("team", "x")]),
    *run("B", 2, [("acc", 0.7), ("loss", "NaN")], [("lr", "0.01")], [("team", "Y")]),
    *run("c", 3, [("acc", 0.8), ("loss", -2), ("a/b", 1)], [], [("a.b c", "1")]),
    *run("d", 4, [("loss", "NaN"), ("big", 1e300)], [("lr", "0.1")], []),
    *run("e", 5),
    post("runs/update", run_id="<run_a>", status="FINISHED", end_time=101),
    post("runs/update", run_id="<run_B>", status="FAILED", end_time=90),
)
DATA = (
    post(
        "runs/log-inputs",
        run_id="<run_a>",
        datasets=[
            {
                "dataset": {"name": "iris", "digest": "d1", "source_type": "s", "source": "u"},
                "tags": [pair("mlflow.data.context", "train")],
            },
            {"dataset": {"name": "wine", "digest": "d2", "source_type": "s", "source": "u"}},
        ],
    ),
)


def search(**fields) -> Call:
    return post("runs/search", **({"experiment_ids": ["<experiment>"]} | fields))


CASES = [
    case("all runs of an experiment", *FIVE, *DATA, search()),
    *(
        case(f"runs where {text}", *FIVE, search(filter=text))
        for text in [
            "",
            "metrics.acc > 0.75",
            "metrics.acc >= 0.8",
            "metrics.acc = 0.9",
            "metrics.acc != 0.9",
            "metric.acc < 1e0",
            "metrics.loss > -5",
            "metrics.loss != 1",
            "metrics.loss < .5",
            "metrics.loss = -2",
            "metrics.`a/b` = 1",
            'metrics."a/b" = 1',
            "metrics.a/b = 1",
            "metrics.big > 1e299",
            "metrics.never > 0",
            "params.lr = '0.1'",
            'param.lr = "0.1"',
            "parameters.lr != '0.1'",
            "params.lr LIKE '0.%1'",
            "params.lr LIKE '0.0_'",
            "params.lr ILIKE '0.1'",
            "params.`a b` = 'x'",
            'params."a b" = "x"',
            "params.lr IS NULL",
            "params.lr IS NOT NULL",
            "params.lr is null",
            "tags.team = 'x'",
            "tag.team != 'x'",
            "tags.team LIKE 'y'",
            "tags.team ILIKE 'y'",
            "tags.`a.b c` = '1'",
            "tags.team IS NULL",
            "tags.mlflow.runName = 'c'",
            "tags.`mlflow.runName` = 'c'",
            "tags.'team' = 'x'",
            "attributes.status = 'FINISHED'",
            "attribute.status != 'FINISHED'",
            "attr.status = 'finished'",
            "run.status LIKE 'F%'",
            "status ILIKE 'fin%'",
            "status = 'RUNNING' AND metrics.acc > 0",
            "run_name = 'c'",
            "`run name` = 'c'",
            "attributes.\"Run Name\" LIKE '_'",
            "run_name ILIKE 'b'",
            "user_id = 'user a'",
            "artifact_uri LIKE '%artifacts'",
            "start_time > 2",
            "start_time = 4",
            "start_time >= 3.5",
            "attributes.created < 3",
            "Created = 1",
            "end_time > 90",
            "end_time != 90",
            "end_time <= 101",
            "run_id = '<run_c>'",
            "run_id != '<run_c>'",
            "run_id IN ('<run_c>', '<run_a>')",
            "run_id NOT IN ('<run_c>', '<run_a>')",
            "run_id LIKE '%'",
            "metrics.acc > 0.75 and params.lr = '0.1'",
            "metrics.acc > 0.75 AND metrics.acc < 0.85",
            "metrics.acc>0.75 AND metrics.loss<0",
            "tags.team = 'x' AND tags.team != 'z'",
            "params.lr = '0.1' AND",
            'params.lr = "it\'s"',
        ]
    ),
    *(
        case(f"runs with data where {text}", *FIVE, *DATA, search(filter=text))
        for text in [
            "dataset.name = 'iris'",
            "datasets.name LIKE 'i%'",
            "dataset.name != 'iris'",
            "dataset.digest IN ('d1', 'd9')",
            "dataset.digest NOT IN ('d1')",
            "dataset.context = 'train'",
            "dataset.context ILIKE 'TRAIN'",
            "dataset.name = 'iris' AND dataset.digest = 'd2'",
            "dataset.name = 'none'",
        ]
    ),
    *(
        case(f"runs are refused: {text}", EXPERIMENT, search(filter=text))
        for text in [
            "   ",
            "acc",
            "metrics.acc",
            "metrics.acc >",
            "metrics.acc > 'a'",
            "metrics.acc > x",
            "metrics.acc LIKE 'x'",
            "metrics.acc IN ('x')",
            "metrics.acc IS NULL",
            "params.lr = 0.1",
            "params.lr > '0.1'",
            "params.lr IN ('0.1')",
            "params.lr = lr",
            "tags.a = 5",
            "tags.a < '5'",
            "foo.bar = 'x'",
            "colour = 'red'",
            "duration > 5",
            "experiment_id = '0'",
            "lifecycle_stage = 'active'",
            "status = 5",
            "status IN ('FINISHED')",
            "status > 'FINISHED'",
            "start_time = 'x'",
            "start_time LIKE '1'",
            "run_id IN ()",
            "run_id IN (1)",
            "run_id = 5",
            "run_id IN 'a'",
            "0.5 < metrics.acc",
            "'x' = params.a",
            "params.a = 'x' OR params.b = 'y'",
            "NOT params.a = 'x'",
            "(params.a = 'x')",
            "params.a = 'x'; params.b = 'y'",
            "params.a = 'x' params.b = 'y'",
            "params.a == 'x'",
            "params.a ~ 'x'",
            "params.a BETWEEN 'x' AND 'y'",
            "dataset.colour = 'x'",
            "dataset.name > 'x'",
            "dataset.name = 5",
            "Params.a = 'x'",
            "metrics. > 1",
            "metrics.a b > 1",
        ]
    ),
    *(
        case(f"runs in the order {order}", *FIVE, search(order_by=order))
        for order in [
            ["start_time"],
            ["start_time ASC"],
            ["start_time DESC"],
            ["attributes.start_time asc"],
            ["attribute.created DESC"],
            ["Created"],
            ["metrics.acc"],
            ["metrics.acc DESC"],
            ["metrics.loss ASC"],
            ["metrics.loss DESC"],
            ["metrics.`a/b`"],
            ["metrics.never DESC"],
            ["params.lr"],
            ["params.lr DESC"],
            ['params."a b"'],
            ["tags.team"],
            ["tags.team DESC"],
            ["tags.`a.b c`"],
            ["run_name"],
            ["attributes.run_name DESC"],
            ["status", "run_name"],
            ["end_time"],
            ["end_time DESC"],
            ["user_id DESC"],
            ["params.lr", "metrics.acc DESC"],
        ]
    ),
    *(
        case(f"no order of runs: {order}", EXPERIMENT, search(order_by=order))
        for order in [
            ["colour"],
            ["metrics.acc SIDEWAYS"],
            ["metrics.acc foo"],
            ["metrics.acc, params.lr"],
            ["metrics.acc ASC DESC"],
            ["dataset.name"],
            ["foo.bar"],
            [""],
            ["run name"],
            ["duration"],
            ["'metrics.acc'"],
            ["metrics.acc", "metrics.acc DESC"],
            ["start_time", "created"],
        ]
    ),
    *(
        case(
            f"runs in the view {view!r}",
            *FIVE,
            post("runs/delete", run_id="<run_c>"),
            search(run_view_type=view),
        )
        for view in ["ACTIVE_ONLY", "DELETED_ONLY", "ALL", "NOBODY", 2, 3, "3", None]
    ),
    *(
        case(f"max_results of runs: {count!r}", *FIVE, search(max_results=count))
        for count in [1, 4, 5, 6, 50000, "2", 2.0, None]
    ),
    *(
        case(f"no max_results of runs: {count!r}", EXPERIMENT, search(max_results=count))
        for count in [0, -1, 50001, "x", 1.5, 2**31, True, [1]]
    ),
    case(
        "pages of runs",
        *FIVE,
        search(max_results=2).keep(one="next_page_token"),
        search(max_results=2, page_token="<one>").keep(two="next_page_token"),
        search(max_results=2, page_token="<two>"),
    ),
    case(
        "pages of ordered runs",
        *FIVE,
        search(max_results=3, order_by=["metrics.loss"]).keep(one="next_page_token"),
        search(max_results=3, order_by=["metrics.loss"], page_token="<one>"),
    ),
    case("a full last page of runs has no token", *FIVE, search(max_results=5)),
    *(
        case(f"runs of the page {token!r}", EXPERIMENT, search(page_token=token))
        for token in ["garbage", "!!!", "e30="]
    ),
    case("runs of no experiment", search(experiment_ids=[])),
    case("runs of experiments left out", post("runs/search")),
    case("runs of an unknown experiment", search(experiment_ids=["9999999"])),
    case(
        "runs of a known and an unknown experiment",
        *FIVE,
        search(experiment_ids=["<experiment>", "9999999"]),
    ),
    case(
        "runs of an experiment twice",
        *FIVE,
        search(experiment_ids=["<experiment>", "<experiment>"], max_results=2),
    ),
    case(
        "runs of a deleted experiment",
        *FIVE,
        post("experiments/delete", experiment_id="<experiment>"),
        search(),
        search(run_view_type="ALL", max_results=2),
    ),
    case("runs of a word", search(experiment_ids=["abc"])),
    case("runs of numbers", search(experiment_ids=[0])),
    case("runs of a text", search(experiment_ids="0")),
    case("a filter that is a number", EXPERIMENT, search(filter=5)),
    case("an order that is a text", EXPERIMENT, search(order_by="start_time")),
    case(
        "runs in camelCase",
        *FIVE,
        send(
            "POST",
            "runs/search",
            {"experimentIds": ["<experiment>"], "maxResults": 2, "orderBy": ["run_name"]},
        ),
    ),
]
