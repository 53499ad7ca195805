"""Reads that are given up when they take too long, so that a page says so instead of hanging."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

from core.errors import Unavailable

# SQLite looks at the clock once in so many of its instructions: every few milliseconds.
_INSTRUCTIONS = 100_000

_CANCELED = "57014"
_IN_ERROR = 3


class TooSlow(Unavailable):
    """The database was stopped, because its answer took too long."""


@contextmanager
def at_most(seconds: float, words: Callable[[], str]) -> Iterator[None]:
    """Raises ``TooSlow`` with ``words`` if what is read here takes longer than ``seconds``.

    On SQLite that is all of it together, on PostgreSQL any one statement.
    """
    connection.ensure_connection()
    driver = connection.connection
    deadline = time.monotonic() + seconds
    is_sqlite = connection.vendor == "sqlite"
    if is_sqlite:
        driver.set_progress_handler(lambda: time.monotonic() > deadline, _INSTRUCTIONS)
    else:
        driver.execute(f"SET statement_timeout = {round(seconds * 1000)}")
    try:
        yield
    except OperationalError as error:
        if "interrupted" in str(error) or getattr(error.__cause__, "sqlstate", "") == _CANCELED:
            raise TooSlow(words()) from error
        raise
    finally:
        if is_sqlite:
            driver.set_progress_handler(None, 0)
        # A transaction that failed takes its settings back by itself.
        elif not driver.closed and driver.info.transaction_status != _IN_ERROR:
            driver.execute("RESET statement_timeout")
