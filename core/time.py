"""Times are integer milliseconds since the epoch, as MLflow clients send them."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_ms() -> int:
    """The wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def as_datetime(ms: int | None) -> datetime | None:
    """``ms`` as an aware datetime in UTC, or None if it is absent or beyond the calendar."""
    if ms is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return None
