"""What narrows a run list, one condition at a time, and the address without each."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.http import QueryDict

from core.formatting import middle_text
from experiments.models import Experiment
from runs.about import ABOUT_KEY
from runs.filters import HEALTH, MAX_TICKED, PARENTS, PERIODS, RunFilter
from runs.models import RunStatus
from search.conjuncts import conjuncts
from search.errors import FilterError

_SEVERAL = ("experiment", "status", "user", "source", "dataset", "health")
_WORDS = {
    "status": {value: label.lower() for value, label in RunStatus.choices},
    "started": PERIODS,
    "parent": {"top": "none", "child": "any"},
    "health": {name: label.lower() for name, label in HEALTH.items()},
}
_LABELS = {
    "q": "contains",
    "since": "started from",
    "until": "started until",
    "dataset": "data set",
    "parent": "parent run",
}


@dataclass(frozen=True)
class Condition:
    """Something that narrows the list, what asks for it, and the address without it."""

    label: str
    value: str
    asked: tuple[str, str]
    remove_url: str
    is_applied: bool = True


def conditions_of(run_filter: RunFilter, query: QueryDict) -> list[Condition]:
    """All that narrows the list, in the order of its filters; the expression part by part."""
    found = []
    for name in run_filter.filters:
        if name == "where":
            found += _of_expression(query, is_applied="where" not in run_filter.form.errors)
            continue
        values = list(dict.fromkeys(text for text in query.getlist(name) if text.strip()))
        # More are not asked for, and each chip has an address with all of the others.
        values = values[:MAX_TICKED] if name in _SEVERAL else values[-1:]
        is_applied = name not in run_filter.form.errors
        words = _WORDS.get(name, {}) | _names(run_filter, name, values)
        for value in values:
            others = [each for each in values if each != value]
            found.append(
                Condition(
                    _LABELS.get(name, name),
                    words.get(value, value.strip()),
                    (name, value),
                    changed(query, {name: others}),
                    is_applied,
                )
            )
    return found


def changed(query: QueryDict, changes: Mapping[str, list[str] | str | None]) -> str:
    """The query string with some of its parts changed, from the first page on."""
    copy = query.copy()
    copy.pop("page", None)
    copy.pop(ABOUT_KEY, None)
    for name, value in changes.items():
        if not value:
            copy.pop(name, None)
        else:
            copy.setlist(name, value if isinstance(value, list) else [value])
    return f"?{copy.urlencode()}"


def carried(query: QueryDict, *, beside: Collection[str]) -> list[tuple[str, str]]:
    """What a form has to send on of the address, beside the fields that it has itself."""
    return [
        (name, value)
        for name, values in query.lists()
        if name not in beside and name != "page"
        for value in values
        if value
    ]


def _of_expression(query: QueryDict, *, is_applied: bool) -> Iterator[Condition]:
    text = query.get("where", "").strip()
    if not text:
        return
    try:
        parts = conjuncts(text)
    except FilterError:
        asked = ("where", text)
        yield Condition(
            "not applied", text, asked, changed(query, {"where": None}), is_applied=False
        )
        return
    for index, part in enumerate(parts):
        # Among several no part has an OR outside parentheses, so none needs more of them.
        others = " AND ".join(each.text for place, each in enumerate(parts) if place != index)
        label, value = "advanced", part.text
        if part.comparison is not None:
            label, _, value = part.text.partition(" ")
            if not value or label.count("`") == 1 or label.count('"') == 1 or "'" in label:
                label, value = "", part.text
        rest = changed(query, {"where": others})
        yield Condition(label, value, ("where", part.text), rest, is_applied)


def _names(run_filter: RunFilter, name: str, values: list[str]) -> dict[str, str]:
    """What people call what an address has by its id, if it is among the runs listed."""
    runs = run_filter.queryset
    if name == "experiment":
        known = [int(each) for each in values if each.isdecimal() and len(each) < 19]
        if not known:
            return {}
        listed = Exists(runs.filter(experiment=OuterRef("pk")))
        rows = Experiment.objects.filter(listed, pk__in=known).values_list("pk", "name")
        return {str(pk): middle_text(label, 40) for pk, label in rows}
    if name == "parent" and values and values[0] not in PARENTS and "\x00" not in values[0]:
        rows = runs.filter(run_id__in=values).values_list("run_id", "name")
        return {run_id: middle_text(label, 40) for run_id, label in rows}
    return {}
