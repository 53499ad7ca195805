"""Every module of the checkout with what it says of itself, for ``docs/development/map.md``."""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# From the top of the house to its ground, and then what stands beside it.
ROOMS = [
    *("tracker", "mlflow_api", "registry", "runs", "experiments", "workspaces", "search"),
    *("artifacts", "core"),
]
BESIDE = ["examples", "benchmarks", "docs", "requirements", "tests/support"]


def python_files() -> list[Path]:
    """Every Python file that git keeps or would keep, below the root of the checkout."""
    listed = subprocess.run(
        # A checkout may belong to another user than the one who tests.
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = sorted(name for name in listed.stdout.split("\0") if name.endswith(".py"))
    return [Path(name) for name in names if (ROOT / name).exists()]


def modules(folder: str) -> list[Path]:
    """The modules below ``folder`` that do something: no migrations, no app configurations."""
    return [
        file
        for file in python_files()
        if file.is_relative_to(folder)
        and "migrations" not in file.parts[1:-1]
        and file.name not in {"__init__.py", "apps.py"}
    ]


def summary(file: Path) -> str:
    """The first sentence of the module's docstring; empty if it has none."""
    words = ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(words.partition("\n\n")[0].split())
    sentence = re.split(r"(?<=[.?!])\s(?=[A-Z])", paragraph)[0]
    # A sentence may end by announcing an example that stands in the next paragraph.
    return sentence.replace("``", "`").replace("|", "\\|").rstrip(":")


def module_map() -> str:
    """One table a room, as Markdown."""
    return "\n".join(_table(folder) for folder in [*ROOMS, *BESIDE] if modules(folder))


def _table(folder: str) -> str:
    rows = [f"| `{file}` | {summary(file)} |" for file in modules(folder)]
    return "\n".join([f"### {folder}", "", "| Module | What it is |", "| --- | --- |", *rows, ""])
