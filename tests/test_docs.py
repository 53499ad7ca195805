"""What the documents say is what the code does."""

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from tests.support import module_map
from tests.support.documents import made_parts, with_part
from tests.support.endpoints import mlflow_calls, offered_methods
from tests.support.module_map import ROOT
from tests.support.serving import Server
from tests.test_repository import committed_files, text_of
from tracker.environment import Environment
from tracker.management.commands.settings_table import with_table

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

# Set by the tests alone, and by whoever demands that none is skipped.
_NO_SETTINGS = {"TRACKER_TEST_REQUIRE"}

in_a_checkout = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")


# ------------------------------------------------------------------ What is made from the code


def test_the_table_of_settings_is_the_code():
    document = text_of(ROOT / "docs/settings.md")

    assert with_table(document) == document


@in_a_checkout
@pytest.mark.parametrize("name", ["docs/mlflow-compatibility.md", "docs/development/map.md"])
def test_what_is_made_from_the_code_is_up_to_date(name):
    document = text_of(ROOT / name)

    assert with_part(document, made_parts()[name]()) == document, "run `make docs`"


# ------------------------------------------------------------------ The map


@in_a_checkout
def test_every_module_says_what_it_is_for():
    folders = [*module_map.ROOMS, *module_map.BESIDE]
    files = [file for folder in folders for file in module_map.modules(folder)]

    assert [str(file) for file in files if not module_map.summary(file)] == []


@in_a_checkout
def test_the_map_names_every_folder_and_no_other():
    table = text_of(ROOT / "docs/development/map.md").partition("## Folders")[2]
    named = set(re.findall(r"^\| `([^`]+)/` \|", table, re.MULTILINE))
    tracked = {file.relative_to(ROOT) for file in committed_files()}
    packages = {str(file.parent) for file in tracked if file.suffix == ".py"} - {"."}
    packages = {each for each in packages if not each.startswith("tests/")} | {"tests/support"}
    tops = {file.parts[0] for file in tracked if len(file.parts) > 1}
    tops = {each for each in tops if not each.startswith(".")}

    known = {each for each in packages if not each.endswith("/migrations")} | tops

    assert known - named == set()
    assert [each for each in named if not list(ROOT.glob(each))] == []


# ------------------------------------------------------------------ Names in the text


def code_of(document: Path) -> str:
    """What stands between backticks in a document, one piece a line."""
    text = text_of(document)
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`]+)`", rest)])


_TARGETS = re.compile(r"(?:^|[/\s])make +((?:[a-z-]+ ?)+)", re.MULTILINE)
_FILES = re.compile(r"(?<![\w/.<-])((?:[a-z_.]+/)+[\w.-]+\.(?:py|md|yaml|html|txt|json))(?![\w/])")


def test_every_target_of_make_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {
        (document.name, words)
        for document in DOCUMENTS
        for line in re.findall(
            r"(?:^|[/\s])make +((?:[a-z-]+ ?)+)", code_of(document), re.MULTILINE
        )
        for words in line.split()
    }

    assert len(named) > 10
    assert {each for each in named if each[1] not in targets} == set()


def test_every_setting_that_is_named_exists():
    settings = set(Environment.__struct_fields__) | _NO_SETTINGS
    named = {
        (document.name, name)
        for document in DOCUMENTS
        for name in re.findall(r"\b(?:TRACKER|WEB)_[A-Z_]+\b", text_of(document))
    }

    assert len(named) > 10
    assert {each for each in named if each[1] not in settings} == set()


def test_every_file_that_is_named_exists():
    missing = {
        f"{document.name}: {name}"
        for document in DOCUMENTS
        for name in _FILES.findall(code_of(document))
        if not (ROOT / name).exists() and not (document.parent / name).exists()
    }

    assert {each for each in missing if not each.startswith("clients.md")} == set()


def test_pictures_lead_somewhere_and_are_small():
    readme = text_of(ROOT / "README.md")
    pictures = re.findall(r'(?:src|srcset)="([^"]+)"', readme)

    assert pictures
    for picture in pictures:
        assert (ROOT / picture).stat().st_size < 200_000, picture


def quoted_code() -> list[tuple[str, str]]:
    """The examples of style.md: the file that each is from, and its pieces."""
    text = text_of(ROOT / "docs/development/style.md")
    found = re.findall(r"^From `(.+?)`:\n\n```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [
        (file, piece) for file, block in found for piece in re.split(r"^ *…\n", block, flags=re.M)
    ]


@pytest.mark.parametrize(("file", "piece"), quoted_code())
def test_the_examples_of_style_are_from_the_code(file, piece):
    assert piece.strip("\n") in text_of(ROOT / file)


# ------------------------------------------------------------------ MLflow's calls


