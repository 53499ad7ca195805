"""Times and lengths of time as people write them, in milliseconds."""

import re
from datetime import UTC, datetime, timedelta

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
# Longer than any run, and short enough that a sum with a time is still an integer of 64 bits.
_LONGEST = 10**15

_LENGTH = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*(ms|[smhdw])", re.ASCII)
_DATE = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:\.\d{1,6})?)?)?Z?", re.ASCII
)


def length_of_time(text: str) -> int | None:
    """What ``90s``, ``5m`` or ``1.5h`` is in milliseconds; None if the text is no such thing."""
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        return None
    length = float(match[1]) * UNITS[match[2]]
    return round(length) if length <= _LONGEST else None


def span_of_date(text: str) -> tuple[int, int] | None:
    """The first and the last millisecond of the day, minute or second that a text names in UTC.

    None if it names none, as the 30th of February does not.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        start = datetime(*(int(part) for part in match.groups(default="0")), tzinfo=UTC)
    except ValueError:
        return None
    unit = "d" if match[4] is None else "m" if match[6] is None else "s"
    first = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return first, first + UNITS[unit] - 1
