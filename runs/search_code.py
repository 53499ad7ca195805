"""The filter of a run list as a call of MLflow's client, as far as MLflow's grammar can say it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.time import now_ms
from experiments.models import Experiment
from runs.filters import PERIODS, RunFilter
from runs.table import SOURCE_TAG
from search.conjuncts import Unwritable, joined, written_text
from search.moments import UNITS
from search.runs import is_plain


@dataclass(frozen=True)
class SearchCode:
    """The call, its filter alone, and what of the list's filter it cannot ask for."""

    code: str
    filter_string: str
    left_out: Sequence[str]


def search_code(run_filter: RunFilter, experiment: Experiment | None) -> SearchCode | None:
    """What finds the same runs in Python; None if nothing is filtered, or not readable."""
    if not run_filter.is_active or not run_filter.is_valid():
        return None
    asked = {name: value for name, value in run_filter.form.cleaned_data.items() if value}
    texts, left_out = [], []
    where = run_filter.data.get("where", "").strip()
    if asked.pop("where", None) is not None:
        if is_plain(where):
            texts.append(where)
        else:
            left_out.append("the expression, which says more than MLflow's grammar can")
    experiments = asked.pop("experiment", [])
    for name, value in asked.items():
        try:
            texts += _written(name, value)
        except (Unwritable, _Unsayable):
            left_out.append(f"“{run_filter.filters[name].label}”")
    text = joined(texts)
    lines = [f"    {_place(experiment, experiments)},"]
    if text:
        lines.append(f"    filter_string={text!r},")
    code = "\n".join(["mlflow.search_runs(", *lines, ")"])
    return SearchCode(code, text, left_out)


class _Unsayable(Exception):
    """MLflow's grammar has no words for it."""


def _place(experiment: Experiment | None, chosen: Sequence[str]) -> str:
    if chosen:
        return f"experiment_ids={chosen!r}"
    if experiment:
        return f"experiment_names=[{experiment.name!r}]"
    return "search_all_experiments=True"


def _written(name: str, value) -> Iterator[str]:
    source = f"tags.`{SOURCE_TAG}`"
    parent = "tags.`mlflow.parentRunId`"
    match name, value:
        case "status", [one]:
            yield f"attributes.status = '{one}'"
        case "started", str() if value in PERIODS:
            length = int(value[:-1]) * UNITS[value[-1]]
            yield f"attributes.start_time >= {now_ms() - length}"
        case "since", (first, _):
            yield f"attributes.start_time >= {first}"
        case "until", (_, last):
            yield f"attributes.start_time <= {last}"
        case "user", [one]:
            yield f"attributes.user_id = {written_text(one)}"
        case "source", [one]:
            yield f"{source} = {written_text(one)}"
        case "dataset", [one]:
            yield f"dataset.name = {written_text(one)}"
        case "dataset", several:
            yield f"dataset.name IN ({', '.join(map(written_text, several))})"
        case "parent", "top":
            yield f"{parent} IS NULL"
        case "parent", "child":
            yield f"{parent} IS NOT NULL"
        case "parent", run_id:
            yield f"{parent} = {written_text(run_id)}"
        case _:
            raise _Unsayable(name)
