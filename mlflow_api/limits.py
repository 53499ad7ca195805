"""What several calls bound, and how they say so."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet

from core.errors import Invalid
from core.paging import Keyset, page_position, page_token

_VIEWS = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY", 3: "ALL"}


class BadLimit(Invalid):
    """A number of results that a call does not give."""


def check_max_results(count: int, limit: int) -> None:
    """Raises ``BadLimit`` unless 1 <= ``count`` <= ``limit``."""
    if count < 1:
        raise BadLimit(
            f"Invalid value {count} for parameter 'max_results' supplied. "
            "It must be a positive integer"
        )
    if count > limit:
        raise BadLimit(
            f"Invalid value {count} for parameter 'max_results' supplied. "
            f"It must be at most {limit}"
        )


def enum_word(given: str | int | None, words: Mapping[int, str]) -> str | int | None:
    """The word of an enum that a client means; it may send the word's number, also as text.

    What is neither comes back: a number as an integer.
    """
    try:
        number = int(given)
    except (TypeError, ValueError):
        return given
    return words.get(number, number)


def in_view(rows: QuerySet, view_type: str | int) -> QuerySet:
    """Those of the stage that ``view_type`` names; an unknown one means the active ones."""
    name = enum_word(view_type, _VIEWS)
    if name == "ALL":
        return rows
    if name == "DELETED_ONLY":
        return rows.filter(lifecycle_stage="deleted")
    return rows.filter(lifecycle_stage="active")


def page_of(
    rows: QuerySet,
    *,
    token: str,
    size: int,
    keyset: Keyset | None = None,
    keys_of: Callable[[Any], tuple] | None = None,
    question: str = "",
) -> tuple[list, str]:
    """The rows of one page, and the token of the next; "" if there is none.

    With the ``keyset`` that ``rows`` are in the order of, and with what a row has in its columns
    by ``keys_of``, pages join although rows come and go. Raises ``core.paging.BadPageToken``.
    """
    position = page_position(token, keyset=keyset, question=question)
    if position.after:
        rows = rows.filter(keyset.after(position.after))
    found = list(rows[position.offset : position.offset + size + 1])
    page = found[:size]
    if len(found) <= size:
        return page, ""
    if keyset is not None:
        return page, page_token(after=keys_of(page[-1]), question=question)
    return page, page_token(position.offset + size, question=question)
