"""Logging and reading over HTTP, side by side with MLflow's own server.

    make bench            (or: .venv-test/bin/python benchmarks/ingest.py --help)

Both servers run on this machine, on SQLite, one after the other, and get the same requests from
the same client: plain HTTP/1.1, so that what is measured is the servers. Each request has a
connection of its own, because mlflow server answers 40 ms later on a kept one (``--keep-alive``
shows it). Each figure is the median time of a request. The last column is MLflow's time by ours.
"""

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
START_SECONDS = 300

POINTS_A_BATCH = 1000
HISTORY_POINTS = 10_000
RUNS_TO_SEARCH = 1000


class Client:
    """Sends MLflow's calls over connections of their own or, if wanted, over one that is kept."""

    def __init__(self, port: int, *, keep_alive: bool = False) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.keep_alive = keep_alive

    def post(self, call: str, body: dict) -> dict:
        return self._send("POST", f"/api/2.0/mlflow/{call}", json.dumps(body))

    def get(self, call: str) -> dict:
        return self._send("GET", f"/api/2.0/mlflow/{call}", None)

    def _send(self, method: str, path: str, body: str | None) -> dict:
        headers = {"Content-Type": "application/json"} if body else {}
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        answer = response.read()
        if not self.keep_alive:
            self.connection.close()
        if response.status != 200:
            raise SystemExit(f"{method} {path}: {response.status} {answer[:300]!r}")
        return json.loads(answer)


@dataclass(frozen=True)
class Figure:
    """What one kind of request took, in milliseconds."""

    name: str
    median: float
    slowest: float
    requests: int


