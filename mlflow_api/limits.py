"""What several calls bound, and how they say so."""

from django.db.models import QuerySet

from core.errors import Invalid
from core.paging import page_offset, page_token

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


def in_view(rows: QuerySet, view_type: str | int) -> QuerySet:
    """Those of the stage that ``view_type`` names; an unknown one means the active ones."""
    name = _VIEWS.get(view_type, view_type)
    if name == "ALL":
        return rows
    if name == "DELETED_ONLY":
        return rows.filter(lifecycle_stage="deleted")
    return rows.filter(lifecycle_stage="active")


def page_of(rows: QuerySet, *, token: str, size: int) -> tuple[list, str]:
    """The rows of one page, and the token of the next; "" if there is none.

    Raises ``core.paging.BadPageToken``.
    """
    offset = page_offset(token)
    found = list(rows[offset : offset + size + 1])
    return found[:size], page_token(offset + size) if len(found) > size else ""
