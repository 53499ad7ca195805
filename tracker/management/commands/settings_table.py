"""``manage.py settings_table``: the table of settings in the documents, from the code."""

from pathlib import Path

import msgspec
from django.core.management.base import BaseCommand

from tracker.environment import Environment

_BEGIN, _END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"


def settings_table() -> str:
    """Every setting with its default and its meaning, as a Markdown table."""
    lines = ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    for field in msgspec.structs.fields(Environment):
        default = field.default
        shown = {True: "1", False: "0", "": "(empty)"}.get(default, default)
        meaning = field.type.__metadata__[0].description
        lines.append(f"| `{field.name}` | `{shown}` | {meaning} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """The document ``text`` with the table between its two marks."""
    before, rest = text.split(_BEGIN)
    return before + _BEGIN + settings_table() + _END + rest.split(_END)[1]


class Command(BaseCommand):
    help = "Print the table of settings, or write it into a document between its marks."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--write", type=Path, help="the document to bring up to date")

    def handle(self, *args, write: Path | None, **options) -> None:
        if write is None:
            self.stdout.write(settings_table())
            return
        write.write_text(with_table(write.read_text(encoding="utf-8")), encoding="utf-8")
        self.stdout.write(f"{write} is up to date.")
