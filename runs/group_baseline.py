"""The group that a grouped list is held against, and how far the others' numbers are from its own.

A group has an id made of the values that its runs share, so that an address finds it again,
whatever the order and the page.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2s

from django.http import QueryDict

from runs.baseline import Baseline, Delta, read_baseline
from runs.chips import changed
from runs.columns import Column, Columns
from runs.groups import GroupRow, Values
from runs.scope import Scope

PREFIX = "g."


def group_id(values: Values) -> str:
    """What ``base`` says to name the group of these values."""
    said = repr([(key.id, value) for key, value in values])
    return PREFIX + blake2s(said.encode(errors="replace"), digest_size=8).hexdigest()


def names_group(base: str) -> Callable[[Values], bool] | None:
    """Whether values are those of the group that ``base`` names; None if it names none."""
    return (lambda values: group_id(values) == base) if base.startswith(PREFIX) else None


def group_name(group: GroupRow) -> str:
    """The group in words, for a chip."""
    return " · ".join("(not set)" if text is None else text for _, text in group.texts)


def read_group_baseline(
    query: QueryDict, scope: Scope, columns: Columns, group: GroupRow | None
) -> Baseline | None:
    """What ``base`` names of a grouped list: ``group``, if it was found, or a run."""
    asked = query.get("base", "").strip()
    if not asked.startswith(PREFIX):
        return read_baseline(query, scope, columns)
    values: dict[Column, float] = {}
    if group is not None:
        values = {cell.column: cell.spread.center for cell in group.cells if cell.spread}
    name = group_name(group) if group is not None else ""
    return Baseline(None, asked, values, changed(query, {"base": None}), scope, name=name)


def deltas_of(group: GroupRow, baseline: Baseline | None) -> Mapping[Column, Delta]:
    """How far the centers of a group's metrics are from the baseline's; nothing for its own."""
    if baseline is None or group_id(group.values) == baseline.run_id:
        return {}
    found = {
        cell.column: baseline.delta(cell.column, cell.spread.center)
        for cell in group.cells
        if cell.column.is_metric and cell.spread
    }
    return {column: delta for column, delta in found.items() if delta is not None}


def with_group_deltas(groups: Sequence[GroupRow], baseline: Baseline | None) -> list[GroupRow]:
    """The groups, their numbers held against the baseline."""
    held = []
    for group in groups:
        deltas = deltas_of(group, baseline)
        cells = [replace(cell, delta=deltas.get(cell.column)) for cell in group.cells]
        held.append(replace(group, cells=cells))
    return held