def measure(client: Client, scale: float) -> list[Figure]:
    """All the figures of one server; ``scale`` multiplies how often each request is sent."""
    name = f"benchmark-{time.time_ns()}"
    experiment = client.post("experiments/create", {"name": name})["experiment_id"]
    random.seed(1)

    def create_run(index: int) -> str:
        body = {
            "experiment_id": experiment,
            "start_time": 1_700_000_000_000 + index,
            "tags": [
                {"key": "mlflow.user", "value": "ada"},
                {"key": "mlflow.source.name", "value": "train.py"},
            ],
        }
        return client.post("runs/create", body)["run"]["info"]["run_id"]

    def log_metric(run: str, index: int) -> None:
        client.post(
            "runs/log-metric",
            {
                "run_id": run,
                "key": "loss",
                "value": random.random(),
                "timestamp": 1_700_000_000_000 + index,
                "step": index,
            },
        )

    def log_batch(run: str, index: int) -> None:
        first = index * POINTS_A_BATCH
        metrics = [
            {
                "key": "loss",
                "value": random.random(),
                "timestamp": 1_700_000_000_000 + first + step,
                "step": first + step,
            }
            for step in range(POINTS_A_BATCH)
        ]
        client.post("runs/log-batch", {"run_id": run, "metrics": metrics})

    def fill(run: str, index: int) -> None:
        client.post(
            "runs/log-batch",
            {
                "run_id": run,
                "metrics": [
                    {"key": f"m{n}", "value": random.random(), "timestamp": 1_700_000_000_000}
                    for n in range(10)
                ],
                "params": [{"key": f"p{n}", "value": str(index % (n + 2))} for n in range(10)],
            },
        )

    def search(filter_text: str, order: list[str], count: int) -> Callable[[int], None]:
        def ask(index: int) -> None:
            found = client.post(
                "runs/search",
                {
                    "experiment_ids": [experiment],
                    "filter": filter_text,
                    "order_by": order,
                    "max_results": count,
                },
            )
            assert found["runs"], "the search found nothing"

        return ask

    figures = []
    runs = []
    figures.append(
        timed("create run", int(300 * scale), lambda index: runs.append(create_run(index)))
    )
    single, batched = create_run(0), create_run(1)
    figures.append(
        timed("log one metric", int(300 * scale), lambda index: log_metric(single, index))
    )
    batches = max(HISTORY_POINTS // POINTS_A_BATCH, int(30 * scale))
    figures.append(
        timed(
            f"log a batch of {POINTS_A_BATCH:,} points",
            batches,
            lambda index: log_batch(batched, index),
        )
    )
    while len(runs) < RUNS_TO_SEARCH * scale:
        runs.append(create_run(len(runs)))
    for index, run in enumerate(runs):
        fill(run, index)
    by_metric = search("metrics.m1 > 0.5 and params.p3 = '2'", ["metrics.m2 DESC"], 100)
    figures.append(timed("search, metric and param filter, 100 runs", int(30 * scale), by_metric))
    figures.append(
        timed("search, newest 1,000 runs", max(3, int(10 * scale)), search("", [], 1000))
    )
    figures.append(
        timed("get run", int(200 * scale), lambda index: client.get(f"runs/get?run_id={runs[0]}"))
    )
    points = batches * POINTS_A_BATCH
    history = f"metrics/get-history?run_id={batched}&metric_key=loss"
    figures.append(
        timed(
            f"history of {points:,} points",
            max(3, int(10 * scale)),
            lambda index: client.get(history),
        )
    )
    return figures


def timed(name: str, times: int, request: Callable[[int], object]) -> Figure:
    """``request`` sent ``times`` times; the first one warms up and does not count."""
    spent = []
    for index in range(times + 1):
        began = time.perf_counter()
        request(index)
        spent.append((time.perf_counter() - began) * 1000)
    counted = spent[1:]
    print(f"    {name}: {statistics.median(counted):.2f} ms", file=sys.stderr, flush=True)
    return Figure(name, statistics.median(counted), max(counted), len(counted))


@contextmanager
def ours(folder: Path) -> Iterator[int]:
    """This site as ``make run`` serves it."""
    port = free_port()
    python = CHECKOUT / ".venv/bin/python"
    environment = os.environ | {
        "TRACKER_DATA_DIR": str(folder),
        "TRACKER_DEMO": "0",
        "DATABASE_URL": "",
        "PORT": str(port),
    }
    command = [str(python if python.exists() else sys.executable), "manage.py", "start"]
    with served(command, environment, port, folder / "server.log"):
        yield port


@contextmanager
def mlflow_server(folder: Path) -> Iterator[int]:
    """``mlflow server`` as its documents say, on SQLite."""
    port = free_port()
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [
        str(Path(sys.executable).with_name("mlflow")),
        "server",
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with served(command, environment, port, folder / "server.log"):
        yield port


@contextmanager
def served(command: list[str], environment: dict, port: int, log: Path) -> Iterator[None]:
    """A server process that answers, and that is gone afterwards with all its children."""
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(port, process, log)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.2)
    raise SystemExit(f"The server did not start:\n{log.read_text()[-3000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--scale", type=float, default=1.0, help="0.1 is a quick look")
    options.add_argument("--keep-alive", action="store_true", help="all over one connection")
    options.add_argument("--only", choices=["ours", "mlflow"], help="measure just one server")
    chosen = options.parse_args()
    figures: dict[str, list[Figure]] = {}
    for name, server in (("ours", ours), ("mlflow", mlflow_server)):
        if chosen.only not in (None, name):
            continue
        folder = Path(tempfile.mkdtemp(prefix=f"benchmark-{name}-"))
        print(f"  {name}", file=sys.stderr, flush=True)
        try:
            with server(folder) as port:
                figures[name] = measure(Client(port, keep_alive=chosen.keep_alive), chosen.scale)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(table(figures))


def table(figures: dict[str, list[Figure]]) -> str:
    """The figures as a Markdown table, with the ratio where both servers were measured."""
    lines = ["| request | ours, ms | mlflow server, ms | times as fast |", "|---|---:|---:|---:|"]
    mine = figures.get("ours") or [None] * 99
    theirs = figures.get("mlflow") or [None] * 99
    for left, right in zip(mine, theirs, strict=False):
        if left is None and right is None:
            break
        name = (left or right).name
        ratio = f"**{right.median / left.median:.1f}**" if left and right else ""
        cells = [f"{each.median:.2f}" if each else "" for each in (left, right)]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} | {ratio} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
