"""The example runs that a first start trains, in the background, through the site's own door."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from experiments.models import Experiment
from runs.models import Run

PROGRESS_FILE = "demo-progress.json"
LOG_FILE = "demo.log"


def is_wanted(data_dir: Path) -> bool:
    """Whether this is a site that nobody has used yet, or whose examples were interrupted."""
    progress = _read(data_dir / PROGRESS_FILE)
    if progress is not None:
        return not progress.get("finished")
    return not Run.objects.exists() and Experiment.objects.count() <= 1


def start_training(*, checkout: Path, data_dir: Path, port: int) -> str | None:
    """Train the examples in the background once the site answers.

    Returns why that cannot be done, or None if it is under way. They need the full MLflow client,
    which the site itself does without: ``make demo`` installs it into an environment of its own.
    """
    if not (checkout / "Makefile").exists() or shutil.which("make") is None:
        return "they are trained by `make demo`, which needs a checkout and make"
    progress = data_dir / PROGRESS_FILE
    if _read(progress) is None:
        _write(progress, text="Installing the MLflow client that trains the example runs")
    with open(data_dir / LOG_FILE, "ab") as log:
        subprocess.Popen(
            [
                "make",
                "--no-print-directory",
                "demo",
                f"PORT={port}",
                f"PYTHON={sys.executable}",
                f"DEMO_ARGS=--progress-file {shlex.quote(str(progress))}",
            ],
            cwd=checkout,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_clean_environment(),
        )
    return None


def _clean_environment() -> dict[str, str]:
    """Ours without what would make another Python look into our own packages."""
    ours = {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "DJANGO_SETTINGS_MODULE"}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith(("MAKE", "MFLAGS", "WEB_"))
    }


def _read(path: Path) -> dict | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, *, text: str) -> None:
    progress = {"total": 0, "done": 0, "text": text, "finished": False}
    path.write_text(json.dumps(progress), encoding="utf-8")
