import base64
import json

import pytest

from tests.mlflow_api.conftest import pairs


def test_a_created_run_has_all_that_clients_read(api):
    key = api.experiment()

    answer = api.post(
        "runs/create",
        experiment_id=key,
        user_id="ada",
        run_name="first",
        start_time=1234,
        tags=[{"key": "mlflow.source.name", "value": "train.py"}],
    )
    run = answer.body["run"]

    info = run["info"]
    assert info["run_id"] == info["run_uuid"]
    assert len(info["run_id"]) == 32
    assert info["run_name"] == "first"
    assert info["user_id"] == "ada"
    assert info["status"] == "RUNNING"
    assert info["start_time"] == 1234
    assert "end_time" not in info
    assert info["artifact_uri"] == f"mlflow-artifacts:/{key}/{info['run_id']}/artifacts"
    assert info["lifecycle_stage"] == "active"
    assert pairs(run["data"]["tags"]) == {
        "mlflow.runName": "first",
        "mlflow.source.name": "train.py",
    }
    assert run["inputs"] == {}


def test_a_run_without_a_name_gets_one_that_its_tag_repeats(api):
    run = api.read(api.run())

    assert run["info"]["run_name"]
    assert pairs(run["data"]["tags"])["mlflow.runName"] == run["info"]["run_name"]


def test_two_different_names_for_one_run_are_refused(api):
    answer = api.post(
        "runs/create",
        experiment_id="0",
        run_name="a",
        tags=[{"key": "mlflow.runName", "value": "b"}],
    )

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "'run_name' argument and 'mlflow.runName' tag" in answer.message


def test_an_update_changes_only_what_it_names(api):
    run = api.run(run_name="before")

    first = api.post("runs/update", run_id=run, status="FINISHED", end_time=99).body["run_info"]
    second = api.post("runs/update", run_id=run, run_name="after").body["run_info"]
    third = api.post("runs/update", run_id=run, status="NO_SUCH", run_name="").body["run_info"]

    assert (first["status"], first["end_time"], first["run_name"]) == ("FINISHED", 99, "before")
    assert second["run_name"] == third["run_name"] == "after"
    assert third["status"] == "FINISHED"
    assert pairs(api.read(run)["data"]["tags"])["mlflow.runName"] == "after"


def test_a_status_may_be_given_by_its_number(api):
    run = api.run()

    assert api.post("runs/update", run_id=run, status=4).body["run_info"]["status"] == "FAILED"


def test_the_old_name_of_the_run_id_still_works(api):
    run = api.run()

    assert api.get("runs/get", run_uuid=run).status == 200
    assert api.post("runs/update", run_uuid=run, status="KILLED").status == 200


def test_a_deleted_run_is_read_but_not_written(api):
    run = api.run()
    api.post("runs/delete", run_id=run)
    again = api.post("runs/delete", run_id=run)

    metric = {"key": "m", "value": 1.0, "timestamp": 1}
    refused = [
        api.post("runs/log-metric", run_id=run, **metric),
        api.post("runs/log-parameter", run_id=run, key="p", value="1"),
        api.post("runs/set-tag", run_id=run, key="t", value="1"),
        api.post("runs/log-batch", run_id=run, metrics=[metric]),
        api.post("runs/update", run_id=run, status="FINISHED"),
        api.post("runs/log-inputs", run_id=run, datasets=[]),
    ]

    assert again.status == 200
    assert {answer.status for answer in refused} == {400}
    assert all("must be in the 'active' state" in answer.message for answer in refused)
    assert api.read(run)["info"]["lifecycle_stage"] == "deleted"
    assert api.post("runs/restore", run_id=run).status == 200
    assert api.post("runs/log-metric", run_id=run, **metric).status == 200


