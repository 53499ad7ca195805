import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.paths import ArtifactPath
from core.errors import Unavailable
from experiments.actions import DefaultExperiment, delete_experiment, purge_experiment
from experiments.models import Experiment
from registry.actions.models import create_model
from registry.actions.versions import create_version
from runs import trash
from runs.actions.bulk import purge_runs
from runs.actions.runs import delete_run, restore_run
from runs.files import artifact_store, run_folder
from runs.models import Metric, MetricStat, Param, Run, RunTag, Selection
from tests.runs.test_selection import send
from tests.support.factories import make_experiment, make_run
from workspaces.models import Workspace

TRASH = "/w/default/trash/"


@pytest.fixture
def experiment(db):
    return make_experiment("churn")


def trashed(experiment, name: str = "", **kwargs) -> Run:
    run = make_run(experiment, name, **kwargs)
    delete_run(run)
    return run


def names(response) -> list[str]:
    """The runs in the Trash, from top to bottom."""
    return re.findall(r"Tick (?!all)(.*?)<", response.text)


def write_file(run: Run, name: str = "model.pkl") -> ArtifactPath:
    path = run_folder(run) / "artifacts" / name
    artifact_store().write(path, [b"bytes"])
    return path


def test_the_trash_has_deleted_runs_and_experiments_the_last_deleted_first(client, experiment):
    first, second = trashed(experiment, "first"), trashed(experiment, "second")
    Run.objects.filter(pk=first.pk).update(deleted_time=1_700_000_000_000)
    make_run(experiment, "kept")
    gone = make_experiment("gone")
    make_run(gone, "inside")
    delete_experiment(gone)
    trashed(make_experiment("theirs", workspace="other"), "theirs")

    page = client.get(TRASH)

    assert names(page) == ["second", "first"]
    assert "gone" in page.text
    assert "inside" not in page.text
    assert "14 Nov 2023" in page.text
    assert second.get_absolute_url() in page.text


def test_an_experiment_has_a_trash_of_its_own(client, experiment):
    trashed(experiment, "ours")
    trashed(make_experiment("other"), "another")

    page = client.get(f"/w/default/experiments/{experiment.pk}/trash/")

    assert names(page) == ["ours"]
    assert client.get(f"/w/other/experiments/{experiment.pk}/trash/").status_code == 404


def test_the_trash_of_an_experiment_in_the_trash_is_its_list(client, experiment):
    make_run(experiment)
    delete_experiment(experiment)

    response = client.get(f"/w/default/experiments/{experiment.pk}/trash/")

    assert response.url == f"/w/default/experiments/{experiment.pk}/"


def test_an_empty_trash_says_so(client, experiment):
    assert "The Trash is empty" in client.get(TRASH).text
    assert "The Trash is empty" in client.get(f"/w/default/experiments/{experiment.pk}/trash/").text


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"run": ["a", "b"]}, ["c"]),
        ({"only": "b", "run": ["a"]}, ["c", "a"]),
        ({"all": "1"}, []),
        ({}, ["c", "b", "a"]),
        ({"run": ["\x00", "nothing"]}, ["c", "b", "a"]),
    ],
)
def test_runs_are_restored_and_that_can_be_undone(client, experiment, fields, left):
    runs = {name: trashed(experiment, name) for name in "abc"}
    for time, run in enumerate(runs.values()):
        Run.objects.filter(pk=run.pk).update(deleted_time=time)
    ids = {name: run.run_id for name, run in runs.items()}
    fields = {
        key: [ids.get(each, each) for each in value] if key == "run" else ids.get(value, value)
        for key, value in fields.items()
    }

    page = client.post(f"{TRASH}restore/", fields, follow=True)

    assert names(page) == left
    undo = re.search(r'action="(/w/default/undo/[^"]+)"', page.text)
    assert (undo is None) == (len(left) == 3)
    if undo:
        client.post(undo.group(1))
        assert len(names(client.get(TRASH))) == 3


