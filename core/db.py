"""How rows are written: the one place that knows transactions and bulk inserts.

Every action in ``<app>/actions`` opens ``write()`` around what belongs together. Ruff bans
``django.db.transaction`` everywhere else.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.models import CASCADE, Model, QuerySet
from django.db.models.expressions import RawSQL

from core.errors import Missing, Unavailable

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Model)

# SQLite has one writer at a time. Threads of this process queue here in order, instead of
# spinning on the busy timeout, which is left for other processes.
_sqlite_writer = threading.RLock()

# Deadlock and serialization failure: PostgreSQL undid the transaction and asks to repeat it.
_REPEATABLE = {"40001", "40P01"}
_ATTEMPTS = 5

_FOREIGN_KEY = "23503"

# As long as a writer of this process waits for its turn before it is told to come again.
_TURN_SECONDS = 30


class GoneMeanwhile(Missing):
    """What was to be written belongs to something that was removed since it was looked up."""

    def __init__(self) -> None:
        super().__init__("What this belongs to was removed meanwhile.")


@contextmanager
def write() -> Iterator[None]:
    """A transaction that is committed whole, or, when an exception leaves it, not at all."""
    if connection.vendor == "sqlite":
        if not _sqlite_writer.acquire(timeout=_TURN_SECONDS):
            raise Unavailable("The database cannot write now. Try again.")
        try:
            with transaction.atomic():
                yield
        finally:
            _sqlite_writer.release()
    else:
        with transaction.atomic():
            yield


def action(function: Callable[P, R]) -> Callable[P, R]:
    """A verb that writes: its body is one ``write()``.

    It is repeated when PostgreSQL gave it up for the sake of another one, and raises
    ``Unavailable`` when the database cannot write now (full disk, lost connection, lock held
    too long), and ``GoneMeanwhile`` when someone else removed what is written to, each with
    nothing written.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with write():
                    return function(*args, **kwargs)
            except OperationalError as error:
                nested = connection.in_atomic_block
                if nested or attempt == _ATTEMPTS or not _is_repeatable(error):
                    raise Unavailable("The database cannot write now. Try again.") from error
                time.sleep(0.01 * attempt)
            except DatabaseError as error:
                # An inner action leaves it to the outer one, which owns the transaction.
                if connection.in_atomic_block or not _is_gone(error):
                    raise
                raise GoneMeanwhile from error
        raise AssertionError("unreachable")

    return run


def _is_repeatable(error: DatabaseError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in _REPEATABLE


def _is_gone(error: DatabaseError) -> bool:
    """Whether a row that was looked up before the transaction is not there any more."""
    if isinstance(error, IntegrityError):
        by_code = getattr(error.__cause__, "sqlstate", None) == _FOREIGN_KEY
        return by_code or "FOREIGN KEY constraint failed" in str(error)
    return "did not affect any rows" in str(error)


def after_commit(callback: Callable[[], Any]) -> None:
    """Call ``callback`` once what is being written is on disk; never if it is undone."""
    transaction.on_commit(callback)


def release_connection() -> None:
    """Give the database connection back before something long that needs none.

    A download to a slow client would keep one of PostgreSQL's pooled connections for as long as
    it takes. SQLite's belongs to the thread and costs nobody anything.
    """
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close()


def lock_row(row: M) -> M:
    """The row as it is now; nobody else changes or removes it until the transaction ends.

    Raises ``GoneMeanwhile``. On SQLite there is no other writer to keep out.
    """
    found = type(row)._base_manager.select_for_update(no_key=True).filter(pk=row.pk).first()
    if found is None:
        raise GoneMeanwhile
    return found


def hold(rows: QuerySet, column: str) -> list[Any]:
    """A column of rows that nobody changes or removes until the transaction ends.

    Others may hold them as well. On SQLite there is no other writer to keep out.
    """
    sql, params = rows.order_by().values_list(column).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} FOR SHARE" if connection.vendor == "postgresql" else sql, params)
        return [value for (value,) in cursor.fetchall()]


def lock_with_contents(rows: QuerySet) -> None:
    """Lock rows and, level by level, all rows that deleting them deletes.

    Whoever adds something to one of them meanwhile waits, and then finds it gone. Without this,
    what is added after Django has collected what to delete would keep its parent from going.
    """
    if connection.vendor != "postgresql":
        return
    list(rows.select_for_update().order_by("pk").values_list("pk"))
    for relation in rows.model._meta.related_objects:
        contents = relation.related_model
        if relation.on_delete is CASCADE and contents._meta.related_objects:
            inside = {f"{relation.field.name}__in": rows.order_by().values("pk")}
            lock_with_contents(contents._base_manager.filter(**inside))


def any_of(keys: Sequence[int]) -> RawSQL:
    """``keys`` for ``pk__in``, as one parameter however many they are.

    Databases bound how many parameters a statement has, SQLite's older versions at 999.
    """
    if connection.vendor == "postgresql":
        return RawSQL("SELECT unnest(%s::bigint[])", [list(keys)])
    return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(keys))])


def copied(source: object, names: str) -> dict[str, Any]:
    """The fields ``names`` of what was read elsewhere, to be written as they are."""
    return {name: getattr(source, name) for name in names.split()}


def upsert_rows(
    table: str,
    columns: dict[str, str],
    rows: Sequence[Sequence[Any]],
    *,
    on_conflict: str,
) -> int:
    """Write many rows with one statement; ``on_conflict`` is what follows ON CONFLICT.

    ``columns`` maps each column to its PostgreSQL type. Returns how many rows were inserted or
    updated. Table, columns and ``on_conflict`` are our own text, never a user's.
    """
    if not rows:
        return 0
    quote = connection.ops.quote_name
    into = f"INSERT INTO {quote(table)} ({', '.join(map(quote, columns))})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # One array a column: a plan for any number of rows, and one trip.
            arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
            cursor.execute(
                f"{into} SELECT * FROM unnest({arrays}) ON CONFLICT {on_conflict}",
                [list(column) for column in zip(*rows, strict=True)],
            )
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"{into} VALUES ({marks}) ON CONFLICT {on_conflict}", rows)
        return cursor.rowcount
