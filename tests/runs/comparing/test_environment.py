"""Code and environment of compared runs: facts, packages and configuration files."""

import pytest

from runs.comparing.packages import changes, read_environment, read_requirements
from tests.runs.logged import make_experiment, make_run, write_file

COMPARE = "/w/default/compare/code/"


@pytest.fixture
def experiment(db, settings, tmp_path):
    settings.ARTIFACT_ROOT = tmp_path
    return make_experiment("code")


def environment_of(client, *runs, **query):
    ids = ",".join(run.run_id for run in runs)
    response = client.get(COMPARE, {"runs": ids, "order": "given", **query})
    assert response.status_code == 200
    return response


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("numpy==1.26.4", {"numpy": "1.26.4"}),
        (
            "Scikit_Learn[extra] >= 1.3 , <2 ; python_version > '3.8'",
            {"scikit-learn": ">= 1.3 , <2"},
        ),
        ("torch", {"torch": "any version"}),
        ("a==1 # why\n# b==2\n\nc~=3", {"a": "1", "c": "~=3"}),
        ("-r other.txt\n--index-url nowhere\n-e .", {}),
        ("x==1 \\\n  --hash=sha256:abc", {"x": "1"}),
        ("mine @ file:///wheels/mine.whl", {"mine": "@ file:///wheels/mine.whl"}),
        ("\x00\x01 !!", {}),
    ],
)
def test_requirements_are_read_as_pip_reads_them(text, packages):
    assert read_requirements(text) == packages


def test_environments_of_conda_and_of_mlflow_are_read():
    conda = """
name: mlflow-env
channels:
- conda-forge
dependencies:
- python=3.11.7
- pip<=24.0
- pip:
  - mlflow==3.1.0
  - 'numpy==2.0'
"""

    assert read_environment(conda) == {
        "python": "3.11.7",
        "pip": "<=24.0",
        "mlflow": "3.1.0",
        "numpy": "2.0",
    }
    assert read_environment("python: 3.12.1\nbuild_dependencies:\n- pip==24") == {
        "python": "3.12.1",
        "pip": "24",
    }


def test_changes_between_two_environments_are_counted():
    before = {"a": "1", "b": "1", "c": "1"}

    assert changes(before, {"a": "1", "b": "2", "d": "1", "e": "1"}) == (
        "2 added, 1 removed, 1 with another version"
    )
    assert changes(before, before) == ""


def test_packages_that_differ_stand_side_by_side(client, experiment):
    one = make_run(experiment, "one", files={"model/requirements.txt": "numpy==1\nscipy==1\n"})
    two = make_run(experiment, "two", files={"model/requirements.txt": "numpy==2\nscipy==1\nx\n"})
    three = make_run(experiment, "without a list")

    environment = environment_of(client, one, two, three).context["environment"]

    assert environment.packages.summary == "2 of 3 packages differ"
    cells = {row.key: [cell.value for cell in row.cells] for row in environment.packages.rows}
    assert cells == {"numpy": ["1", "2"], "x": [None, "any version"]}
    assert environment.package_changes == [(two, "1 added, 1 with another version")]


def test_the_commit_and_uncommitted_changes_are_compared(client, experiment):
    def tags(commit: str, patch: str) -> dict[str, str]:
        return {
            "mlflow.source.git.commit": commit,
            "mlflow.source.git.branch": "main",
            "mlflow.source.git.diff": patch,
        }

    one = make_run(experiment, "one", tags=tags("a1", "-lr = 0.1\n+lr = 0.2"))
    two = make_run(experiment, "two", tags=tags("b2", "-lr = 0.1\n+lr = 0.3"))

    response = environment_of(client, one, two)

    environment = response.context["environment"]
    assert [row.key for row in environment.facts.rows] == ["Git commit"]
    assert environment.shared_facts == [("Git branch", "main")]
    assert "<del>+lr = 0.<b>2</b></del><ins>+lr = 0.<b>3</b></ins>" in response.text
    code = next(tab for tab in response.context["frame"].tabs if tab.current)
    assert code.count == 2


def test_configuration_files_that_differ_are_shown_word_by_word(client, experiment):
    one = make_run(experiment, "one", files={"config.yaml": "depth: 3\nwidth: 8\n", "a.txt": "x"})
    two = make_run(experiment, "two", files={"config.yaml": "depth: 4\nwidth: 8\n", "a.txt": "x"})
    make_run(experiment, "alone", files={"only.yaml": "1"})

    response = environment_of(client, one, two)

    configs = response.context["environment"].configs
    assert [(config.path, config.versions) for config in configs] == [
        ("config.yaml", 2),
        ("a.txt", 1),
    ]
    assert "<del>depth: <b>3</b></del><ins>depth: <b>4</b></ins>" in response.text
    other = environment_of(client, one, two, path="a.txt")
    assert other.context["environment"].chosen.path == "a.txt"


def test_what_is_too_large_or_no_text_is_no_configuration(client, experiment):
    files = {"big.json": "1" * 70_000, "odd.txt": b"\0\1\2"}
    runs = [make_run(experiment, files=files) for _ in range(2)]

    assert environment_of(client, *runs).context["environment"].configs == []


def test_names_of_files_and_what_is_in_them_is_text(client, experiment):
    odd = "<script>alert(1)</script>"
    runs = [make_run(experiment, odd, files={f"{i}.yaml": f"{odd}{n}" for i in "ab"}) for n in "12"]

    response = environment_of(client, *runs)

    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert" in response.text


def test_files_that_are_kept_elsewhere_are_no_error(client, experiment):
    run = make_run(experiment)
    run.artifact_uri = "s3://bucket/run"
    run.save()
    other = make_run(experiment)
    write_file(other, "config.yaml", "a: 1")

    assert environment_of(client, run, other).context["environment"].chosen is None
