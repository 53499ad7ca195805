"""The cache that charts of long series are drawn from."""

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
def keep_rollup(rollup: MetricRollup) -> None:
    """Write the rollup in the place of an older one. Raises ``GoneMeanwhile``."""
    row = [getattr(rollup, name) for name in _COLUMNS]
    upsert_rows(MetricRollup._meta.db_table, _COLUMNS, [row], on_conflict=_UPSERT)
