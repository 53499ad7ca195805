"""Saved views as a file that people keep, read and take to another workspace."""

from collections.abc import Iterable

import msgspec
from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict

from core.errors import Invalid
from runs.models import SavedView
from runs.saved_views import kept_query

MAX_FILE_VIEWS = 1_000


class NotAViewFile(Invalid):
    """The file is not one that the list of views exports."""


class ViewEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One view in a file. Without ``experiment``, its name, the view is of all runs."""

    name: str
    query: str
    experiment: str | None = None
    default: bool = False


class ViewFile(msgspec.Struct, frozen=True):
    views: list[ViewEntry]


def view_file(views: Iterable[SavedView]) -> bytes:
    """The views as JSON, in lines that a version control can compare."""
    entries = [
        ViewEntry(
            name=view.name,
            query=view.query,
            experiment=view.experiment.name if view.experiment else None,
            default=view.is_default,
        )
        for view in views
    ]
    return msgspec.json.format(msgspec.json.encode(ViewFile(entries)), indent=2) + b"\n"


def read_view_file(content: bytes) -> list[ViewEntry]:
    """What a file says, each query as an address would have it. Raises ``NotAViewFile``."""
    try:
        entries = msgspec.json.decode(content, type=ViewFile).views
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise NotAViewFile(f"This is no file of views: {fault}.") from None
    if len(entries) > MAX_FILE_VIEWS:
        raise NotAViewFile(
            f"A file has at most {MAX_FILE_VIEWS:,} views; this has {len(entries):,}."
        )
    return [msgspec.structs.replace(each, query=_readable(each)) for each in entries]


def _readable(entry: ViewEntry) -> str:
    try:
        return kept_query(QueryDict(entry.query))
    except (ValueError, SuspiciousOperation):
        raise NotAViewFile(f"The query of {entry.name[:80]!r} cannot be read.") from None