def test_a_batch_is_read_back_as_it_was_sent(api):
    run = api.run()

    answer = api.post(
        "runs/log-batch",
        run_id=run,
        metrics=[
            {"key": "loss", "value": 0.5, "timestamp": 10, "step": 0},
            {"key": "loss", "value": 0.25, "timestamp": 20, "step": 1},
            {"key": "ok", "value": "NaN", "timestamp": "10"},
            {"key": "high", "value": "Infinity", "timestamp": 10, "step": -(2**63)},
        ],
        params=[{"key": "lr", "value": "0.1"}, {"key": "empty"}],
        tags=[{"key": "t", "value": "1"}, {"key": "t", "value": "2"}],
    )
    data = api.read(run)["data"]

    assert (answer.status, answer.body) == (200, {})
    metrics = {metric["key"]: metric for metric in data["metrics"]}
    assert metrics["loss"] == {"key": "loss", "value": 0.25, "timestamp": 20, "step": 1}
    assert metrics["ok"]["value"] == "NaN"
    assert metrics["high"]["value"] == "Infinity"
    assert metrics["high"]["step"] == -(2**63)
    assert pairs(data["params"]) == {"lr": "0.1", "empty": ""}
    assert pairs(data["tags"])["t"] == "2"


def test_latest_is_the_greatest_step_not_the_last_written(api):
    run = api.run()
    for step, value in [(3, 3.0), (1, 1.0), (2, 2.0)]:
        api.post("runs/log-metric", run_id=run, key="m", value=value, timestamp=1, step=step)

    assert pairs(api.read(run)["data"]["metrics"]) == {"m": 3.0}


def test_the_same_param_again_is_fine_and_another_value_is_not(api):
    run = api.run()
    api.post("runs/log-parameter", run_id=run, key="lr", value="1")

    same = api.post("runs/log-parameter", run_id=run, key="lr", value="1")
    other = api.post("runs/log-parameter", run_id=run, key="lr", value="2")
    batch = api.post(
        "runs/log-batch",
        run_id=run,
        metrics=[{"key": "m", "value": 1, "timestamp": 1}],
        params=[{"key": "new", "value": "1"}, {"key": "lr", "value": "2"}],
    )
    data = api.read(run)["data"]

    assert same.status == 200
    assert other.message == (
        "Changing param values is not allowed. Param with key='lr' was already logged with "
        f"value='1' for run ID='{run}'. Attempted logging new value '2'."
    )
    assert batch.code == "INVALID_PARAMETER_VALUE"
    assert "[{'key': 'lr', 'old_value': '1', 'new_value': '2'}]" in batch.message
    # Nothing of the refused batch was written.
    assert pairs(data["params"]) == {"lr": "1"}
    assert "metrics" not in data


def test_long_values_are_cut_as_mlflow_does(api):
    run = api.run()

    api.post("runs/log-parameter", run_id=run, key="p", value="x" * 6001)
    api.post("runs/set-tag", run_id=run, key="t", value="x" * 8001)
    data = api.read(run)["data"]

    assert len(pairs(data["params"])["p"]) == 6000
    assert len(pairs(data["tags"])["t"]) == 8000
    assert api.post("runs/log-parameter", run_id=run, key="p", value="x" * 6005).status == 200


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ({"metrics": [{"value": 1, "timestamp": 1}]}, "'metrics[0].key'"),
        ({"metrics": [{"key": "m", "timestamp": 1}]}, "'metrics[0].value'"),
        ({"metrics": [{"key": "m", "value": 1}]}, "'metrics[0].timestamp'"),
        ({"metrics": [{"key": "m", "value": "x", "timestamp": 1}]}, "'metrics[0].value'"),
        ({"metrics": [{"key": "m", "value": True, "timestamp": 1}]}, "'metrics[0].value'"),
        ({"metrics": [{"key": "m", "value": 1, "timestamp": 1.5}]}, "'metrics[0].timestamp'"),
        ({"metrics": [{"key": "m", "value": 1, "timestamp": -1}]}, "nonnegative long"),
        ({"metrics": [{"key": "m", "value": 1, "timestamp": 1, "step": 2**63}]}, "step"),
        ({"metrics": [{"key": "a//b", "value": 1, "timestamp": 1}]}, "resolve to 'a/b'"),
        ({"metrics": [{"key": "a\n", "value": 1, "timestamp": 1}]}, "may only contain"),
        ({"metrics": [{"key": "m" * 251, "value": 1, "timestamp": 1}]}, "maximum length of 250"),
        ({"metrics": [{"key": "m", "value": 1, "timestamp": 1}] * 1001}, "at most 1000 metrics"),
        ({"params": [{"key": f"p{n}", "value": "1"} for n in range(101)]}, "at most 100 params"),
        ({"tags": [{"key": f"t{n}", "value": "1"} for n in range(101)]}, "at most 100 tags"),
        ({"params": [{"key": "k", "value": "1"}] * 2}, "Duplicate parameter keys"),
        ({"params": [{"key": "/x", "value": "1"}]}, "'params[0].key'"),
        ({"params": {"key": "x"}}, "'params'"),
        ({"tags": [{"key": "a$", "value": "1"}]}, "'tags[0].key'"),
    ],
)
def test_a_bad_batch_is_refused_whole(api, batch, words):
    run = api.run()
    good = {
        "metrics": [{"key": "good", "value": 1.0, "timestamp": 1}],
        "params": [{"key": "good", "value": "1"}],
    }
    body = {"run_id": run} | {
        name: good.get(name, []) + batch.get(name, []) if isinstance(batch.get(name, []), list)
        else batch[name]
        for name in ["metrics", "params", "tags"]
    }  # fmt: skip
    # The good ones go last, so that the positions in the message are those of the bad ones.
    for name in ["metrics", "params"]:
        if isinstance(body[name], list):
            body[name].reverse()

    answer = api.post("runs/log-batch", body)
    data = api.read(run)["data"]

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert words in answer.message
    assert "metrics" not in data
    assert "params" not in data


