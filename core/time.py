"""Times are integer milliseconds since the epoch, as MLflow clients send them."""

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """The wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


# What datetime can hold, so that no timestamp a client invents breaks a page.
_EARLIEST_MS = -62_135_596_800_000
_LATEST_MS = 253_402_300_799_999


def as_datetime(ms: int | None) -> datetime | None:
    """``ms`` as an aware datetime in UTC, or None if it is absent or beyond the calendar."""
    if ms is None or not _EARLIEST_MS <= ms <= _LATEST_MS:
        return None
    seconds, rest = divmod(ms, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
