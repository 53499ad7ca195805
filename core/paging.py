"""Page tokens: opaque to clients, short, and refused with a reason when they are not ours.

A list in an order of its own goes on by offset. A list in an order by columns that never change
goes on after the last row that was given, so that what is created meanwhile moves nothing.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from core.errors import Invalid

Key = int | str

_INT64 = range(-(2**63), 2**63)


class BadPageToken(Invalid):
    """A page token that this server did not make, or made for another question."""


@dataclass(frozen=True)
class Keyset:
    """An order by columns that never change and that together tell every row from the others.

    ``columns`` are as for ``order_by``; ``kinds`` are the types of their values.
    """

    columns: tuple[str, ...]
    kinds: tuple[type, ...]

    def after(self, values: Sequence[Key]) -> Q:
        """What comes after the row that has these values."""
        condition, same = Q(), Q()
        for column, value in zip(self.columns, values, strict=True):
            name = column.removeprefix("-")
            beyond = "lt" if column.startswith("-") else "gt"
            condition |= same & Q((f"{name}__{beyond}", value))
            same &= Q((name, value))
        # Said once more of the first column alone, for the sake of the index.
        first = self.columns[0].removeprefix("-")
        bound = "lte" if self.columns[0].startswith("-") else "gte"
        return Q((f"{first}__{bound}", values[0])) & condition

    def fits(self, values: object) -> bool:
        """Whether ``values``, out of a token, can be those of a row."""
        return (
            isinstance(values, list)
            and len(values) == len(self.kinds)
            and all(type(value) is kind for value, kind in zip(values, self.kinds, strict=True))
            and all(value in _INT64 for value in values if isinstance(value, int))
            and not any("\x00" in value for value in values if isinstance(value, str))
        )


@dataclass(frozen=True)
class Position:
    """Where a page begins: at an offset, or after the row with certain values."""

    offset: int = 0
    after: tuple[Key, ...] = ()


def page_token(offset: int = 0, *, after: Sequence[Key] = (), question: str = "") -> str:
    """The token of the page that starts there; ``question`` says what was asked."""
    content = {"after": list(after)} if after else {"offset": offset}
    if question:
        content["question"] = question
    return base64.b64encode(json.dumps(content).encode()).decode()


def page_offset(token: str | None) -> int:
    """Where the page of ``token`` starts; no token is the first page. Raises ``BadPageToken``."""
    return page_position(token).offset


def page_position(
    token: str | None, *, keyset: Keyset | None = None, question: str = ""
) -> Position:
    """Where the page of ``token`` starts; no token is the first page.

    Raises ``BadPageToken``, also when the token is of a list in another order or of another
    ``question``.
    """
    if not token:
        return Position()
    try:
        text = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        raise BadPageToken("Invalid page token, could not base64-decode") from None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise BadPageToken(f"Invalid page token, decoded value={text!r}") from None
    if isinstance(content, dict):
        if content.get("question", "") != question:
            raise BadPageToken(
                "Invalid page token: it is of another search. The experiments, the filter and "
                "the order must stay the same from page to page."
            )
        after, offset = content.get("after"), content.get("offset")
        if keyset is not None and keyset.fits(after):
            return Position(after=tuple(after))
        if type(offset) is int and 0 < offset < 2**63:
            return Position(offset)
    raise BadPageToken(f"Invalid page token, parsed value={content!r}")