def test_a_point_about_an_unknown_model_is_refused_whole(api):
    run = api.run()
    points = [{"key": "m", "value": 1, "timestamp": 1}]
    points.append(points[0] | {"model_id": "m-0"})

    answer = api.post("runs/log-batch", run_id=run, metrics=points)

    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert "m-0" in answer.message
    assert "metrics" not in api.read(run)["data"]


@pytest.mark.parametrize(
    ("call", "method"),
    [
        ("runs/get", "GET"),
        ("runs/update", "POST"),
        ("runs/delete", "POST"),
        ("runs/restore", "POST"),
        ("runs/log-batch", "POST"),
    ],
)
@pytest.mark.parametrize(
    ("run_id", "status"),
    [("0" * 32, 404), ("nothing", 404), ("", 400), ("é" * 5, None), ("a" * 300, None)],
)
def test_a_run_that_does_not_exist_is_refused(api, call, method, run_id, status):
    answer = (api.get if method == "GET" else api.post)(call, run_id=run_id)

    assert answer.status in ({status} if status else {400, 404})
    assert answer.code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


def test_tags_are_renamed_removed_and_missed(api):
    run = api.run(run_name="before")

    api.post("runs/set-tag", run_id=run, key="mlflow.runName", value="after")
    api.post("runs/set-tag", run_id=run, key="k", value="")
    removed = api.post("runs/delete-tag", run_id=run, key="k")
    missed = api.post("runs/delete-tag", run_id=run, key="k")

    assert api.read(run)["info"]["run_name"] == "after"
    assert removed.status == 200
    assert (missed.status, missed.code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert missed.message == f"No tag with name: k in run with id {run}"


def test_a_data_set_is_noted_once_with_its_first_description(api):
    run, other = api.run(), api.run()
    dataset = {
        "name": "iris",
        "digest": "d1",
        "source_type": "local",
        "source": "iris.csv",
        "schema": '{"a": "double"}',
    }
    used = {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}
    changed = {"dataset": dataset | {"source": "elsewhere.csv"}, "tags": []}

    api.post("runs/log-inputs", run_id=run, datasets=[used])
    api.post("runs/log-inputs", run_id=run, datasets=[used, changed])
    api.post("runs/log-inputs", run_id=other, datasets=[changed])

    assert api.read(run)["inputs"]["dataset_inputs"] == [used]
    assert api.read(other)["inputs"]["dataset_inputs"][0]["dataset"]["source"] == "iris.csv"


def test_the_tags_of_an_input_come_in_the_order_of_their_keys(api):
    run = api.run()
    dataset = {"name": "iris", "digest": "1a", "source_type": "local", "source": "iris.csv"}
    tags = [{"key": key, "value": "1"} for key in ("zz", "a", "mm", "bbbb", "Z")]

    api.post("runs/log-inputs", run_id=run, datasets=[{"dataset": dataset, "tags": tags}])

    used = api.read(run)["inputs"]["dataset_inputs"][0]
    assert [tag["key"] for tag in used["tags"]] == ["Z", "a", "bbbb", "mm", "zz"]


def test_a_2_x_client_appends_to_the_models_of_a_run(api):
    run = api.run()
    model = {"artifact_path": "m", "flavors": {}, "utc_time_created": "now", "run_id": run}

    for _ in range(2):
        api.post("runs/log-model", run_id=run, model_json=json.dumps(model))
    bad = api.post("runs/log-model", run_id=run, model_json='{"run_id": "x"}')

    history = pairs(api.read(run)["data"]["tags"])["mlflow.log-model.history"]
    assert json.loads(history) == [model, model]
    assert "missing mandatory fields" in bad.message


# ------------------------------------------------------------------ Search


@pytest.fixture
def searched(api):
    """Four runs of one experiment; d has nothing but its name. Later letters start later."""
    key = api.experiment("searched")
    spec = {
        "a": ([("acc", 0.9), ("loss", 1.0)], [("lr", "0.1")], [("team", "x")], 1),
        "b": ([("acc", 0.7), ("loss", "NaN")], [("lr", "0.01")], [("team", "Y")], 2),
        "c": ([("acc", 0.8), ("loss", -2.0)], [], [], 3),
        "d": ([], [], [], 4),
    }
    for name, (metrics, params, tags, start) in spec.items():
        run = api.run(key, run_name=name, start_time=start, user_id=f"user-{name}")
        api.post(
            "runs/log-batch",
            run_id=run,
            metrics=[{"key": k, "value": v, "timestamp": 1} for k, v in metrics],
            params=[{"key": k, "value": v} for k, v in params],
            tags=[{"key": k, "value": v} for k, v in tags],
        )
        if name in "ab":
            api.post("runs/update", run_id=run, status="FINISHED", end_time=start + 100)
    return key


def names(answer) -> str:
    return "".join(run["info"]["run_name"] for run in answer.body.get("runs", []))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "dcba"),
        ("metrics.acc > 0.75", "ca"),
        ("metrics.acc > 0.75 AND params.lr = '0.1'", "a"),
        ("metrics.loss != 1", "cb"),
        ("metrics.nothing > 0", ""),
        ("params.lr LIKE '0.0%'", "b"),
        ("params.lr != '0.1'", "b"),
        ("params.lr IS NULL", "dc"),
        ("params.lr IS NOT NULL", "ba"),
        ("tags.team = 'y'", ""),
        ("tags.team ILIKE 'y'", "b"),
        ("tags.`team` LIKE 'Y'", "b"),
        ("attributes.status = 'FINISHED'", "ba"),
        ("attributes.run_name IN ('a')", None),
        ("run_name = 'c'", "c"),
        ("run_name LIKE '_'", "dcba"),
        ("user_id = 'user-d'", "d"),
        ("start_time > 2", "dc"),
        ("end_time <= 101", "a"),
        ("end_time != 101", "b"),
        (" AND ".join(["status != 'RUNNING'"] * 500), "ba"),
        ("duration > 1", None),
        ("metrics.acc = '1'", None),
        ("params.lr = 0.1", None),
        ("acc > 1", None),
    ],
)
def test_runs_are_filtered_as_mlflow_does(api, searched, text, found):
    answer = api.post("runs/search", experiment_ids=[searched], filter=text)

    if found is None:
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
        assert answer.message
    else:
        assert names(answer) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ([], "dcba"),
        (["start_time ASC"], "abcd"),
        (["metrics.acc DESC"], "acbd"),
        (["metrics.acc ASC"], "bcad"),
        # NaN after every number and before what is missing, in both directions.
        (["metrics.loss ASC"], "cabd"),
        (["metrics.loss DESC"], "acbd"),
        (["params.lr"], "badc"),
        (["params.lr DESC"], "abdc"),
        (["tags.team ASC"], "badc"),
        (["attributes.end_time DESC"], "badc"),
        (["status", "run_name ASC"], "abcd"),
        (["metrics.never"], "dcba"),
    ],
)
def test_runs_are_ordered_as_mlflow_does(api, searched, order, found):
    answer = api.post("runs/search", experiment_ids=[searched], order_by=order)

    assert names(answer) == found


