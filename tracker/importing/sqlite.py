"""An MLflow database file, opened so that nothing can be written to it."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tracker.importing.source import NotASource, SourceRefused

# What one statement asks for; SQLite takes 999 values everywhere.
_KEYS_A_STATEMENT = 500


class Database:
    """Rows of the tables of an MLflow database, whichever version of MLflow wrote it."""

    def __init__(self, file: Path) -> None:
        """Raises ``NotASource`` when the file is not such a database."""
        if not file.is_file():
            raise NotASource(f"There is no file '{file}'.")
        address = f"{file.resolve().as_uri()}?mode=ro"
        try:
            self._connection = sqlite3.connect(address, uri=True)
            self._connection.row_factory = sqlite3.Row
            # A broken character is no reason to leave out the run that has it.
            self._connection.text_factory = lambda text: text.decode(errors="replace")
            tables = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            self._columns = {name: self._columns_of(name) for (name,) in tables}
        except sqlite3.DatabaseError as error:
            raise NotASource(f"'{file}' is not an SQLite database: {error}.") from error
        if not {"experiments", "runs", "metrics"} <= self._columns.keys():
            raise NotASource(f"'{file}' is an SQLite database, but not one of MLflow's.")

    def has_column(self, table: str, column: str) -> bool:
        return column in self._columns.get(table, ())

    def rows(
        self, table: str, columns: Sequence[str], *, where: str = "1", values: Sequence[Any] = ()
    ) -> Iterator[sqlite3.Row]:
        """The rows of a table; a column, or a whole table, that is not there is full of NULL.

        Table, columns and condition are our own text. Raises ``SourceRefused``.
        """
        known = self._columns.get(table)
        if known is None:
            return
        chosen = [f'"{name}"' if name in known else f'NULL AS "{name}"' for name in columns]
        statement = f'SELECT {", ".join(chosen)} FROM "{table}" WHERE {where}'
        try:
            yield from self._connection.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise SourceRefused(f"The table {table} cannot be read: {error}.") from error

    def rows_of(
        self, table: str, columns: Sequence[str], *, key: str, keys: Sequence[Any], where: str = "1"
    ) -> Iterator[sqlite3.Row]:
        """The rows of a table whose column ``key`` is one of ``keys``."""
        for start in range(0, len(keys), _KEYS_A_STATEMENT):
            part = keys[start : start + _KEYS_A_STATEMENT]
            marks = ", ".join("?" * len(part))
            yield from self.rows(
                table, columns, where=f'{where} AND "{key}" IN ({marks})', values=part
            )

    def _columns_of(self, table: str) -> frozenset[str]:
        listed = self._connection.execute("SELECT name FROM pragma_table_info(?)", [table])
        return frozenset(name for (name,) in listed)
