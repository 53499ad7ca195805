"""Every call that the installed MLflow's own server answers, and whether this site does.

``docs/mlflow-compatibility.md`` is made from this, and a test holds the two together: a new
version of the client shows at once what it may call that is not here.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import mlflow
from django.test import RequestFactory
from django.urls import Resolver404, resolve

# The first that fits. What fits none is shown all the same.
_AREAS = {
    "Experiments": r"mlflow/experiments/",
    "Runs": r"/mlflow/runs/(?!create-promptlab)",
    "Metrics": r"/mlflow/metrics/",
    "Artifacts": r"/mlflow/(artifacts/|upload-artifact)|/mlflow-artifacts/|^/get-artifact",
    "Logged models": r"/mlflow/logged-models",
    "Registered models": r"/mlflow/registered-models/",
    "Model versions": r"/mlflow/model-versions/|^/model-versions/",
    "The server itself": r"^/(health|version)$|/server-info$",
    "Workspaces": r"/mlflow/workspaces",
    "Traces and assessments": r"/mlflow/(unified-)?traces|/v1/traces|trace-details|trace-artifact",
    "Webhooks": r"/mlflow/webhooks",
    "Evaluation datasets": r"/3\.0/mlflow/datasets",
    "Scorers": r"/mlflow/scorers/",
    "Issues": r"/mlflow/issues",
    "Label schemas": r"/mlflow/label-schemas/",
    "Review queues": r"/mlflow/review-queues/",
    "Prompt optimization": r"/mlflow/prompt-optimization/",
    "Gateway": r"/mlflow/gateway|^/gateway/",
    "MCP servers": r"/mlflow/mcp-servers",
    "Jobs": r"/jobs/",
    "What MLflow's own pages ask": (
        r"/mlflow/(assistant|demo|genai|scorer)/|/graphql|ui-telemetry|create-promptlab"
    ),
    "Others": r"",
}

# MLflow's pages and their scripts, which are no calls.
_PAGES = re.compile(r"^/($|build/|static-files/)")

_WHOLE_FILES = "partly: answers `NOT_IMPLEMENTED`, and clients fetch the whole file"
_PARTLY = {
    r"/mlflow-artifacts/presigned/": _WHOLE_FILES,
}


@dataclass(frozen=True, order=True)
class Call:
    """A method and an address, as MLflow writes it: ``GET /api/2.0/mlflow/runs/get``."""

    path: str
    method: str

    @property
    def area(self) -> str:
        return next(area for area, pattern in _AREAS.items() if re.search(pattern, self.path))

    @property
    def example(self) -> str:
        """The address with something in place of its arguments."""
        return re.sub(r"<\w+>", "x", self.path)

    @property
    def is_answered(self) -> bool:
        """Whether this site has the address and takes the method there."""
        return self.method in offered_methods(self.example)

    @property
    def status(self) -> str:
        """What the documents say of it: ``yes``, ``partly: …`` or ``no``."""
        if not self.is_answered:
            return "no; MLflow has the name only" if self in _mere_names() else "no"
        notes = (note for pattern, note in _PARTLY.items() if re.search(pattern, self.path))
        return next(notes, "yes")


def mlflow_calls() -> list[Call]:
    """What the installed MLflow's server answers without its login, each call once.

    MLflow serves most of them under /api and /ajax-api alike; the second name stands here only
    where it is the only one.
    """
    found = {call for call in _served_by_mlflow() if not _PAGES.match(call.path)}
    doubles = {call for call in found if Call(_main_name(call.path), call.method) in found - {call}}
    return sorted(found - doubles)


def offered_methods(address: str) -> set[str]:
    """The methods that this site's URL table has a view for at ``address``."""
    try:
        found = resolve(address)
    except Resolver404:
        return set()
    answer = found.func(RequestFactory().options(address), *found.args, **found.kwargs)
    # A call that clients make says what it takes; the plain texts, such as /health, do not.
    return set(answer.headers.get("Allow", "GET").split(", "))


def compatibility_table() -> str:
    """Every call by area, with what this site makes of it, as Markdown."""
    areas: dict[str, list[Call]] = {area: [] for area in _AREAS}
    for call in mlflow_calls():
        areas[call.area].append(call)
    areas = {area: calls for area, calls in areas.items() if calls}
    lines = [
        f"MLflow {mlflow.__version__} answers {sum(map(len, areas.values()))} calls.",
        "",
        "| Area | Calls | Yes | Partly |",
        "| --- | ---: | ---: | ---: |",
    ]
    for area, calls in areas.items():
        counts = [sum(call.status.startswith(word) for call in calls) for word in ("yes", "partly")]
        link = area.lower().replace(" ", "-").replace("'", "")
        lines.append(f"| [{area}](#{link}) | {len(calls)} | {counts[0]} | {counts[1]} |")
    for area, calls in areas.items():
        lines += ["", f"## {area}", "", "| Call | Here |", "| --- | --- |"]
        lines += [f"| `{call.method} {call.path}` | {call.status} |" for call in calls]
    return "\n".join(lines) + "\n"


def _served_by_mlflow() -> Iterator[Call]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.server import app as flask_app
        from mlflow.server.fastapi_app import app as fastapi_app

    for rule in flask_app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            yield Call(_plain(rule.rule), method)
    for path, methods in fastapi_app.openapi()["paths"].items():
        for method in methods:
            yield Call(_plain(path), method.upper())


@cache
def _mere_names() -> frozenset[Call]:
    """Calls that MLflow declares and answers with a bare 404."""
    from mlflow.server.handlers import _not_implemented, get_endpoints

    return frozenset(
        Call(_plain(path), method)
        for path, handler, methods in get_endpoints()
        for method in methods
        if handler is _not_implemented
    )


def _plain(path: str) -> str:
    """One way of writing arguments: ``<name>``, whatever its type."""
    named = re.sub(r"\{(\w+)\}", r"<\1>", path)
    return re.sub(r"<\w+:(\w+)>", r"<\1>", named)


def _main_name(path: str) -> str:
    return path.replace("/ajax-api/", "/api/", 1)
