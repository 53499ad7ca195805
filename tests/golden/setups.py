"""The calls that many cases begin with."""

from tests.golden.wire import get, post

EXPERIMENT = post("experiments/create", name="<unique>").keep(experiment="experiment_id")
DELETE_EXPERIMENT = post("experiments/delete", experiment_id="<experiment>")
GET_EXPERIMENT = get("experiments/get", experiment_id="<experiment>")

RUN = post("runs/create", experiment_id="<experiment>", start_time=1).keep(run="run.info.run_id")
DELETE_RUN = post("runs/delete", run_id="<run>")
GET_RUN = get("runs/get", run_id="<run>")
NEW_RUN = (EXPERIMENT, RUN)

MODEL = post("logged-models", experiment_id="<experiment>", name="m").keep(
    model="model.info.model_id"
)
GET_MODEL = get("logged-models/<model>")
NEW_MODEL = (EXPERIMENT, MODEL)

UNKNOWN_RUN = "0" * 32
UNKNOWN_MODEL = "m-" + "0" * 32


def point(key: str, value: object = 1.0, timestamp: object = 1, **more: object) -> dict:
    return {"key": key, "value": value, "timestamp": timestamp, **more}


def pair(key: object, value: object = "v") -> dict:
    return {"key": key, "value": value}
