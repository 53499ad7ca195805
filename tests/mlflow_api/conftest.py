"""The wire as a client sees it: a call, a status and an answer in JSON."""

import json
from dataclasses import dataclass

import pytest
from django.test import Client


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict

    @property
    def code(self) -> str:
        return self.body.get("error_code", "")

    @property
    def message(self) -> str:
        return self.body.get("message", "")


class Api:
    """MLflow's calls, sent through Django's test client."""

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False)

    def post(self, call: str, body: object = None, **fields: object) -> Answer:
        return self.send("POST", call, fields if body is None else body)

    def get(self, call: str, **query: object) -> Answer:
        response = self.client.get(f"/api/2.0/mlflow/{call}", query)
        return self._answer(response)

    def send(self, method: str, call: str, body: object, **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = self.client.generic(
            method,
            f"/api/2.0/mlflow/{call}",
            data,
            content_type="application/json",
            headers=headers,
        )
        return self._answer(response)

    def _answer(self, response) -> Answer:
        assert response.headers["Content-Type"] == "application/json"
        return Answer(response.status_code, json.loads(response.content))

    # What most tests need to have first.

    def experiment(self, name: str = "an experiment", **fields: object) -> str:
        return self.post("experiments/create", name=name, **fields).body["experiment_id"]

    def run(self, experiment_id: str = "0", **fields: object) -> str:
        answer = self.post("runs/create", experiment_id=experiment_id, **fields)
        return answer.body["run"]["info"]["run_id"]

    def read(self, run_id: str) -> dict:
        return self.get("runs/get", run_id=run_id).body["run"]


@pytest.fixture
def api(db) -> Api:
    return Api()


def pairs(entries: list[dict]) -> dict:
    """Params, tags or metrics by their keys."""
    return {entry["key"]: entry["value"] for entry in entries}
