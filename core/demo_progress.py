"""How far the training of the example runs is, as the training itself writes it down."""

import json
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

FILE_NAME = "demo-progress.json"


@dataclass(frozen=True)
class DemoProgress:
    """``total`` is 0 until it is known how many runs there will be."""

    total: int
    done: int
    text: str
    finished: bool


def progress_file() -> Path:
    """Where the training writes, and the pages read."""
    return settings.DATA_DIR / FILE_NAME


def demo_progress() -> DemoProgress | None:
    """The state of the training; None if it never began."""
    try:
        found = json.loads(progress_file().read_text(encoding="utf-8"))
        return DemoProgress(
            total=int(found["total"]),
            done=int(found["done"]),
            text=str(found["text"]),
            finished=bool(found["finished"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
