"""What can be done to many runs at once. The number of statements does not depend on how many.

Runs are named by their keys. Each verb leaves alone what it cannot be done to, and says which
runs it changed, so that it can be taken back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from core.db import action, any_of, lock_with_contents, upsert_rows
from core.errors import Unavailable
from core.names import MAX_KEY_LENGTH, MAX_RUN_TAG_LENGTH, check_key, check_length
from core.time import now_ms
from experiments.models import LifecycleStage
from runs.actions.ingest import note_value
from runs.models import KeyKind, Run, RunTag

T = TypeVar("T")

# More runs are not changed with one word; it takes a few seconds.
MAX_AT_ONCE = 100_000
# So many are written in one transaction: then whoever logs meanwhile has a turn.
PART = 5_000


@dataclass(frozen=True)
class TagChange:
    """A tag of some runs as it was before: ``old`` has the values of those that had one."""

    keys: Sequence[int]
    old: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of_parts(cls, parts: Sequence["TagChange"]) -> "TagChange":
        """All that the parts changed."""
        return cls(
            [key for part in parts for key in part.keys],
            {key: value for part in parts for key, value in part.old.items()},
        )


def in_parts(verb: Callable[[Sequence[int]], T], keys: Sequence[int]) -> list[T]:
    """What a verb answers for some thousand runs at a time; each part is written whole.

    If the database takes no more parts, the answers end there: they say which runs were changed.
    Raises ``Unavailable`` if it took none.
    """
    answers: list[T] = []
    for start in range(0, len(keys), PART):
        try:
            answers.append(verb(keys[start : start + PART]))
        except Unavailable:
            if not answers:
                raise
            break
    return answers


@action
def trash_runs(keys: Sequence[int]) -> list[int]:
    """Move runs to the trash; the keys of those that were not there."""
    found = _locked(keys, LifecycleStage.ACTIVE)
    Run.objects.filter(pk__in=any_of(found)).update(
        lifecycle_stage=LifecycleStage.DELETED, deleted_time=now_ms()
    )
    return found


@action
def restore_runs(keys: Sequence[int]) -> list[int]:
    """Take runs out of the trash; the keys of those that were there.

    Those of an experiment in the trash stay: they come back with it.
    """
    found = _locked(keys, LifecycleStage.DELETED, experiment__lifecycle_stage="active")
    Run.objects.filter(pk__in=any_of(found)).update(
        lifecycle_stage=LifecycleStage.ACTIVE, deleted_time=None
    )
    return found


@action
def tag_runs(keys: Sequence[int], *, key: str, value: str) -> TagChange:
    """Give active runs a tag that mirrors no field of theirs. Raises ``BadName``, ``TooLong``."""
    check_key(key, path="key")
    check_length(key, MAX_KEY_LENGTH, what="key")
    found = _locked(keys, LifecycleStage.ACTIVE)
    old = _values(found, key)
    _write(dict.fromkeys(found, value[:MAX_RUN_TAG_LENGTH]), key)
    experiments = Run.objects.filter(pk__in=any_of(found)).order_by()
    note_value(
        sorted(experiments.values_list("experiment", flat=True).distinct()),
        KeyKind.TAG,
        key,
        value,
    )
    return TagChange(found, old)


@action
def untag_runs(keys: Sequence[int], *, key: str) -> TagChange:
    """Take a tag from active runs; the ``keys`` of the answer are those that had it."""
    found = _locked(keys, LifecycleStage.ACTIVE)
    old = _values(found, key)
    _tags(list(old), key).delete()
    return TagChange(list(old), old)


@action
def put_tags_back(change: TagChange, *, key: str) -> None:
    """Give a tag the values that it had before it was changed, also where it had none."""
    found = set(_locked(change.keys, LifecycleStage.ACTIVE))
    _tags([run for run in found if run not in change.old], key).delete()
    _write({run: value for run, value in change.old.items() if run in found}, key)


@action
def purge_runs(keys: Sequence[int]) -> list[int]:
    """Remove the rows of runs that are in the trash, for good; the keys of those that were.

    Their files stay: ``runs.purging`` removes them afterwards.
    """
    found = _locked(keys, LifecycleStage.DELETED)
    rows = Run.objects.filter(pk__in=any_of(found))
    lock_with_contents(rows)
    rows.delete()
    return found


def _locked(keys: Sequence[int], stage: LifecycleStage, **conditions: object) -> list[int]:
    """Those of the runs that are in that stage, and stay in it until all is written.

    In one order, so that two such verbs never wait for each other's runs.
    """
    runs = Run.objects.filter(pk__in=any_of(keys), lifecycle_stage=stage, **conditions)
    locked = runs.select_for_update(of=("self",), no_key=True).order_by("pk")
    return [run.pk for run in locked.only("pk")]


def _tags(keys: Sequence[int], key: str):
    return RunTag.objects.filter(run__in=any_of(keys), key=key)


def _values(keys: Sequence[int], key: str) -> dict[int, str]:
    return dict(_tags(keys, key).values_list("run_id", "value"))


def _write(values: Mapping[int, str], key: str) -> None:
    upsert_rows(
        RunTag._meta.db_table,
        {"run_id": "bigint", "key": "varchar", "value": "text"},
        [(run, key, value) for run, value in values.items()],
        on_conflict="(run_id, key) DO UPDATE SET value = excluded.value",
    )
