"""What a verb does with what somebody else has changed or removed since it was looked up."""

import pytest

from core.db import GoneMeanwhile
from experiments.actions import (
    delete_experiment,
    describe_metric,
    purge_experiment,
    restore_experiment,
)
from experiments.models import Experiment
from runs.actions.columns import set_default_columns
from runs.actions.runs import delete_run, give_up_run, update_run
from runs.actions.views import change_view, delete_view, overwrite_view, save_view
from runs.models import Run, SavedView
from tests.support.factories import make_experiment, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def experiment() -> Experiment:
    return make_experiment("churn")


@pytest.fixture
def run(experiment) -> Run:
    return make_run(experiment, "kind-owl", status="RUNNING")


def again(run: Run) -> Run:
    """The same run, as another process has it."""
    return Run.objects.select_related("experiment").get(pk=run.pk)


def test_a_new_name_leaves_what_a_client_said_of_the_end(run):
    stale = again(run)
    update_run(run, status="FINISHED", end_time=2_000_000_000_000)

    update_run(stale, name="calm-owl")

    now = again(run)
    assert (now.name, now.status, now.end_time) == ("calm-owl", "FINISHED", 2_000_000_000_000)


def test_a_status_alone_leaves_the_end_and_an_end_the_status(run):
    stale = again(run)
    update_run(run, end_time=1_800_000_000_000)
    update_run(stale, status="KILLED")

    now = again(run)
    assert (now.status, now.end_time) == ("KILLED", 1_800_000_000_000)


def test_a_run_that_has_ended_by_itself_is_not_marked_as_failed(client, run):
    stale = again(run)
    update_run(run, status="FINISHED", end_time=5)

    assert not give_up_run(stale)
    page = client.post(f"/w/default/runs/{run.run_id}/mark-failed/", follow=True)

    assert "kind-owl has ended by itself meanwhile." in page.text
    assert (again(run).status, again(run).end_time) == ("FINISHED", 5)


def test_an_old_undo_of_an_experiment_leaves_the_runs_that_were_deleted_since(client, experiment):
    run = make_run(experiment, "unwanted")
    delete_experiment(experiment)
    restore_experiment(Experiment.objects.get(pk=experiment.pk))
    delete_run(again(run))

    page = client.post(f"/w/default/experiments/{experiment.pk}/restore/", follow=True)

    assert page.status_code == 200
    assert not again(run).is_active


@pytest.fixture
def view(experiment) -> SavedView:
    return save_view(
        workspace=experiment.workspace, experiment=experiment, name="mine", query="q=a"
    )


@pytest.mark.parametrize(
    "verb",
    [
        lambda view: change_view(view, name="other"),
        lambda view: overwrite_view(view, query="q=b"),
    ],
)
def test_a_view_that_was_deleted_meanwhile_is_gone(view, verb):
    SavedView.objects.filter(pk=view.pk).delete()

    with pytest.raises(GoneMeanwhile):
        verb(view)

    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    "verb",
    [
        lambda view: change_view(view, name="other"),
        lambda view: overwrite_view(view, query="q=b"),
        lambda view: delete_view(view),
        lambda view: save_view(
            workspace=view.workspace, experiment=view.experiment, name="new", query=""
        ),
        lambda view: set_default_columns(view.experiment, cols="status"),
        lambda view: describe_metric(
            view.experiment, metric="loss", better="lower", number_format=""
        ),
        lambda view: restore_experiment(view.experiment),
    ],
)
def test_what_is_said_of_an_experiment_that_was_purged_meanwhile_is_refused(view, verb):
    other = Experiment.objects.get(pk=view.experiment_id)
    delete_experiment(other)
    purge_experiment(other)

    with pytest.raises(GoneMeanwhile):
        verb(view)

    assert not Experiment.objects.filter(name="churn").exists()
