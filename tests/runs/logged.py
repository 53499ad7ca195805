"""What a test has of a run before it looks at the run's pages, logged through the actions."""

from dataclasses import dataclass

from artifacts.paths import ArtifactPath
from experiments.actions import create_experiment
from experiments.models import Experiment
from runs.actions.ingest import MAX_METRICS, log_batch
from runs.actions.runs import create_run
from runs.files import artifact_store, run_store
from runs.models import LoggedModel, Run
from workspaces.models import Workspace

A_MINUTE = 60_000
# 3 March 2026, 14:05:09 UTC.
LONG_AGO = 1_772_546_709_000


@dataclass(frozen=True)
class Point:
    key: str
    value: float
    step: int = 0
    timestamp: int = LONG_AGO
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


@dataclass(frozen=True)
class Text:
    key: str
    value: str


def make_experiment(name: str, *, workspace: str = "default") -> Experiment:
    place, _ = Workspace.objects.get_or_create(slug=workspace, defaults={"name": workspace})
    return create_experiment(workspace=place, name=name)


def make_run(
    experiment: Experiment,
    name: str = "a-run",
    *,
    status: str = "FINISHED",
    start_time: int = LONG_AGO,
    metrics: dict[str, list[float]] | None = None,
    params: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    files: dict[str, bytes | str] | None = None,
) -> Run:
    """A run of one minute; each metric's values are its points from step 0."""
    run = create_run(experiment=experiment, name=name, start_time=start_time, tags=tags or {})
    points = [
        Point(key, value, step, start_time + step)
        for key, values in (metrics or {}).items()
        for step, value in enumerate(values)
    ]
    for some in range(0, len(points), MAX_METRICS):
        log_batch(run, metrics=points[some : some + MAX_METRICS])
    log_batch(run, params=[Text(*pair) for pair in (params or {}).items()])
    Run.objects.filter(pk=run.pk).update(
        status=status, end_time=None if status == "RUNNING" else start_time + A_MINUTE
    )
    run.refresh_from_db()
    for path, content in (files or {}).items():
        write_file(run, path, content)
    return run


def write_file(owner: Run | LoggedModel, path: str, content: bytes | str) -> None:
    raw = content.encode() if isinstance(content, str) else content
    _, root = run_store(owner)
    artifact_store().write(root / ArtifactPath(tuple(path.split("/"))), [raw])