def test_runs_go_for_good_with_their_rows_and_files_once_their_number_is_typed(client, experiment):
    run = make_run(
        experiment, "doomed", metrics={"m": [1.0, 2.0]}, params={"p": "1"}, tags={"t": "x"}
    )
    other = make_run(experiment, "other", metrics={"m": 1.0})
    gone, kept = write_file(run), write_file(other)
    send(client, f"/w/default/experiments/{experiment.pk}/", ticked=[run, other])
    delete_run(run)

    asking = client.post(f"{TRASH}delete-forever/", {"run": run.run_id})
    assert asking.status_code == 200
    assert "Delete 1 run forever?" in asking.text
    wrong = client.post(f"{TRASH}delete-forever/", {"run": run.run_id, "count": "2"})
    assert wrong.status_code == 422
    assert "This is not the number of items." in wrong.text
    assert Run.objects.count() == 2

    done = client.post(f"{TRASH}delete-forever/", {"run": run.run_id, "count": "1"}, follow=True)

    assert "Deleted 1 item for good" in done.text
    assert Run.objects.get() == other
    for table in (Metric, MetricStat, Param, RunTag):
        assert set(table.objects.values_list("run", flat=True)) <= {other.pk}
    assert Selection.objects.get().runs.get() == other
    assert artifact_store().stat(gone) is None
    assert artifact_store().stat(ArtifactPath(gone.parts[:-2])) is None
    assert artifact_store().stat(kept) is not None


def test_before_files_go_it_is_said_how_much_they_hold(client, experiment, monkeypatch):
    small, large = trashed(experiment, "small"), trashed(experiment, "large")
    write_file(small)
    for name in ("a", "deep/b"):
        artifact_store().write(run_folder(large) / "artifacts" / name, [b"x" * 1000])
    url, both = TRASH + "delete-forever/", {"run": [small.run_id, large.run_id]}

    whole = client.post(url, both).text
    nothing = client.post(url, {"run": trashed(experiment, "empty").run_id}).text
    monkeypatch.setattr(trash, "_MEASURED_RUNS", 1)
    part = client.post(url, both).text

    assert "<b>2.0 kB</b> of files would be freed" in whole
    assert "More than" not in whole
    assert "would be freed" not in nothing
    assert "More than <b>" in part


def test_only_what_is_in_the_trash_goes_for_good(client, experiment):
    active = make_run(experiment)
    restored = trashed(experiment)
    asking = client.post(f"{TRASH}delete-forever/", {"run": [active.run_id, restored.run_id]})
    restore_run(restored)

    done = client.post(
        f"{TRASH}delete-forever/", {"run": [active.run_id, restored.run_id], "count": "1"}
    )

    assert "Delete 1 run forever?" in asking.text
    assert done.url == TRASH
    assert Run.objects.active().count() == 2
    assert purge_runs([active.pk]) == []


def test_what_is_deleted_while_one_reads_is_not_among_all(client, experiment):
    old, new = trashed(experiment, "old"), trashed(experiment, "new")
    Run.objects.filter(pk=old.pk).update(deleted_time=1000)
    Run.objects.filter(pk=new.pk).update(deleted_time=3000)

    client.post(f"{TRASH}delete-forever/", {"all": "2000", "count": "1"})

    assert names(client.get(TRASH)) == ["new"]


def test_more_than_go_at_once_are_said_and_the_oldest_go_first(client, experiment, monkeypatch):
    monkeypatch.setattr(trash, "MAX_PURGED", 2)
    for index in range(3):
        run = trashed(experiment, f"r{index}")
        Run.objects.filter(pk=run.pk).update(deleted_time=index)

    asking = client.post(f"{TRASH}delete-forever/", {"all": "2000"})
    client.post(f"{TRASH}delete-forever/", {"all": "2000", "count": "2"})

    assert "1 more stay in the Trash" in asking.text
    assert names(client.get(TRASH)) == ["r2"]


