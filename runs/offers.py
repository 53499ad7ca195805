"""What a filter box offers while a value is written: what the newest runs have of a field."""

from collections import Counter
from collections.abc import Iterable

from core.time import as_datetime, now_ms
from runs.filters import MAX_TEXT
from runs.models import Dataset, KeyKind, Param, RunStatus, RunTag
from runs.scope import Scope
from search.conjuncts import Unwritable, read_field, written_text
from search.run_expressions import ATTRIBUTES
from search.run_fields import TIMES

MAX_OFFERED = 20
# Values are those of so many runs at most.
SAMPLE = 2_000
AGES = ("-1h", "-24h", "-7d", "-30d")
_COLUMNS = {"run_name": "name", "user_id": "user_id"}
_DATASET_COLUMNS = {"name", "digest"}


def offered_values(scope: Scope, field: str, text: str) -> list[tuple[str, str]]:
    """Values of ``field`` with ``text`` in them, as an expression has them; and what they are.

    Those that begin with it come first, then those that most runs have. Numbers and texts that
    each run has for itself are not offered.
    """
    entity, key, _ = read_field(field)
    if entity is None and ATTRIBUTES.get(key) in TIMES:
        today = as_datetime(now_ms()).date().isoformat()
        texts = [*((age, "ago") for age in AGES), (f"'{today}'", "today")]
        return [each for each in texts if text in each[0]]
    counts = _counts(scope, entity, key)
    wanted = text.lower()
    found = [value for value in counts if wanted in value.lower() and 0 < len(value) <= MAX_TEXT]
    found.sort(key=lambda value: (not value.lower().startswith(wanted), -counts[value], value))
    offered = []
    for value in found[:MAX_OFFERED]:
        try:
            written = written_text(value)
        except Unwritable:
            continue
        count = counts[value]
        offered.append((written, f"{count:,} run{'' if count == 1 else 's'}" if count else ""))
    return offered


def _counts(scope: Scope, entity: str | None, key: str) -> Counter:
    """How many of the newest runs have each value; 0 where nobody counts."""
    if "\x00" in key:
        return Counter()
    match entity, ATTRIBUTES.get(key, key):
        case None, "status":
            return Counter(dict.fromkeys(RunStatus.values, 0))
        case None, name if name in _COLUMNS:
            return Counter(_newest(scope, _COLUMNS[name]))
        case "dataset", name if name in _DATASET_COLUMNS:
            datasets = Dataset.objects.filter(experiment__in=scope.runs.values("experiment"))
            return Counter(dict.fromkeys(datasets.values_list(name, flat=True)[:SAMPLE], 0))
        case (KeyKind.PARAM | KeyKind.TAG) as kind, name:
            table = Param if kind == KeyKind.PARAM else RunTag
            rows = table.objects.filter(run__in=_newest(scope, "pk"), key=name)
            return Counter(rows.values_list("value", flat=True))
    return Counter()


def _newest(scope: Scope, column: str) -> Iterable:
    return list(scope.runs.newest_first().values_list(column, flat=True)[:SAMPLE])
