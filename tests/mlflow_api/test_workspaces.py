"""Workspaces on the wire: made, merged, removed, and what their artifacts can reach."""

import pytest

from experiments.models import Experiment
from runs.files import artifact_store
from runs.models import Run
from workspaces.models import Workspace

WORKSPACES = "/api/3.0/mlflow/workspaces"
FILES = "/api/2.0/mlflow-artifacts/artifacts"


def inside(slug: str = "team") -> dict[str, str]:
    return {"X-MLFLOW-WORKSPACE": slug}


def make(api, slug: str = "team", **fields: str) -> None:
    response = api.client.post(
        WORKSPACES, {"name": slug, **fields}, content_type="application/json"
    )
    assert response.status_code == 201


def remove(api, mode: str, slug: str = "team"):
    return api.client.delete(f"{WORKSPACES}/{slug}?mode={mode}")


def experiment_with_file(api, slug: str = "team", name: str = "theirs") -> tuple[str, str]:
    """An experiment of a workspace, and the path of a file of a run of it, as clients name it."""
    created = api.send("POST", "experiments/create", {"name": name}, **inside(slug))
    key = created.body["experiment_id"]
    run = api.send("POST", "runs/create", {"experiment_id": key}, **inside(slug))
    place = run.body["run"]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
    path = f"{place}/a.txt"
    assert put(api, path, slug) == 200
    return key, path


def put(api, path: str, slug: str) -> int:
    return api.client.put(
        f"{FILES}/{path}", b"x", "application/octet-stream", headers=inside(slug)
    ).status_code


def fetch(api, path: str, slug: str) -> int:
    return api.client.get(f"{FILES}/{path}", headers=inside(slug)).status_code


def test_where_old_traces_would_go_can_be_said_and_changes_nothing(api):
    make(api, description="d")

    def change(config: object):
        return api.client.patch(
            f"{WORKSPACES}/team", {"trace_archival_config": config}, content_type="application/json"
        )

    said = change({"location": "s3://bucket/old"})

    assert said.json() == {"workspace": {"name": "team", "description": "d"}}
    assert {change({}).status_code, change("x").status_code} == {400}


def test_a_merged_workspace_takes_its_runs_and_their_files_along(api):
    make(api)
    key, path = experiment_with_file(api)

    assert remove(api, "SET_DEFAULT").status_code == 204

    assert api.get("experiments/get", experiment_id=key).body["experiment"]["workspace"] == (
        "default"
    )
    assert fetch(api, path, "default") == 200


def test_a_new_workspace_of_an_old_name_has_nothing_of_the_old_one(api):
    make(api)
    _key, path = experiment_with_file(api)
    remove(api, "SET_DEFAULT")

    make(api)

    assert fetch(api, path, "team") == 404
    assert fetch(api, path.removeprefix("workspaces/team/"), "team") == 404
    assert put(api, path, "team") == 404
    assert fetch(api, path, "default") == 200


def test_a_workspace_goes_with_its_rows_and_its_files_and_no_others(api):
    make(api)
    make(api, "other")
    _key, path = experiment_with_file(api)
    _other_key, other_path = experiment_with_file(api, "other")

    assert remove(api, "CASCADE").status_code == 204

    assert not Workspace.objects.filter(slug="team").exists()
    assert Experiment.objects.filter(name="theirs").count() == 1
    assert Run.objects.count() == 1
    make(api)
    assert fetch(api, path, "team") == 404
    assert fetch(api, other_path, "other") == 200


def test_removing_a_workspace_leaves_a_place_that_was_only_named(api):
    make(api)
    kept = "mlflow-artifacts:/workspaces/team/kept"
    body = {"name": "named", "artifact_location": kept}
    assert api.send("POST", "experiments/create", body, **inside()).status == 200
    assert put(api, "kept/a.txt", "team") == 200

    remove(api, "CASCADE")

    assert [entry.name for entry in artifact_store().list(_path("workspaces/team/kept"))] == [
        "a.txt"
    ]


def test_a_workspace_in_use_is_not_removed(api):
    make(api)
    experiment_with_file(api)

    refused = remove(api, "RESTRICT")

    assert refused.status_code == 400
    assert refused.json()["error_code"] == "INVALID_STATE"
    assert "1 experiment" in refused.json()["message"]


def test_names_that_are_taken_keep_a_workspace_apart(api):
    make(api)
    key, _path = experiment_with_file(api)
    api.experiment("theirs")

    refused = remove(api, "SET_DEFAULT")

    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_STATE")
    assert "'theirs'" in refused.json()["message"]
    assert Experiment.objects.get(pk=key).workspace.slug == "team"


@pytest.mark.parametrize(
    ("slug", "location"),
    [
        ("team", "mlflow-artifacts:/1/r/artifacts"),
        ("team", "mlflow-artifacts:/workspaces/other/1"),
        ("team", "mlflow-artifacts:/workspaces/team/../other/1"),
        ("team", "mlflow-artifacts:/workspaces%2Fother/1"),
        ("default", "mlflow-artifacts:/workspaces/team/1"),
        ("default", "mlflow-artifacts:workspaces/team/1"),
    ],
)
def test_an_experiment_cannot_be_put_among_the_files_of_another_workspace(api, slug, location):
    make(api)
    body = {"name": "x", "artifact_location": location}

    answer = api.send("POST", "experiments/create", body, **inside(slug))

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    ("slug", "status", "words"),
    [
        ("nobody", 404, "Workspace 'nobody' not found"),
        ("No Body", 400, "Workspace name 'No Body' must match"),
        ("-x", 400, "Workspace name '-x' must match"),
        ("default", 200, ""),
        (" ", 200, ""),
    ],
)
@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("experiments/search", {"max_results": 1}),
        ("runs/search", {"experiment_ids": ["0"]}),
        ("registered-models/get-latest-versions", None),
    ],
)
def test_the_header_names_a_workspace_that_there_is(api, call, body, slug, status, words):
    if body is None:
        call, body = "experiments/create", {"name": "x"}

    answer = api.send("POST", call, body, **inside(slug))

    assert answer.status == status
    assert answer.message.startswith(words)


def test_the_client_works_in_a_workspace_that_it_makes(mlflow_client, experiment_name):
    import mlflow

    slug = f"team-{abs(hash(experiment_name)) % 10**9}"
    mlflow.create_workspace(slug, description="ours")
    mlflow.set_workspace(slug)
    try:
        mlflow.set_experiment(experiment_name)
        with mlflow.start_run() as run:
            mlflow.log_metric("m", 1)
            mlflow.log_text("hello", "a.txt")
        text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/a.txt")
    finally:
        mlflow.set_workspace(None)

    assert text == "hello"
    assert slug in {workspace.name for workspace in mlflow.list_workspaces()}
    assert mlflow_client.get_experiment_by_name(experiment_name) is None


def _path(text: str):
    from artifacts.paths import ArtifactPath

    return ArtifactPath.parse(text)