@pytest.mark.parametrize(
    "uri",
    [
        "mlflow-artifacts:/shared/artifacts",
        "s3://bucket/{id}/artifacts",
        "/tmp/{id}",
        "mlflow-artifacts:/../{id}",
    ],
)
def test_files_that_are_not_in_the_run_s_own_folder_stay(client, experiment, uri):
    shared = ArtifactPath.parse("shared/artifacts/file")
    artifact_store().write(shared, [b"bytes"])
    run = trashed(experiment)
    Run.objects.filter(pk=run.pk).update(artifact_uri=uri.format(id=run.run_id))

    client.post(f"{TRASH}delete-forever/", {"run": run.run_id, "count": "1"})

    assert Run.objects.count() == 0
    assert artifact_store().stat(shared) is not None


def test_registered_versions_that_would_lose_their_files_are_named(client, experiment):
    run, other = trashed(experiment), trashed(experiment)
    workspace = Workspace.objects.get(slug="default")
    model = create_model(workspace=workspace, name="churn-model")
    create_version(model, source=f"runs:/{run.run_id}/model", run_id=run.run_id)
    create_version(model, source=f"{run.artifact_uri}/model", run_id=run.run_id)
    create_version(model, source="s3://elsewhere/model", run_id=run.run_id)

    page = client.post(f"{TRASH}delete-forever/", {"run": run.run_id})
    unused = client.post(f"{TRASH}delete-forever/", {"run": other.run_id})

    assert "2 registered versions would lose their files" in page.text
    assert "churn-model v1" in page.text
    assert "churn-model v2" in page.text
    assert "churn-model v3" not in page.text
    assert "registered version" not in unused.text
    client.post(f"{TRASH}delete-forever/", {"run": run.run_id, "count": "1"})
    assert [version.run for version in model.versions.all()] == [None, None, None]


def test_an_experiment_goes_for_good_with_its_runs_and_its_folder(client, db):
    experiment = make_experiment("gone")
    files = [write_file(make_run(experiment)), write_file(make_run(experiment))]
    delete_experiment(experiment)
    fields = {"experiment": str(experiment.pk)}

    asking = client.post(f"{TRASH}delete-forever/", fields)
    wrong = client.post(f"{TRASH}delete-forever/", fields | {"count": "2"})
    done = client.post(f"{TRASH}delete-forever/", fields | {"count": "3"}, follow=True)

    assert "the experiment and 2 runs" in asking.text
    assert wrong.status_code == 422
    assert "Deleted 3 items for good" in done.text
    assert not Experiment.objects.filter(name="gone").exists()
    assert Run.objects.count() == 0
    for path in files:
        assert artifact_store().stat(ArtifactPath(path.parts[:1])) is None
    make_experiment("gone")


def test_the_default_experiment_and_one_that_is_in_use_stay(client, experiment):
    default = Experiment.objects.get(pk=0)
    delete_experiment(default)

    refused = client.post(f"{TRASH}delete-forever/", {"experiment": "0", "count": "1"})
    active = client.post(
        f"{TRASH}delete-forever/", {"experiment": str(experiment.pk), "count": "1"}
    )

    assert refused.status_code == 400
    assert active.url == TRASH
    assert Experiment.objects.count() == 2
    with pytest.raises(DefaultExperiment):
        purge_experiment(default)


def test_a_store_that_does_not_answer_leaves_files_and_no_rows(client, experiment, monkeypatch):
    run = trashed(experiment)
    write_file(run)

    def refuse(path):
        raise Unavailable("The disk is gone.")

    monkeypatch.setattr(artifact_store(), "delete", refuse)

    done = client.post(f"{TRASH}delete-forever/", {"run": run.run_id, "count": "1"}, follow=True)

    assert "Deleted 1 item for good" in done.text
    assert Run.objects.count() == 0


def test_more_runs_in_the_trash_do_not_mean_more_queries(client, experiment):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(TRASH)
        return len(seen)

    trashed(experiment)
    few = queries()
    for _ in range(10):
        trashed(experiment)

    assert queries() == few
