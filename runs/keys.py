"""The integers that stand for metric names, remembered by each process.

A name's integer never changes, so a process may remember it for good once it is committed.
"""

from collections.abc import Collection, Iterable

from core.db import after_commit, upsert_rows
from runs.models import MetricKey

_ids: dict[str, int] = {}
_names: dict[int, str] = {}


def forget() -> None:
    """Drop what is remembered, for tests that throw the database away."""
    _ids.clear()
    _names.clear()


def metric_key_ids(names: Collection[str]) -> dict[str, int]:
    """The integers of those of ``names`` that exist."""
    unknown = [name for name in names if name not in _ids]
    found = {name: _ids[name] for name in names if name in _ids}
    if unknown:
        found |= _read(unknown)
    return found


def ensure_metric_key_ids(names: Collection[str]) -> dict[str, int]:
    """The integers of all ``names``, made where there are none. Belongs inside an action."""
    found = metric_key_ids(names)
    new = sorted(set(names) - found.keys())
    if new:
        upsert_rows(
            MetricKey._meta.db_table,
            {"name": "varchar"},
            [(name,) for name in new],
            on_conflict="DO NOTHING",
        )
        found |= _read(new)
    return found


def metric_key_names(ids: Iterable[int]) -> dict[int, str]:
    """The names of ``ids``."""
    wanted = set(ids)
    unknown = wanted - _names.keys()
    if unknown:
        found = dict(MetricKey.objects.filter(pk__in=unknown).values_list("pk", "name"))
        after_commit(lambda: _remember(found))
        return {pk: _names[pk] for pk in wanted & _names.keys()} | found
    return {pk: _names[pk] for pk in wanted}


def _read(names: Collection[str]) -> dict[str, int]:
    found = dict(MetricKey.objects.filter(name__in=names).values_list("name", "pk"))
    after_commit(lambda: _remember({pk: name for name, pk in found.items()}))
    return found


def _remember(names: dict[int, str]) -> None:
    # A few big experiments have 12,000 names; a million would be a mistake of some client's.
    if len(_names) > 500_000:
        forget()
    _names.update(names)
    _ids.update((name, pk) for pk, name in names.items())
