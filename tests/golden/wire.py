"""Conversations with a server that speaks MLflow, and what of their answers can be compared.

A case is plain data: calls, one after the other. ``<name>`` in a call stands for what an earlier
answer of the same case was asked to keep, ``<unique>`` for a name that no other case uses.
Every answer counts, so the steps that prepare a case are checked with it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import requests

_PLACEHOLDER = re.compile(r"<(\w+)>")
_SET = re.compile(r"\{('[^{}]*')\}")
_HEX = re.compile(r"\b[0-9a-f]{32}\b")
_MADE_UP_NAME = re.compile(r"[a-z]+-[a-z]+-[0-9]{1,4}")
_TIMES = {
    "creation_time",
    "last_update_time",
    "creation_timestamp",
    "last_updated_timestamp",
    "creation_timestamp_ms",
    "last_updated_timestamp_ms",
}
# Where a short id, such as an experiment's number, may stand among other words.
_WITH_IDS = {"experiment_id", "artifact_uri", "artifact_location", "root_uri", "message", "source"}
_NAMES = {"run_name", "name", "value"}


@dataclass(frozen=True)
class Call:
    """One request. ``body`` is sent as JSON unless it is bytes; ``kept`` maps names to paths."""

    method: str
    path: str
    body: Any = None
    query: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    words: str | None = None

    def keep(self, **paths: str) -> Self:
        """Remember parts of the answer, such as ``run="run.info.run_id"``, for later calls."""
        return replace(self, kept=paths)

    def says(self, words: str) -> Self:
        """Both messages begin with ``words``; beyond that each server has its own.

        Without this, messages must be the same, to the letter.
        """
        return replace(self, words=words)

    def of(self, workspace: str) -> Self:
        """The same call in another workspace."""
        return replace(self, headers={**self.headers, "X-MLFLOW-WORKSPACE": workspace})

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True)
class Case:
    """A sentence, and the calls in which both servers must agree."""

    name: str
    calls: tuple[Call, ...]

    def __str__(self) -> str:
        return self.name


def case(name: str, *calls: Call) -> Case:
    return Case(name, calls)


def post(route: str, **body: Any) -> Call:
    return send("POST", route, body)


def patch(route: str, **body: Any) -> Call:
    return send("PATCH", route, body)


def delete(route: str, **body: Any) -> Call:
    return send("DELETE", route, body)


def get(route: str, **query: Any) -> Call:
    return Call("GET", _address(route), query=query)


def send(method: str, route: str, body: Any) -> Call:
    """A call with any body; bytes are sent as they are, but still called JSON."""
    return Call(method, _address(route), body, headers={"Content-Type": "application/json"})


def _address(route: str) -> str:
    return route if route.startswith("/") else f"/api/2.0/mlflow/{route}"


class Talk:
    """One case as one server answers it."""

    def __init__(self, url: str, *, unique: str) -> None:
        self.url = url
        self.known = {"unique": unique, "slug": unique.replace(" ", "-")}
        self.session = requests.Session()

    def answers(self, case: Case) -> Iterator[Any]:
        """What the server makes of each call, without what differs by nature."""
        for call in case.calls:
            response = self.session.request(
                call.method,
                self.url + self._filled(call.path),
                params=self._filled(call.query),
                data=self._body(call),
                headers=self._filled(dict(call.headers)),
                timeout=60,
                allow_redirects=False,
            )
            yield self._comparable(call, response)

    def _body(self, call: Call) -> bytes | None:
        if call.body is None or isinstance(call.body, bytes):
            return call.body
        return json.dumps(self._filled(call.body)).encode()

    def _filled(self, part: Any) -> Any:
        match part:
            case str():
                return _PLACEHOLDER.sub(
                    lambda found: self.known.get(found.group(1), found.group()), part
                )
            case dict():
                return {self._filled(key): self._filled(value) for key, value in part.items()}
            case list():
                return [self._filled(each) for each in part]
        return part

    def _comparable(self, call: Call, response: requests.Response) -> Any:
        try:
            body = json.loads(response.content)
        except ValueError:
            body = {"not JSON": bool(response.content)}
        for name, path in call.kept.items():
            self.known[name] = str(_at(body, path))
        if isinstance(body, dict) and "error_code" in body:
            # What else MLflow's errors carry no client reads.
            message = body["message"]
            if call.words is not None:
                words = self._filled(call.words)
                message = words if message.startswith(words) else message
            body = {"error_code": body["error_code"], "message": message}
        return response.status_code, self._plain(body)

    def _plain(self, part: Any, key: str = "") -> Any:
        match part:
            case dict():
                return {name: self._plain(value, name) for name, value in part.items()}
            case list() if part and all(isinstance(each, dict) and "key" in each for each in part):
                # Tags, params and latest metrics, in whose order a database may have its say.
                # The points of a history keep theirs, for all of them have one key.
                return sorted(
                    (self._plain(each, key) for each in part), key=lambda each: each["key"]
                )
            case list():
                return [self._plain(each, key) for each in part]
            case int() if key in _TIMES:
                return "<a time>"
            case str():
                return self._plain_text(part, key)
        return part

    def _plain_text(self, text: str, key: str) -> str:
        if key == "next_page_token":
            return "<a token>"
        for name, value in self.known.items():
            if len(value) > 8:
                text = text.replace(value, f"<{name}>")
            elif value and key in _WITH_IDS:
                text = re.sub(rf"(?<![\w<]){re.escape(value)}(?![\w>])", f"<{name}>", text)
        text = _HEX.sub("<an id>", text)
        if key == "experiment_id" and text.isdecimal() and text != "0":
            return "<an id>"
        if key in _NAMES and _MADE_UP_NAME.fullmatch(text):
            return "<a name>"
        # With workspaces on, MLflow puts the default one's files into a folder of its own; with
        # workspaces off, and here always, they lie at the top.
        text = text.replace("/workspaces/default/", "/")
        return _SET.sub(_in_order, text) if key == "message" else text


def _in_order(found: re.Match) -> str:
    """A set as MLflow prints it, whose order is another one in each of its processes."""
    return "{" + ", ".join(sorted(found.group(1).split(", "))) + "}"


def without_words(answers: list[Any]) -> list[Any]:
    """The answers, of whose refusals only the sentence is left out."""
    return [
        (
            status,
            body | {"message": "<words>"} if isinstance(body, dict) and "message" in body else body,
        )
        for status, body in answers
    ]


class Recorder:
    """What a genuine server answers to each case, which it is asked once.

    Its answers do not depend on the database of this site, so those of a first run are those of
    a second one. ``path`` is where they are kept from one to the other; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        kept = path is not None and path.exists()
        self.known: dict[str, dict] = json.loads(path.read_text()) if kept else {}

    def compare(
        self, case: Case, ours: str, theirs: Callable[[], str]
    ) -> tuple[list[Any], list[Any]]:
        """The answers of both servers to the same words, said to both at the same time."""
        record = self.known.get(case.name)
        if record is not None:
            talk = Talk(ours, unique=record["unique"])
            return list(talk.answers(case)), [tuple(answer) for answer in record["answers"]]
        unique, url = f"golden {uuid4().hex[:12]}", theirs()
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(lambda: list(Talk(url, unique=unique).answers(case)))
            answers = list(Talk(ours, unique=unique).answers(case))
        self.known[case.name] = {"unique": unique, "answers": other.result()}
        return answers, other.result()

    def keep(self) -> None:
        if self.path is not None:
            self.path.write_text(json.dumps(self.known))


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body[int(name)] if name.isdigit() else body[name]
    return body