def test_a_search_sees_its_stage_and_its_experiments_only(api, searched):
    other = api.experiment("other")
    gone = api.run(searched, run_name="g")
    api.post("runs/delete", run_id=gone)
    api.run(other, run_name="o", start_time=9)

    assert names(api.post("runs/search", experiment_ids=[searched])) == "dcba"
    assert names(
        api.post("runs/search", experiment_ids=[searched], run_view_type="DELETED_ONLY")
    ) == "g"  # fmt: skip
    assert len(names(api.post("runs/search", experiment_ids=[searched], run_view_type="ALL"))) == 5
    assert names(api.post("runs/search", experiment_ids=[searched, other, "777"])) == "odcba"
    assert names(api.post("runs/search", experiment_ids=[])) == ""
    assert api.post("runs/search", experiment_ids=["x"]).status == 400


def test_pages_of_runs_join_without_gap_or_overlap(api, searched):
    first = api.post("runs/search", experiment_ids=[searched], max_results=3)
    second = api.post(
        "runs/search",
        experiment_ids=[searched],
        max_results=3,
        page_token=first.body["next_page_token"],
    )

    assert names(first) + names(second) == "dcba"
    assert "next_page_token" not in second.body


def test_what_is_created_meanwhile_moves_no_page(api, searched):
    first = api.post("runs/search", experiment_ids=[searched], max_results=2)
    api.run(searched, run_name="new", start_time=100)
    api.run(searched, run_name="late", start_time=0)
    second = api.post(
        "runs/search",
        experiment_ids=[searched],
        max_results=2,
        page_token=first.body["next_page_token"],
    )

    assert names(first) + names(second) == "dcba"


