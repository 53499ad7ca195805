"""The example runs that a first start trains, in the background, through the site's own door."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from core.demo_progress import demo_progress, progress_file
from experiments.models import Experiment
from runs.models import Run

LOG_FILE = "demo.log"


def is_wanted() -> bool:
    """Whether this is a site that nobody has used yet, or whose examples were interrupted."""
    progress = demo_progress()
    if progress is not None:
        return not progress.finished
    return not Run.objects.exists() and Experiment.objects.count() <= 1


def start_training(*, checkout: Path, log_file: Path, port: int) -> str | None:
    """Train the examples in the background once the site answers.

    Returns why that cannot be done, or None if it is under way. They need the full MLflow client,
    which the site itself does without: ``make demo`` installs it into an environment of its own.
    """
    if not (checkout / "Makefile").exists() or shutil.which("make") is None:
        return "they are trained by `make demo`, which needs a checkout and make"
    if demo_progress() is None:
        _announce("Installing the MLflow client that trains the example runs")
    with open(log_file, "ab") as log:
        subprocess.Popen(
            [
                "make",
                "--no-print-directory",
                "demo",
                f"PORT={port}",
                f"PYTHON={sys.executable}",
                f"DEMO_ARGS=--progress-file {shlex.quote(str(progress_file()))}",
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


def _announce(text: str) -> None:
    progress = {"total": 0, "done": 0, "text": text, "finished": False}
    progress_file().write_text(json.dumps(progress), encoding="utf-8")
