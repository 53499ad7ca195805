"""A nightly job: a run a night, one that somebody stopped, and one that is still going."""

from functools import partial

import mlflow
import numpy as np
from mlflow.tracking import MlflowClient
from mlflow.tracking.context.registry import resolve_tags
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from examples.clock import days_ago
from examples.plan import Example, Report, Training

EPOCHS = 60
STOPPED_AFTER = 22
REACHED_TONIGHT = 34


def train_night(night: int, epochs: int, status: str, note: str, report: Report) -> None:
    """Train for so many epochs of the planned sixty, then end the run with ``status``.

    With ``RUNNING`` the run is left open, as it is while a script is at work.
    """
    name = f"nightly {night}"
    client = MlflowClient()
    experiment = mlflow.get_experiment_by_name(EXAMPLE.name)
    about = {"team": "platform", "dataset": "iris", "trigger": "cron"}
    if note:
        about["mlflow.note.content"] = note
    # Not mlflow.start_run(): the fluent functions end every run when the script
    # ends, and one of these is to stay open.
    run = client.create_run(experiment.experiment_id, run_name=name, tags=resolve_tags(about))
    run_id = run.info.run_id
    params = {"seed": night, "learning_rate": 0.01, "hidden_units": 8, "epochs": EPOCHS}
    for key, value in params.items():
        client.log_param(run_id, key, value)

    x, y = load_iris(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        StandardScaler().fit_transform(x), y, test_size=0.4, stratify=y, random_state=night
    )
    model = MLPClassifier((8,), learning_rate_init=0.01, batch_size=16, random_state=night)
    for epoch in range(1, epochs + 1):
        model.partial_fit(x_train, y_train, classes=np.unique(y))
        probability = model.predict_proba(x_test)
        accuracy = accuracy_score(y_test, probability.argmax(axis=1))
        metrics = {
            "train/loss": model.loss_,
            "val/loss": log_loss(y_test, probability),
            "val/accuracy": accuracy,
        }
        mlflow.log_metrics(metrics, step=epoch, run_id=run_id)
    if status != "RUNNING":
        client.set_terminated(run_id, status)
    report(name, f"{status.lower()}, val/accuracy {accuracy:.3f}")


def nights() -> list[Training]:
    """Six nights and today. They count on, so the seed of each is the number of the night."""
    trainings = []
    for days in range(6, 0, -1):
        night = 47 - days
        stopped = days == 3
        status = "KILLED" if stopped else "FINISHED"
        trainings.append(
            Training(
                key=f"night-{night}",
                author="scheduler",
                started=days_ago(days, "02:00"),
                train=partial(
                    train_night,
                    night,
                    STOPPED_AFTER if stopped else EPOCHS,
                    status,
                    "Stopped by hand: the machine was needed for the sweep." if stopped else "",
                ),
                ends=(status,),
                quick=stopped,
            )
        )
    tonight = partial(
        train_night,
        47,
        REACHED_TONIGHT,
        "RUNNING",
        "Left open on purpose, to show what a run at work looks like.",
    )
    # It is left running, and whoever looks at it may well end it, one way or another.
    trainings.append(
        Training(
            key="night-47",
            author="scheduler",
            train=tonight,
            ends=("RUNNING", "FINISHED", "FAILED", "KILLED"),
            quick=True,
        )
    )
    return trainings


EXAMPLE = Example(
    name="iris-nightly",
    script="iris_nightly.py",
    description=(
        "Does training still work? A small network learns the irises every night at two, each "
        "night with another seed and another split. A drop here means that something else "
        "changed."
    ),
    tags={
        "team": "platform",
        "mlflow.experiment.primaryMetric.name": "val/accuracy",
        "mlflow.experiment.primaryMetric.greaterIsBetter": "True",
    },
    trainings=nights(),
)
