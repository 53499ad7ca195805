"""runs/*: created, read, changed, deleted, tagged, and described."""

import json

from tests.golden.setups import (
    DELETE_EXPERIMENT,
    DELETE_RUN,
    EXPERIMENT,
    GET_RUN,
    NEW_RUN,
    UNKNOWN_RUN,
    pair,
)
from tests.golden.wire import case, get, post

RESTORE_RUN = post("runs/restore", run_id="<run>")


def create(**fields):
    """A run, which is read again."""
    return post("runs/create", experiment_id="<experiment>", **fields).keep(run="run.info.run_id")


def refused(**fields):
    return post("runs/create", experiment_id="<experiment>", **fields)


def update(**fields):
    return post("runs/update", run_id="<run>", **fields)


def set_tag(**fields):
    return post("runs/set-tag", run_id="<run>", **fields)


DESCRIBED = {
    "artifact_path": "model",
    "flavors": {"python_function": {}},
    "utc_time_created": "2025-01-01 00:00:00",
    "run_id": "<run>",
}

CASES = [
    case("a run of nothing but its experiment", EXPERIMENT, create(), GET_RUN),
    case(
        "a run with everything",
        EXPERIMENT,
        create(
            user_id="ada",
            run_name="first",
            start_time=1234,
            tags=[pair("mlflow.source.name", "train.py"), pair("a", "b")],
        ),
        GET_RUN,
    ),
    case(
        "a run named by its tag",
        EXPERIMENT,
        create(start_time=1, tags=[pair("mlflow.runName", "x")]),
        GET_RUN,
    ),
    case(
        "a run named twice alike",
        EXPERIMENT,
        create(start_time=1, run_name="x", tags=[pair("mlflow.runName", "x")]),
        GET_RUN,
    ),
    case(
        "a run named twice", EXPERIMENT, refused(run_name="x", tags=[pair("mlflow.runName", "y")])
    ),
    case("a run named nothing", EXPERIMENT, create(start_time=1, run_name=""), GET_RUN),
    case("a run named null", EXPERIMENT, create(start_time=1, run_name=None), GET_RUN),
    case(
        "a run named in other scripts",
        EXPERIMENT,
        create(start_time=1, run_name="模型 🚀 é"),
        GET_RUN,
    ),
    case(
        "a run with a child's tag",
        EXPERIMENT,
        create(start_time=1, tags=[pair("mlflow.parentRunId", "x")]),
        GET_RUN,
    ),
    case("a run's empty user", EXPERIMENT, create(start_time=1, user_id=""), GET_RUN),
    *(
        case(f"a run's start: {start!r}", EXPERIMENT, refused(start_time=start))
        for start in [0, -5, "7", 2**63 - 1, 3.0, None]
    ),
    *(
        case(f"no start of a run: {start!r}", EXPERIMENT, refused(start_time=start))
        for start in ["x", [1], {"a": 1}]
    ),
    *(
        case(f"no field of a run: {fields}", EXPERIMENT, refused(**fields))
        for fields in [
            {"user_id": 5},
            {"run_name": 5},
            {"run_name": ["x"]},
            {"tags": "x"},
            {"tags": {"a": "b"}},
            {"tags": [pair(5)]},
            {"tags": ["a"]},
        ]
    ),
    case("a run's tag without a key", EXPERIMENT, refused(tags=[{"value": "v"}])),
    case(
        "a run's tag without a value",
        EXPERIMENT,
        create(start_time=1, tags=[{"key": "k"}]),
        GET_RUN,
    ),
    case(
        "a run's tag twice at its creation",
        EXPERIMENT,
        refused(tags=[pair("k", "1"), pair("k", "2")]),
    ),
    case("a run in an experiment that is not there", post("runs/create", experiment_id="9999999")),
    case("a run in a word", post("runs/create", experiment_id="abc")),
    case("a run in the default experiment", post("runs/create", experiment_id="0", start_time=1)),
    case("a run in a number", post("runs/create", experiment_id=0, start_time=1)),
    case("a run in a deleted experiment", EXPERIMENT, DELETE_EXPERIMENT, refused()),
    case("a run without an experiment", post("runs/create")),
    # ---------------------------------------------------------------- Reading
    case("a run that is not there", get("runs/get", run_id=UNKNOWN_RUN)),
    case("a run's id is a word", get("runs/get", run_id="abc")),
    case("a run's id is left out", get("runs/get")),
    case("a run's id is nothing", get("runs/get", run_id="")),
    case("a run's id has a slash", get("runs/get", run_id="../x")),
    case("a run by its old name", *NEW_RUN, get("runs/get", run_uuid="<run>")),
    case("a deleted run is read", *NEW_RUN, DELETE_RUN, GET_RUN),
    # ---------------------------------------------------------------- Update
    *(
        case(f"a run becomes {fields}", *NEW_RUN, update(**fields), GET_RUN)
        for fields in [
            {},
            {"status": "FINISHED", "end_time": 99},
            {"status": "FAILED"},
            {"status": "KILLED"},
            {"status": "SCHEDULED"},
            {"status": "RUNNING"},
            {"status": 3},
            {"status": "3"},
            {"status": 4},
            {"status": 5},
            {"status": "FOO"},
            {"status": "finished"},
            {"status": ""},
            {"status": None},
            {"status": 17},
            {"end_time": 5},
            {"end_time": "6"},
            {"end_time": -1},
            {"end_time": 0},
            {"run_name": "other"},
            {"run_name": ""},
            {"run_name": "other", "status": "FINISHED"},
            {"colour": "red"},
        ]
    ),
    *(
        case(f"a run does not become {fields}", *NEW_RUN, update(**fields))
        for fields in [{"end_time": "x"}, {"run_name": 5}, {"end_time": [1]}]
    ),
    case(
        "a run runs again",
        *NEW_RUN,
        update(status="FINISHED", end_time=9),
        update(status="RUNNING"),
        GET_RUN,
    ),
    case("a deleted run is not changed", *NEW_RUN, DELETE_RUN, update(status="FINISHED")),
    case(
        "a run that is not there is not changed",
        post("runs/update", run_id=UNKNOWN_RUN, status="FINISHED"),
    ),
    case("no run is not changed", post("runs/update", status="FINISHED")),
    case(
        "a run changed by its old name",
        *NEW_RUN,
        post("runs/update", run_uuid="<run>", status="FINISHED"),
        GET_RUN,
    ),
    case(
        "a run in camelCase is missing",
        *NEW_RUN,
        post("runs/update", runId="<run>", status="FINISHED"),
    ),
    case("an end in camelCase", *NEW_RUN, update(status="FINISHED", endTime=77), GET_RUN),
    # ---------------------------------------------------------------- Delete, restore
    case("deleting a run twice", *NEW_RUN, DELETE_RUN, DELETE_RUN, GET_RUN),
    case("restoring an active run", *NEW_RUN, RESTORE_RUN, GET_RUN),
    case("deleting and restoring a run", *NEW_RUN, DELETE_RUN, RESTORE_RUN, GET_RUN),
    case("deleting a run that is not there", post("runs/delete", run_id=UNKNOWN_RUN)),
    case("restoring a run that is not there", post("runs/restore", run_id=UNKNOWN_RUN)),
    case("deleting no run", post("runs/delete")),
    case("deleting an object", post("runs/delete", run_id={"a": 1})),
    # ---------------------------------------------------------------- Tags
    *(
        case(f"a run's tag: {what}", *NEW_RUN, set_tag(**fields), GET_RUN)
        for what, fields in {
            "plain": pair("k"),
            "empty value": pair("k", ""),
            "null value": pair("k", None),
            "no value": {"key": "k"},
            "no key": {"value": "v"},
            "empty key": pair("", "v"),
            "a number as value": pair("k", 5),
            "a number as key": pair(5),
            "a dollar in the key": pair("a$b"),
            "a new line in the key": pair("a\nb"),
            "a climbing key": pair("../a"),
            "a key that ends with a slash": pair("a/"),
            "a key within a folder": pair("a/b.c-d e:f"),
            "a doubled slash": pair("a//b"),
            "a dot": pair("."),
            "two dots": pair(".."),
            "unicode": pair("schlüssel 模", "wert 🚀"),
            "a key of 250": pair("k" * 250),
            "a key of 251": pair("k" * 251),
            "a value of 8000": pair("k", "v" * 8000),
            "a value of 8001": pair("k", "v" * 8001),
            "the name": pair("mlflow.runName", "renamed"),
            "the empty name": pair("mlflow.runName", ""),
            "the user": pair("mlflow.user", "ada"),
        }.items()
    ),
    case(
        "a tag of a run by its old name",
        *NEW_RUN,
        post("runs/set-tag", run_uuid="<run>", key="k", value="v"),
        GET_RUN,
    ),
    case(
        "a run's tag is overwritten",
        *NEW_RUN,
        set_tag(key="k", value="1"),
        set_tag(key="k", value="2"),
        GET_RUN,
    ),
    case("a deleted run's tag", *NEW_RUN, DELETE_RUN, set_tag(key="k", value="1")),
    case(
        "a tag of a run that is not there",
        post("runs/set-tag", run_id=UNKNOWN_RUN, key="k", value="1"),
    ),
    case(
        "a tag of a run that cannot be",
        post("runs/set-tag", run_id="$$", key="k", value="1"),
    ),
    case(
        "a run's tag is removed, and again",
        *NEW_RUN,
        set_tag(key="k", value="1"),
        post("runs/delete-tag", run_id="<run>", key="k"),
        post("runs/delete-tag", run_id="<run>", key="k"),
        GET_RUN,
    ),
    case(
        "removing a tag of a deleted run",
        *NEW_RUN,
        set_tag(key="k", value="1"),
        DELETE_RUN,
        post("runs/delete-tag", run_id="<run>", key="k"),
    ),
    case("removing a tag of no run", post("runs/delete-tag", run_id=UNKNOWN_RUN, key="k")),
    case("removing no tag", *NEW_RUN, post("runs/delete-tag", run_id="<run>")),
    # ---------------------------------------------------------------- Models of 2.x clients
    case(
        "a 2.x client logs two models",
        *NEW_RUN,
        post("runs/log-model", run_id="<run>", model_json=json.dumps(DESCRIBED | {"run_id": "r"})),
        post("runs/log-model", run_id="<run>", model_json=json.dumps(DESCRIBED | {"run_id": "r"})),
        GET_RUN,
    ),
    case(
        "a model that is no JSON",
        *NEW_RUN,
        post("runs/log-model", run_id="<run>", model_json="{"),
    ),
    case(
        "a model that is a list",
        *NEW_RUN,
        post("runs/log-model", run_id="<run>", model_json="[]"),
    ),
    case(
        "a model with a field missing",
        *NEW_RUN,
        post("runs/log-model", run_id="<run>", model_json="{}").says(
            "Model json is missing mandatory fields: "
        ),
    ),
    case("a model left out", *NEW_RUN, post("runs/log-model", run_id="<run>")),
    case(
        "a model of a deleted run",
        *NEW_RUN,
        DELETE_RUN,
        post("runs/log-model", run_id="<run>", model_json=json.dumps(DESCRIBED | {"run_id": "r"})),
    ),
]
