"""What holds for the files of the repository themselves."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


def committed_files() -> list[Path]:
    """Every file of the checkout that git keeps or would keep."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    # A checkout may belong to another user than the one who tests, in a container for example.
    git = ["git", "-c", f"safe.directory={ROOT}"]
    listed = subprocess.run(
        [*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [file for file in files if file.is_file()]


def text_of(file: Path) -> str:
    return file.read_bytes().decode("utf-8", errors="ignore")


def matches(pattern: str) -> list[str]:
    """Where ``pattern`` stands in the files, as ``file: what``."""
    return [
        f"{file.relative_to(ROOT)}: {found.group()}"
        for file in committed_files()
        for found in re.finditer(pattern, text_of(file))
    ]


# The words are put together here, so that this file does not name what it looks for.
@pytest.mark.parametrize(
    "host",
    [
        *(f"{name}.org" for name in ["pypi", "pythonhosted", "npmjs"]),
        *(f"{name}.com" for name in ["npmjs", "yarnpkg", "jsdelivr", "unpkg"]),
    ],
)
def test_no_file_names_the_host_of_a_package_index(host):
    assert matches(re.escape(host)) == []


@pytest.mark.parametrize("folder", ["work", "root"])
def test_no_file_names_a_folder_of_the_machine_it_was_written_on(folder):
    # At the start of a path only: "artifacts/root/x" is an address like any other.
    assert matches(rf"(?<![\w.)}}\]>%-])/{folder}/\w+") == []


def test_locks_hold_hashes_and_no_addresses():
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = text_of(lock)
        pins = re.findall(r"^[\w.-]+==\S+", text, re.MULTILINE)
        assert pins, lock
        assert text.count("--hash=sha256:") >= len(pins), lock
        assert not re.search(r"://|--(extra-)?index-url|--find-links", text), lock


def test_every_direct_dependency_is_locked():
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    locked = text_of(ROOT / "requirements/runtime.txt").lower()

    for requirement in wanted:
        name = re.match(r"[\w.-]+", requirement).group().lower()
        assert f"\n{name}==" in f"\n{locked}", name


def test_the_site_is_served_without_the_mlflow_package():
    assert "\nmlflow" not in text_of(ROOT / "requirements/runtime.txt")


def test_links_between_documents_lead_somewhere():
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in committed_files()
        if document.suffix == ".md"
        for target in re.findall(r"\]\(([^)\s]+)\)", text_of(document))
        if not re.match(r"[a-z]+:", target) and not _is_reachable(document, target)
    ]

    assert broken == []


def _is_reachable(document: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = document.parent / name if name else document
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(document: Path) -> set[str]:
    """The names that a reader's browser gives to the headings of a document."""
    headings = re.findall(r"^#+ +(.+?) *$", text_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_make_without_a_target_lists_what_a_developer_types():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    for target in ["run", "test", "check", "fix", "demo", "bench", "docs", "lock", "clean"]:
        assert re.search(rf"^  {target} +\S", listed, re.MULTILINE), target


def test_the_image_takes_along_every_room():
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    rooms = project["tool"]["importlinter"]["root_packages"]
    taken = text_of(ROOT / ".dockerignore").splitlines()

    assert {f"!{room}" for room in [*rooms, "templates", "static"]} <= set(taken)


@pytest.mark.parametrize("name", ["compose.yaml", ".pre-commit-config.yaml"])
def test_the_settings_of_other_tools_can_be_read(name):
    assert yaml.safe_load(text_of(ROOT / name))


def test_the_proxy_sends_on_to_where_the_site_listens():
    port = re.search(r"PORT=(\d+)", text_of(ROOT / "Dockerfile")).group(1)
    services = yaml.safe_load(text_of(ROOT / "compose.yaml"))["services"]

    assert {"database", "site", "proxy"} == set(services)
    assert f"reverse_proxy site:{port}" in text_of(ROOT / "deploy/Caddyfile")


def test_scripts_can_be_run():
    script = ROOT / ".ci/run"

    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)
