"""The cache that charts of long series are drawn from."""

from collections.abc import Sequence

from core.db import action, upsert_rows
from runs.models import MetricRollup

_COLUMNS = {
    "run_id": "bigint",
    "key_id": "bigint",
    "count": "bigint",
    "by_time": "bool",
    "exponent": "smallint",
    "boundary": "bigint",
    "settled": "bigint",
    "points": "bytea",
}
_UPSERT = "(run_id, key_id) DO UPDATE SET " + ", ".join(
    f'"{name}" = excluded."{name}"' for name in list(_COLUMNS)[2:]
)


@action
def keep_rollups(rollups: Sequence[MetricRollup]) -> None:
    """Write rollups in the place of older ones. Raises ``GoneMeanwhile``."""
    # In one order, so that two such writes never wait for each other's rows.
    ordered = sorted(rollups, key=lambda rollup: (rollup.run_id, rollup.key_id))
    rows = [[getattr(rollup, name) for name in _COLUMNS] for rollup in ordered]
    upsert_rows(MetricRollup._meta.db_table, _COLUMNS, rows, on_conflict=_UPSERT)