@pytest.mark.django_db
def test_every_call_is_answered_or_refused_as_the_list_says():
    client = Client(raise_request_exception=False)

    wrong = [
        f"{call.method} {call.path}: {answer.status_code}"
        for call in mlflow_calls()
        for answer in [client.generic(call.method, call.example, b"{}", "application/json")]
        if call.is_answered == is_unknown(answer)
    ]

    assert wrong == []


def is_unknown(answer: HttpResponseBase) -> bool:
    """Whether the address is not there, or does not take the method."""
    if answer.status_code == 405:
        return True
    words = b"This server does not offer|There is no page at this address"
    return answer.status_code == 404 and re.search(words, answer.content) is not None


def test_the_calls_are_the_installed_packages_own():
    calls = {(call.method, call.path) for call in mlflow_calls()}

    # Of each way in which MLflow declares what it serves: protobuf, Flask, FastAPI.
    assert ("POST", "/api/2.0/mlflow/runs/log-batch") in calls
    assert ("GET", "/get-artifact") in calls
    assert ("POST", "/v1/traces") in calls
    assert offered_methods("/api/2.0/mlflow/experiments/search") == {"GET", "POST"}


# ------------------------------------------------------------------ What readers will type


def script_of(document: Path) -> str:
    """The Python of a document as one script, each line where it stands in the document."""
    lines, is_code = [], False
    for line in text_of(document).splitlines():
        if line.startswith("```"):
            is_code = line == "```python"
            line = ""
        lines.append(line if is_code else "")
    return "\n".join(lines)


def test_the_examples_for_clients_run(server, mlflow_client, tmp_path, monkeypatch):
    document = ROOT / "docs/clients.md"
    script = script_of(document)
    assert script.count("http://127.0.0.1:8000") == 2
    monkeypatch.chdir(tmp_path)

    # Line numbers in a traceback are those of the document.
    code = compile(script.replace("http://127.0.0.1:8000", server.url), str(document), "exec")
    exec(code, {"__name__": "clients"})


def test_the_quick_start_runs(server, mlflow_client, tmp_path, monkeypatch):
    script = script_of(ROOT / "README.md")
    assert "http://127.0.0.1:8000" in script
    monkeypatch.chdir(tmp_path)

    exec(script.replace("http://127.0.0.1:8000", server.url), {"__name__": "quick_start"})

    assert mlflow_client.search_experiments(filter_string="name = 'first steps'")


def test_a_backup_taken_while_the_site_runs_can_be_restored(tmp_path):
    site, backup, restored = (tmp_path / name for name in ["site", "backup", "restored"])
    for folder in [site, backup, restored]:
        folder.mkdir()
    with running(site) as url:
        run_id = post(url, "runs/create", experiment_id="0")["run"]["info"]["run_id"]
        point = {"run_id": run_id, "key": "m", "timestamp": 1}
        post(url, "runs/log-metric", **point, value=1.5)
        put(url, f"0/{run_id}/artifacts/notes.txt", b"kept")

        back_up(site, backup)
        post(url, "runs/log-metric", **point, value=2.5, step=1)

    shutil.copy(backup / "tracker.sqlite3", restored)
    shutil.copytree(backup / "artifacts", restored / "artifacts")
    with running(restored) as url:
        history = get(url, f"mlflow/metrics/get-history?run_id={run_id}&metric_key=m")
        notes = get(url, f"mlflow-artifacts/artifacts/0/{run_id}/artifacts/notes.txt")

    assert [point["value"] for point in json.loads(history)["metrics"]] == [1.5]
    assert notes == b"kept"


def back_up(site: Path, backup: Path) -> None:
    """What deployment.md says, with the command that needs nothing but Python."""
    command = re.search(r"^python3 -c .+VACUUM.+$", text_of(ROOT / "docs/deployment.md"), re.M)
    command = command.group().replace("/var/lib/tracker", str(site))
    subprocess.run(command.replace("/backup", str(backup)), shell=True, check=True)
    shutil.copytree(site / "artifacts", backup / "artifacts")


@contextmanager
def running(data_dir: Path) -> Iterator[str]:
    """The address of a site on SQLite that is served from ``data_dir``."""
    server = Server(data_dir)
    server.migrate()
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def post(url: str, call: str, **fields: object) -> dict:
    request = urllib.request.Request(
        f"{url}/api/2.0/mlflow/{call}",
        json.dumps(fields).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def put(url: str, path: str, content: bytes) -> None:
    address = f"{url}/api/2.0/mlflow-artifacts/artifacts/{path}"
    request = urllib.request.Request(address, content, method="PUT")
    urllib.request.urlopen(request, timeout=30).close()


def get(url: str, call: str) -> bytes:
    with urllib.request.urlopen(f"{url}/api/2.0/{call}", timeout=30) as answer:
        return answer.read()
