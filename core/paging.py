"""Page tokens: opaque to clients, short, and refused with a reason when they are not ours."""

import base64
import binascii
import json

from core.errors import Invalid


class BadPageToken(Invalid):
    """A page token that this server did not make."""


def page_token(offset: int) -> str:
    """The token of the page that starts at ``offset``."""
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode()


def page_offset(token: str | None) -> int:
    """Where the page of ``token`` starts; no token is the first page. Raises ``BadPageToken``."""
    if not token:
        return 0
    try:
        text = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        raise BadPageToken("Invalid page token, could not base64-decode") from None
    try:
        offset = json.loads(text)["offset"]
    except (ValueError, KeyError, TypeError):
        raise BadPageToken(f"Invalid page token, decoded value={text!r}") from None
    if not isinstance(offset, int) or isinstance(offset, bool) or not 0 < offset < 2**63:
        raise BadPageToken(f"Invalid page token, decoded value={text!r}")
    return offset
