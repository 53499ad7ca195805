"""Migration operations that Django does not have."""

from django.db import migrations


class CreateClusteredTable(migrations.CreateModel):
    """A table that is its own primary-key index, where the engine has such tables.

    SQLite's WITHOUT ROWID keeps rows in primary-key order and saves the second tree, which
    for metric points halves the file and makes a series one sequential read. On other engines
    it is an ordinary table.
    """

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor == "sqlite":
            plain = schema_editor.sql_create_table
            schema_editor.sql_create_table = f"{plain} WITHOUT ROWID"
            try:
                super().database_forwards(app_label, schema_editor, from_state, to_state)
            finally:
                schema_editor.sql_create_table = plain
        else:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
