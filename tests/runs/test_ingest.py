"""What is known of each metric equals its points, whatever came in which order."""

import math
import threading
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.models import Experiment
from runs.actions.errors import ParamChanged
from runs.actions.ingest import log_batch
from runs.actions.runs import create_run
from runs.models import Metric, MetricStat, RunKey
from runs.stats import Stat


@dataclass(frozen=True)
class Point:
    key: str
    value: float
    timestamp: int = 0
    step: int = 0
    model_id: str | None = None


@dataclass(frozen=True)
class Pair:
    key: str
    value: str


@pytest.fixture
def run(db):
    return create_run(experiment=Experiment.objects.get(pk=0))


FIELDS = [name for name in Stat.__slots__ if name != "total"]

values = st.one_of(
    st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf), st.just(-math.inf), st.just(-0.0)
)
points = st.builds(
    Point,
    key=st.sampled_from(["a", "b/c"]),
    value=values,
    timestamp=st.integers(0, 3),
    step=st.integers(-3, 3),
)


def recomputed(run) -> dict[int, Stat]:
    """The statistics of every series of the run, from its points alone."""
    series = {}
    for key_id, *point in Metric.objects.filter(run=run).values_list(
        "key_id", "step", "timestamp", "value", "is_nan"
    ):
        series.setdefault(key_id, []).append(tuple(point))
    return {key_id: Stat.of(each) for key_id, each in series.items()}


def assert_statistics_equal_points(run) -> None:
    stats = {stat.key_id: stat for stat in MetricStat.objects.filter(run=run)}
    expected = recomputed(run)
    assert stats.keys() == expected.keys()
    for key_id, stat in stats.items():
        want = expected[key_id]
        assert {name: getattr(stat, name) for name in FIELDS} == {
            name: getattr(want, name) for name in FIELDS
        }
        assert stat.total == (want.total if want.total is None else pytest.approx(want.total))


@pytest.mark.django_db
@settings(max_examples=60)
@given(batches=st.lists(st.lists(points, max_size=12), max_size=6), again=st.booleans())
def test_statistics_equal_the_points_after_any_batches(batches, again):
    run = create_run(experiment=Experiment.objects.get(pk=0))

    for batch in batches:
        log_batch(run, metrics=batch)
        if again:
            log_batch(run, metrics=list(reversed(batch)))

    assert_statistics_equal_points(run)
    sent = {
        (p.key, p.step, p.timestamp, 0.0 if math.isnan(p.value) else p.value, math.isnan(p.value))
        for batch in batches
        for p in batch
    }
    assert Metric.objects.filter(run=run).count() == len(sent)


def test_latest_is_by_step_then_time_then_value(run):
    log_batch(
        run,
        metrics=[
            Point("m", 9.0, timestamp=99, step=1),
            Point("m", 1.0, timestamp=5, step=2),
            Point("m", 2.0, timestamp=5, step=2),
        ],
    )

    stat = MetricStat.objects.get(run=run)
    assert (stat.last, stat.last_step, stat.maximum, stat.maximum_step) == (2.0, 2, 9.0, 1)


def test_a_batch_takes_a_fixed_number_of_statements(run):
    # The first two values of a name are remembered, and later ones need no statement for it.
    for value in (1.0, 2.0):
        log_batch(run, metrics=[Point(f"warm{n}", value) for n in range(3)])

    def statements(count: int, first: int) -> int:
        with CaptureQueriesContext(connection) as seen:
            log_batch(
                run,
                metrics=[
                    Point(f"warm{n % 3}", n + 0.5, timestamp=first + n, step=first + n)
                    for n in range(count)
                ],
                params=[Pair(f"p{first}.{n}", "1") for n in range(min(count, 50))],
                tags=[Pair(f"t{first}.{n}", "1") for n in range(min(count, 50))],
            )
        return len(seen)

    assert statements(10, 100) == statements(900, 1000)


def test_names_are_remembered_with_whether_they_vary(run):
    other = create_run(experiment=run.experiment)
    log_batch(run, params=[Pair("same", "1"), Pair("lr", "0.1")], tags=[Pair("t", "a")])
    log_batch(other, params=[Pair("same", "1"), Pair("lr", "0.2")], tags=[Pair("t", "a")])

    varies = dict(
        RunKey.objects.filter(experiment=run.experiment, name__in=["same", "lr", "t"]).values_list(
            "name", "varies"
        )
    )

    assert varies == {"same": False, "lr": True, "t": False}


def test_a_changed_param_leaves_nothing_of_its_batch(run):
    log_batch(run, params=[Pair("lr", "1")])

    with pytest.raises(ParamChanged, match="old_value': '1', 'new_value': '2'"):
        log_batch(
            run,
            metrics=[Point("m", 1.0)],
            params=[Pair("lr", "2"), Pair("new", "1")],
            tags=[Pair("t", "1")],
        )

    assert list(run.params.values_list("key", flat=True)) == ["lr"]
    assert not run.stats.exists()
    assert not run.tags.filter(key="t").exists()


def test_eight_clients_at_once_are_all_written_and_counted(server, mlflow_client, experiment_name):
    import mlflow
    from mlflow.entities import Metric as Logged

    key = mlflow.create_experiment(experiment_name)
    run = mlflow_client.create_run(key).info.run_id
    failures = []

    def log(client: int) -> None:
        try:
            for batch in range(10):
                first = batch * 50
                mlflow_client.log_batch(
                    run,
                    metrics=[
                        Logged("shared", client + n / 100, first + n, first + n) for n in range(50)
                    ],
                )
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=log, args=[client]) for client in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(mlflow_client.get_metric_history(run, "shared")) == 8 * 10 * 50
    assert mlflow.get_run(run).data.metrics["shared"] == 7 + 49 / 100
    assert "0 differ" in server.manage("verify")


def test_what_was_acknowledged_survives_a_kill(run_server):
    import json
    import urllib.request

    server = run_server()

    def post(call: str, body: dict) -> dict:
        request = urllib.request.Request(
            f"{server.url}/api/2.0/mlflow/{call}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    run = post("runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    acknowledged = []

    def log() -> None:
        for step in range(100_000):
            metric = {"key": "m", "value": step, "timestamp": step, "step": step}
            try:
                post("runs/log-metric", {"run_id": run} | metric)
            except OSError:
                return
            acknowledged.append(step)

    writer = threading.Thread(target=log)
    writer.start()
    while len(acknowledged) < 50 and writer.is_alive():
        pass
    server.kill()
    writer.join()
    server.start()
    with urllib.request.urlopen(
        f"{server.url}/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m"
    ) as response:
        steps = [point["step"] for point in json.load(response)["metrics"]]

    assert len(acknowledged) >= 50
    # At most the one that was under way may be there without its client knowing.
    assert steps in (acknowledged, [*acknowledged, len(acknowledged)])
    assert "0 differ" in server.manage("verify")
