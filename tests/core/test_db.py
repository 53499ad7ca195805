import threading

import pytest
from django.db import connection

from core import db
from core.db import GoneMeanwhile, action
from core.errors import Missing, Unavailable
from registry.actions import models as registry_actions
from registry.models import RegisteredModel
from runs import keys
from runs.actions import ingest
from runs.actions.ingest import log_batch
from runs.actions.runs import add_to_model_history, update_run
from runs.actions.runs import set_tag as set_run_tag
from runs.models import Run, RunTag
from tests.support.factories import Pair, make_experiment, make_run


@pytest.fixture(autouse=True)
def forgetful():
    """What a process remembers of a database is wrong of the next test's."""
    yield
    keys.forget()
    ingest.forget()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize(
    "write",
    [
        lambda run: set_run_tag(run, key="team", value="x"),
        lambda run: log_batch(run, params=[Pair("lr", "1")]),
        lambda run: update_run(run, status="FAILED"),
    ],
    ids=["tag", "param", "update"],
)
def test_writing_to_a_run_that_was_removed_meanwhile_says_so(write):
    run = make_run(make_experiment("passing"), "passing")
    Run.objects.filter(pk=run.pk).delete()

    with pytest.raises(Missing):
        write(run)

    assert not connection.in_atomic_block
    assert not RunTag.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_update_of_a_removed_model_says_so():
    workspace = make_experiment("its workspace").workspace
    model = RegisteredModel.objects.create(workspace=workspace, name="passing")
    RegisteredModel.objects.filter(pk=model.pk).delete()

    with pytest.raises(GoneMeanwhile):
        registry_actions.describe_model(model, description="too late")


def test_a_writer_whose_turn_does_not_come_is_told_to_come_again(monkeypatch):
    monkeypatch.setattr(db, "_TURN_SECONDS", 0.05)
    monkeypatch.setattr(db.connection, "vendor", "sqlite", raising=False)
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with db._sqlite_writer:
            held.set()
            free.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)

    @action
    def write() -> None:
        raise AssertionError("it is not its turn")

    try:
        with pytest.raises(Unavailable):
            write()
    finally:
        free.set()
        holder.join()


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["garbage", "5", "null", "[" * 5000])
def test_a_history_of_models_that_is_none_begins_again(text):
    run = make_run(make_experiment("history"))
    set_run_tag(run, key="mlflow.log-model.history", value=text)

    add_to_model_history(run, {"artifact_path": "model"})

    assert run.tags.get(key="mlflow.log-model.history").value == '[{"artifact_path": "model"}]'
