"""``make test``: the whole suite on SQLite, then what reaches a database on PostgreSQL.

Arguments go to pytest. With ``--engine`` among them only that one runs.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.support.plugin import ENGINES, required
from tests.support.postgres import NoPostgres, find_binaries

# Where what a genuine MLflow server answered is kept from one engine's run to the next: it does
# not depend on our database, and asking costs more than all else.
ANSWERS_VARIABLE = "GENUINE_ANSWERS"

_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def main(arguments: list[str]) -> int:
    if any(argument.startswith("--engine") for argument in arguments):
        return _pytest(arguments)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[ANSWERS_VARIABLE] = str(Path(folder) / "answers.json")
        outcomes = {engine: _run(engine, arguments) for engine in ENGINES}
    print(". ".join(f"{_NAMES[engine]}: {words}" for engine, (_ok, words) in outcomes.items()))
    return 0 if all(ok for ok, _words in outcomes.values()) else 1


def _run(engine: str, arguments: list[str]) -> tuple[bool, str]:
    """Whether that went well, and what to say of it."""
    if engine == "postgresql":
        try:
            find_binaries()
        except NoPostgres as reason:
            return "postgres" not in required(), str(reason)
    started = time.monotonic()
    status = _pytest([f"--engine={engine}", *arguments])
    seconds = f"{time.monotonic() - started:.0f} s"
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        # On SQLite everything runs, so there the selection itself must be wrong.
        return engine != "sqlite", "none of these tests"
    return status == 0, f"passed in {seconds}" if status == 0 else f"FAILED after {seconds}"


def _pytest(arguments: list[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