def test_runs_that_start_at_once_are_paged_by_their_ids(api):
    key = api.experiment()
    runs = sorted(api.run(key, start_time=5) for _ in range(5))
    found, token = [], ""
    while len(found) < 5:
        page = api.post("runs/search", experiment_ids=[key], max_results=2, page_token=token)
        found += [run["info"]["run_id"] for run in page.body["runs"]]
        token = page.body.get("next_page_token", "")

    assert found == runs
    assert token == ""


@pytest.mark.parametrize(
    "content",
    [
        {"after": [1]},
        {"after": ["1", "x"]},
        {"after": [1, "\x00"]},
        {"after": [2**63, "x"]},
        {"after": [True, "x"]},
        {"after": "xy"},
        {"offset": 0},
        {"offset": "1"},
        {"offset": 1, "question": "x"},
        [],
        5,
    ],
)
def test_a_page_token_of_somebody_elses_making_is_refused(api, content):
    token = base64.b64encode(json.dumps(content).encode()).decode()

    answer = api.post("runs/search", experiment_ids=["0"], page_token=token)

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.message.startswith("Invalid page token")


def test_a_page_token_of_the_default_order_is_not_one_of_another(api, searched):
    first = api.post("runs/search", experiment_ids=[searched], max_results=2)

    other = api.post(
        "runs/search",
        experiment_ids=[searched],
        order_by=["run_name"],
        page_token=first.body["next_page_token"],
    )

    assert other.status == 400


@pytest.mark.parametrize("count", [0, -1, 50_001])
def test_a_search_gives_a_bounded_number_of_runs(api, count):
    answer = api.post("runs/search", experiment_ids=["0"], max_results=count)

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert "max_results" in answer.message


def test_more_runs_do_not_mean_more_queries(api, searched, django_assert_num_queries):
    # The workspace, the runs, their metrics, the metrics' names, params, tags, data sets, models.
    with django_assert_num_queries(8):
        api.post("runs/search", experiment_ids=[searched], max_results=1, order_by=["run_name"])
    with django_assert_num_queries(8):
        api.post("runs/search", experiment_ids=[searched], max_results=4, order_by=["run_name"])


def test_a_data_set_can_be_asked_for(api, searched):
    run = api.run(searched, run_name="e", start_time=5)
    api.post(
        "runs/log-inputs",
        run_id=run,
        datasets=[
            {
                "dataset": {"name": "iris", "digest": "d", "source_type": "x", "source": "y"},
                "tags": [{"key": "mlflow.data.context", "value": "training"}],
            }
        ],
    )

    for text in ["dataset.name = 'iris'", "dataset.context LIKE 'tr%'", "dataset.digest IN ('d')"]:
        assert names(api.post("runs/search", experiment_ids=[searched], filter=text)) == "e"
    summaries = api.client.post(
        "/ajax-api/2.0/mlflow/experiments/search-datasets",
        {"experiment_ids": [searched]},
        content_type="application/json",
    ).json()
    assert summaries == {
        "dataset_summaries": [
            {"experiment_id": searched, "name": "iris", "digest": "d", "context": "training"}
        ]
    }
