"""The parts of the documents that are made from the code: ``python -m tests.support.documents``."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[2]

_BEGIN, _END = "<!-- made from the code: begin -->\n", "<!-- made from the code: end -->\n"


def made_parts() -> dict[str, Callable[[], str]]:
    """The documents that have such a part, each with what makes it."""
    from tests.support.endpoints import compatibility_table
    from tests.support.module_map import module_map

    return {
        "docs/mlflow-compatibility.md": compatibility_table,
        "docs/development/map.md": module_map,
    }


def with_part(text: str, part: str) -> str:
    """The document ``text`` with ``part`` between its two marks."""
    before, rest = text.split(_BEGIN)
    return before + _BEGIN + "\n" + part + "\n" + _END + rest.split(_END)[1]


def main() -> int:
    """Bring every document up to date and name those that were not."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    django.setup()
    for name, make in made_parts().items():
        document = ROOT / name
        text = document.read_text(encoding="utf-8")
        updated = with_part(text, make())
        if updated != text:
            document.write_text(updated, encoding="utf-8")
            print(f"{name} is brought up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
