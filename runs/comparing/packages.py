"""Which Python packages a run used, read from the lists that MLflow writes beside a model.

``requirements.txt`` (PEP 508), ``conda.yaml`` and ``python_env.yaml`` are read line by line: each
names one package a line, and whatever else stands there is left out.
"""

import re
from collections.abc import Mapping

from runs.comparing.shelves import Shelf

LISTS = ("requirements.txt", "python_env.yaml", "conda.yaml")

# A name, perhaps extras, and perhaps which versions will do.
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(?P<version>(===|==|~=|!=|<=|>=|<|>|=|@)"
    r"[^;#]*)?"
)
_ANY = "any version"
_MAX_LISTS = 20


def packages_of(shelf: Shelf) -> dict[str, str]:
    """The versions by package, in PEP 503's spelling; of several lists the shallowest counts."""
    found: dict[str, str] = {}
    paths = [path for path in shelf.entries if path.rpartition("/")[2] in LISTS]
    paths.sort(key=lambda path: (path.count("/"), LISTS.index(path.rpartition("/")[2]), path))
    for path in paths[:_MAX_LISTS]:
        text = shelf.text(path)
        if text is None:
            continue
        read = read_requirements if path.endswith(".txt") else read_environment
        for name, version in read(text).items():
            found.setdefault(name, version)
    return found


def read_requirements(text: str) -> dict[str, str]:
    """The packages of a requirements file."""
    found = {}
    # A line may go on below: hashes do.
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.split(" --")[0].strip()
        if stripped and not stripped.startswith(("#", "-")):
            found |= _package(stripped)
    return found


def read_environment(text: str) -> dict[str, str]:
    """The packages of a conda or MLflow environment, and its Python."""
    found = {}
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("python:"):
            found["python"] = stripped.partition(":")[2].strip().strip("'\"")
        elif stripped.startswith("- ") and not stripped.endswith(":"):
            found |= _package(stripped[2:].strip().strip("'\""))
    # Channels are listed like packages.
    for channel in ("conda-forge", "defaults"):
        found.pop(channel, None)
    return found


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Such as "1 added, 2 removed, 3 with another version"; empty if nothing changed."""
    added = len(after.keys() - before.keys())
    removed = len(before.keys() - after.keys())
    other = sum(before[name] != after[name] for name in before.keys() & after.keys())
    words = [
        f"{added} added" if added else "",
        f"{removed} removed" if removed else "",
        f"{other} with another version" if other else "",
    ]
    return ", ".join(filter(None, words))


def _package(text: str) -> dict[str, str]:
    match = _REQUIREMENT.match(text)
    if match is None:
        return {}
    name = re.sub(r"[-_.]+", "-", match["name"]).lower()
    version = (match["version"] or "").strip()
    exact = re.fullmatch(r"={1,3}\s*([^,=*\s]+)(=\S*)?", version)
    return {name: exact[1] if exact else version or _ANY}
