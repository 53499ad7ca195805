"""Eight clients log while people read lists and files, and move runs to the trash and back."""

import http.client
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.support.serving import Server
from tests.test_faults import ask, call, new_run

CLIENTS, BATCHES, POINTS = 8, 4, 25
READ = [
    "experiments/{experiment}/?sort=-m.loss&cols=m.loss,m.loss@mean,p.lr,m.loss@line",
    "experiments/{experiment}/?group=p.opt&cols=m.loss",
    "experiments/{experiment}/?filters=1&where=metrics.loss%20%3E%200%20AND%20params.lr%20%3D%20%271%27",
    "experiments/{experiment}/export.csv?cols=m.loss,p.lr,t.team",
    "experiments/{experiment}/export.json",
    "experiments/{experiment}/charts/",
    "experiments/{experiment}/filter/?open=user&open=p.opt&open=m.loss",
    "experiments/{experiment}/trash/",
    "compare/stats/?runs={runs}",
    "compare/figure.json?runs={runs}&metric=loss",
    "runs/?group=p.opt",
    "search/?q=a",
    "",
]


class Person:
    """Someone with a browser: a cookie for the ticks and the session, and the token of a form."""

    def __init__(self, server: Server, address: str) -> None:
        self.server, self.address = server, address
        self.cookies: dict[str, str] = {}

    def send(self, path: str, form: str) -> int:
        page = self._ask("GET", self.address)[1].decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(.*?)"', page)[1]
        status, _ = self._ask("POST", self.address + path, f"csrfmiddlewaretoken={token}&{form}")
        return status

    def _ask(self, method: str, path: str, form: str = "") -> tuple[int, bytes]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        client = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=60)
        client.request(method, path, form, headers)
        answer = client.getresponse()
        for given in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = given.partition(";")[0].partition("=")
            self.cookies[name] = value
        body = answer.read()
        client.close()
        return answer.status, body


def test_reading_and_trashing_while_eight_clients_log_refuses_nobody_and_loses_nothing(
    run_server,
) -> None:
    server = run_server()
    experiment, first = new_run(server, "busy")
    runs = [first, *(_run(server, experiment, number) for number in range(CLIENTS))]
    spare = [_run(server, experiment, number) for number in range(6)]
    statuses: Counter[tuple[str, int]] = Counter()
    is_over = threading.Event()

    def log(client: int) -> None:
        for batch in range(BATCHES):
            steps = range(batch * POINTS, (batch + 1) * POINTS)
            for run in (runs[client + 1], first):
                points = [
                    {"key": key, "value": client + step / 1000, "step": step, "timestamp": client}
                    for step in steps
                    for key in ("loss", f"own/{client}")
                ]
                status, _ = call(server, "POST", "runs/log-batch", run_id=run, metrics=points)
                statuses["log", status] += 1
            status, _ = call(
                server, "POST", "runs/set-tag", run_id=first, key=f"t{client}", value=str(batch)
            )
            statuses["tag", status] += 1
            _run(server, experiment, 100 + client)

    def read(person: int) -> None:
        names = {"experiment": experiment, "runs": ",".join(runs)}
        for turn in range(10_000):
            if is_over.is_set():
                return
            address = READ[(turn + person * 5) % len(READ)]
            status, _ = ask(server, "GET", f"/w/default/{address.format(**names)}")
            statuses[address, status] += 1

    def tidy() -> None:
        person = Person(server, f"/w/default/experiments/{experiment}/")
        ticks = "&".join(f"run={run}" for run in spare)
        while not is_over.is_set():
            statuses["trash", person.send("selection/", f"do=trash&{ticks}")] += 1
            statuses["restore", person.send("trash/restore/", ticks)] += 1

    with ThreadPoolExecutor(CLIENTS + 4) as threads:
        others = [threads.submit(read, person) for person in range(3)] + [threads.submit(tidy)]
        loggers = [threads.submit(log, client) for client in range(CLIENTS)]
        try:
            for each in loggers:
                each.result()
        finally:
            is_over.set()
        for each in others:
            each.result()

    assert {status for _, status in statuses} <= {200, 302}, statuses
    assert len(statuses) > len(READ)
    for run, clients in [(first, CLIENTS), *((run, 1) for run in runs[1:])]:
        _, history = call(server, "GET", "metrics/get-history", run_id=run, metric_key="loss")
        assert len(history["metrics"]) == clients * BATCHES * POINTS
    _, found = call(server, "POST", "runs/search", experiment_ids=[experiment], run_view_type="ALL")
    assert len(found["runs"]) == 1 + CLIENTS + 6 + CLIENTS * BATCHES
    tags = {tag["key"]: tag["value"] for run in found["runs"] for tag in run["data"]["tags"]}
    assert [tags[f"t{client}"] for client in range(CLIENTS)] == [str(BATCHES - 1)] * CLIENTS
    assert ", 0 differ" in server.manage("verify")
    assert "locked" not in server.log()
    assert "Traceback" not in server.log()


def _run(server: Server, experiment: str, number: int) -> str:
    _, answer = call(server, "POST", "runs/create", experiment_id=experiment)
    run = answer["run"]["info"]["run_id"]
    params = [{"key": "lr", "value": str(number)}, {"key": "opt", "value": f"o{number % 3}"}]
    status, _ = call(server, "POST", "runs/log-batch", run_id=run, params=params)
    assert status == 200
    return run
