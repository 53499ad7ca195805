"""What tests need to have first, made through the doors that clients and people use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from experiments.actions import create_experiment
from experiments.models import Experiment
from runs.actions.ingest import log_batch
from runs.actions.runs import create_run, update_run
from runs.models import Run
from workspaces.models import Workspace


@dataclass(frozen=True)
class Point:
    key: str
    value: float
    step: int = 0
    timestamp: int = 1
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


@dataclass(frozen=True)
class Pair:
    key: str
    value: str


def make_experiment(
    name: str = "an experiment", *, workspace: str = "default", **tags
) -> Experiment:
    """An experiment; keywords are its tags."""
    place, _ = Workspace.objects.get_or_create(slug=workspace, defaults={"name": workspace})
    return create_experiment(workspace=place, name=name, tags=tags)


def make_run(
    experiment: Experiment,
    name: str = "",
    *,
    metrics: Mapping[str, float | Sequence[float]] | None = None,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    start_time: int = 1_700_000_000_000,
    status: str = "FINISHED",
    duration: int = 1000,
) -> Run:
    """A run; a metric with several values has them at the steps 0, 1, 2 …"""
    run = create_run(experiment=experiment, name=name, start_time=start_time, tags=tags or {})
    points = []
    for key, values in (metrics or {}).items():
        series = values if isinstance(values, Sequence) else [values]
        points += [Point(key, value, step) for step, value in enumerate(series)]
    log_batch(
        run,
        metrics=points,
        params=[Pair(key, value) for key, value in (params or {}).items()],
    )
    if status != "RUNNING":
        update_run(run, status=status, end_time=start_time + duration)
    return run
