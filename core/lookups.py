"""Text patterns with the same meaning on every engine: ``like`` minds case, ``ilike`` does not.

``%`` is any run of characters, ``_`` is one, and nothing escapes them, as in MLflow's filters.
"""

from django.db.models import CharField, Lookup, TextField


def like_to_glob(pattern: str) -> str:
    """The SQLite GLOB pattern that matches what the LIKE ``pattern`` does, minding case."""
    special = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(special.get(character, character) for character in pattern)


class _Pattern(Lookup):
    prepare_rhs = False
    operator: str

    def as_sql(self, compiler, connection):
        column, column_params = self.process_lhs(compiler, connection)
        return f"{column} {self.operator} %s ESCAPE ''", [*column_params, self.rhs]


class Like(_Pattern):
    lookup_name = "like"
    operator = "LIKE"

    def as_sqlite(self, compiler, connection):
        # SQLite's LIKE never minds case; its GLOB always does.
        column, column_params = self.process_lhs(compiler, connection)
        return f"{column} GLOB %s", [*column_params, like_to_glob(self.rhs)]


class ILike(_Pattern):
    lookup_name = "ilike"
    operator = "ILIKE"

    def as_sqlite(self, compiler, connection):
        column, column_params = self.process_lhs(compiler, connection)
        return f"LOWER({column}) LIKE LOWER(%s)", [*column_params, self.rhs]


def register() -> None:
    """Make the lookups known to every text field."""
    for field in (CharField, TextField):
        field.register_lookup(Like)
        field.register_lookup(ILike)
