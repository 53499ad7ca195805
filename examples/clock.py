"""When the example runs say they were trained.

The training is real and so is every duration. Only the date is moved: without
that, the whole history of the example team would lie within the same two minutes.
"""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import mlflow.utils.time


class _MovedTime:
    """Stands in for the ``time`` module where the mlflow client asks what time it is."""

    def __init__(self, moved_by: timedelta) -> None:
        self._seconds = moved_by.total_seconds()

    def time(self) -> float:
        return time.time() + self._seconds

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


def days_ago(days: int, clock_time: str) -> datetime:
    """The moment ``clock_time`` (as in "14:05", UTC), so many days before today."""
    hour, minute = map(int, clock_time.split(":"))
    day = datetime.now(UTC) - timedelta(days=days)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


@contextlib.contextmanager
def starting_at(moment: datetime | None) -> Iterator[None]:
    """Let the mlflow client believe that it is ``moment`` now, and let time go on from there.

    Moves start, end and metric times alike. What the server dates itself (the
    creation of experiments, models and versions) stays at the real time.
    ``None`` moves nothing.
    """
    if moment is None:
        yield
        return
    mlflow.utils.time.time = _MovedTime(moment - datetime.now(UTC))
    try:
        yield
    finally:
        mlflow.utils.time.time = time
