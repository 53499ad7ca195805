"""Trains what is not there yet.

Every run carries the tag ``tracker.example``, with its example and its key. So a
second call can tell what to skip, and, by a run's status, what an interrupted one
left behind: that goes to the trash and is trained again. What somebody has deleted
stays deleted.
"""

import contextlib
import json
import os
from collections.abc import Iterator

import mlflow
from mlflow.entities import Experiment, LifecycleStage, Run, ViewType
from mlflow.tracking import MlflowClient

from examples import clock
from examples.plan import Example, Training
from examples.progress import Progress

EXAMPLE_TAG = "tracker.example"


def run_example(client: MlflowClient, example: Example, *, quick: bool, progress: Progress) -> None:
    """Train the runs of ``example`` that the server does not have.

    An error in one training is reported and leaves the others alone. An
    experiment that somebody has deleted is not brought back.
    """
    experiment = _experiment(client, example)
    trainings = example.chosen(quick=quick)
    if experiment.lifecycle_stage == LifecycleStage.DELETED:
        runs = sum(training.runs for training in trainings)
        progress.already_there(example.name, "(in the trash)", runs=runs)
        return
    mlflow.set_experiment(experiment_id=experiment.experiment_id)
    for training in trainings:
        try:
            _train_once(client, experiment, example, training, progress)
        except Exception as error:
            progress.failed(example.name, training.key, error)
        finally:
            _end_open_runs()


def _train_once(
    client: MlflowClient,
    experiment: Experiment,
    example: Example,
    training: Training,
    progress: Progress,
) -> None:
    label = f"{example.name}/{training.key}"
    tagged = client.search_runs(
        [experiment.experiment_id],
        filter_string=f"tags.`{EXAMPLE_TAG}` = '{label}'",
        run_view_type=ViewType.ALL,
    )
    if any(_is_complete(run, training) for run in tagged):
        progress.already_there(example.name, training.key, runs=training.runs)
        return
    for leftover in tagged:
        if leftover.info.lifecycle_stage == LifecycleStage.ACTIVE:
            client.delete_run(leftover.info.run_id)

    context = {
        "mlflow.user": training.author,
        "mlflow.source.name": example.script,
        EXAMPLE_TAG: label,
    }
    done_before = progress.done
    with _run_context(context), clock.starting_at(training.started):
        training.train(lambda run, result: progress.run_done(example.name, run, result))
    made = progress.done - done_before
    if made != training.runs:
        raise ValueError(f"{label} promises {training.runs} runs and made {made}")


def _is_complete(run: Run, training: Training) -> bool:
    # Of a search the parent ends last, so its end vouches for the children.
    return run.info.status in training.ends and "mlflow.parentRunId" not in run.data.tags


def _experiment(client: MlflowClient, example: Example) -> Experiment:
    found = client.get_experiment_by_name(example.name)
    if found is None:
        tags = {"mlflow.note.content": example.description, **example.tags}
        found = client.get_experiment(client.create_experiment(example.name, tags=tags))
    return found


@contextlib.contextmanager
def _run_context(tags: dict[str, str]) -> Iterator[None]:
    """Give ``tags`` to every run begun inside, those that autologging begins included."""
    os.environ["MLFLOW_RUN_CONTEXT"] = json.dumps(tags)
    try:
        yield
    finally:
        del os.environ["MLFLOW_RUN_CONTEXT"]


def _end_open_runs() -> None:
    while mlflow.active_run():
        mlflow.end_run("FAILED")
