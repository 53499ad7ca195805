import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from core.db import action
from core.errors import Refused
from experiments.actions import delete_experiment, purge_experiment
from experiments.models import Experiment
from registry.actions.models import create_model
from registry.models import RegisteredModel
from runs import keys
from runs.actions import ingest
from runs.actions.ingest import log_batch
from runs.actions.runs import create_run
from runs.models import Param, Run
from tests.support.factories import Pair, make_experiment, make_run
from workspaces.actions import delete_workspace_and_contents, merge_into_default
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def forgetful():
    """What a process remembers of a database is wrong of the next test's."""
    yield
    keys.forget()
    ingest.forget()


def delete_and_purge(experiment: Experiment) -> None:
    delete_experiment(experiment)
    purge_experiment(experiment)


def delete_its_workspace(experiment: Experiment) -> None:
    delete_workspace_and_contents(experiment.workspace)


def while_uncommitted(write, verb) -> None:
    """Run ``verb`` beside a transaction that has written, and is committed only later."""
    written, commit = threading.Event(), threading.Event()

    @action
    def slow() -> None:
        write()
        written.set()
        commit.wait(0.3)

    def closing(function) -> None:
        try:
            function()
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        writing = threads.submit(closing, slow)
        assert written.wait(10)
        deleting = threads.submit(closing, verb)
        writing.result(30)
        deleting.result(30)


@pytest.mark.parametrize("verb", [delete_experiment, delete_and_purge, delete_its_workspace])
def test_a_run_that_is_created_meanwhile_is_deleted_with_its_experiment(verb):
    experiment = make_experiment("passing", workspace="passing")
    make_run(experiment)

    while_uncommitted(lambda: create_run(experiment=experiment), lambda: verb(experiment))

    assert not Run.objects.active().exists()
    assert Run.objects.deleted().count() == (2 if verb is delete_experiment else 0)


@pytest.mark.parametrize("verb", [delete_and_purge, delete_its_workspace])
def test_what_is_logged_meanwhile_is_deleted_with_its_run(verb):
    experiment = make_experiment("passing", workspace="passing")
    run = make_run(experiment)

    while_uncommitted(lambda: log_batch(run, params=[Pair("lr", "1")]), lambda: verb(experiment))

    assert not Run.objects.exists()
    assert not Param.objects.exists()


@pytest.mark.parametrize("verb", [delete_experiment, delete_and_purge, delete_its_workspace])
def test_no_run_is_created_in_an_experiment_that_was_deleted_since_it_was_looked_up(verb):
    experiment = make_experiment("passing", workspace="passing")
    stale = Experiment.objects.select_related("workspace").get(pk=experiment.pk)
    verb(experiment)

    with pytest.raises(Refused):
        create_run(experiment=stale)

    assert not Run.objects.exists()


def test_what_is_created_in_a_workspace_meanwhile_is_moved_with_the_rest():
    place = Workspace.objects.create(slug="passing", name="Passing")

    def write() -> None:
        create_model(workspace=place, name="a model")

    try:
        while_uncommitted(write, lambda: merge_into_default(place))
    except Refused:
        # Who was first to lock decides; the model then was never made.
        assert not RegisteredModel.objects.exists()
    assert not Workspace.objects.filter(slug="passing").exists()
    assert all(model.workspace.slug == "default" for model in RegisteredModel.objects.all())
