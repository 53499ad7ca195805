"""What of a run a chart can put on an axis, color or group by: one value a run.

In an address a field is ``run``, ``start``, or one of ``param:<name>``, ``metric:<name>`` and
``tag:<name>``.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.formatting import is_finite, number_text
from runs.keys import metric_key_ids
from runs.models import MetricStat, Param, RunTag
from runs.series import value_of

# What an address writes before a name, and what the name is.
PREFIXES = {"param": "hyperparameter", "metric": "metric", "tag": "tag"}

# What a legend's template may hold: {name}, {p.lr}, {m.loss}, {t.team}.
_SLOT = re.compile(r"\{(name|[pmt]\.[^{}]+)\}")
_LETTERS = {"p": "param", "m": "metric", "t": "tag"}

# Beyond this size the distance of two numbers is no number any more.
LARGEST_DRAWN = 1e300


@dataclass(frozen=True)
class Field:
    """``kind`` is "run", "start", or a prefix of those above; ``name`` is the key's."""

    kind: str
    name: str = ""

    @classmethod
    def read(cls, text: str) -> "Field | None":
        """The field that ``text`` names; None for what is none, such as the step."""
        if text in {"run", "start"}:
            return cls(text)
        prefix, colon, name = text.partition(":")
        return cls(prefix, name) if colon and name and prefix in PREFIXES else None

    @property
    def text(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind

    @property
    def label(self) -> str:
        return self.name or {"run": "Run", "start": "Start time"}[self.kind]


Values = Mapping[Field, Mapping[int, object]]


def legend_fields(template: str) -> list[Field]:
    """The fields that a legend's template names."""
    slots = _SLOT.findall(template)
    return [Field(_LETTERS[slot[0]], slot[2:]) for slot in slots if slot != "name"]


def legend_text(template: str, name: str, run: int, values: Values) -> str:
    """The label of a run by the template; what the run does not have is a dash."""

    def said(match: re.Match) -> str:
        slot = match[1]
        if slot == "name":
            return name
        value = values.get(Field(_LETTERS[slot[0]], slot[2:]), {}).get(run)
        return "–" if value is None else value if isinstance(value, str) else number_text(value)

    return _SLOT.sub(said, template).strip() or name


def read_values(
    fields: Iterable[Field], starts: Mapping[int, int], *, statistic: str
) -> dict[Field, dict[int, object]]:
    """Each field's value by run, for the runs (and start times) of ``starts``.

    Texts of hyperparameters and tags, numbers of metrics (by ``statistic``) and times; a run that
    has none is missing. One query a kind.
    """
    fields = list(fields)
    found: dict[Field, dict[int, object]] = {field: {} for field in fields}
    for kind, table in (("param", Param), ("tag", RunTag)):
        names = [field.name for field in fields if field.kind == kind]
        if names:
            rows = table.objects.filter(run__in=starts, key__in=names)
            for run, key, value in rows.values_list("run_id", "key", "value"):
                found[Field(kind, key)][run] = value
    names = [field.name for field in fields if field.kind == "metric"]
    ids = metric_key_ids(names) if names else {}
    if ids:
        by_id = {key: name for name, key in ids.items()}
        for stat in MetricStat.objects.filter(run__in=starts, key__in=by_id):
            found[Field("metric", by_id[stat.key_id])][stat.run_id] = value_of(stat, statistic)
    if Field("start") in found:
        found[Field("start")] = dict(starts)
    return found


def as_number(value: object) -> float | None:
    """``value`` as a number with a place on an axis; None if it is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return float(value) if is_finite(value) and abs(value) <= LARGEST_DRAWN else None


def numbers_of(values: Mapping[int, object]) -> dict[int, float] | None:
    """``values`` as numbers, if every one of them is one."""
    numbers = {run: as_number(value) for run, value in values.items()}
    return None if None in numbers.values() else numbers


def in_order(values: Iterable[object]) -> list[object]:
    """The different values: numbers by size if all are numbers, else texts by letter."""
    different = list(dict.fromkeys(values))
    if all(as_number(value) is not None for value in different):
        return sorted(different, key=as_number)
    return sorted(different, key=str)


def value_text(value: object) -> str:
    """A value as an axis or a legend says it."""
    return value if isinstance(value, str) else number_text(value)
