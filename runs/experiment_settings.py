"""What the settings of an experiment show and take: what is said of it and of its metrics."""

from collections.abc import Sequence

from django import forms
from django.http import QueryDict

from core.errors import Invalid
from core.formatting import parse_style, styled_text
from core.names import MAX_KEY_LENGTH, check_key
from experiments.actions import (
    MAX_METRIC_SETTINGS,
    MAX_STALLED_AFTER_MINUTES,
    NEITHER,
    MetricSetting,
)
from experiments.forms import ExperimentForm
from experiments.models import NOTE_TAG, Direction, Experiment
from runs.directions import which_is_better
from runs.models import KeyKind, RunKey

# As many metrics stand in the table of which nothing is said; others are added by their name.
_LISTED_METRICS = 20
# As many names help to type one.
_SUGGESTED_METRICS = 200
# The machine's own, which nobody says anything of.
_SYSTEM_PREFIX = "system/"

# The digits that each notation is offered with; any other that is already in use is kept.
_OFFERED = {"decimals": range(7), "significant": range(2, 9), "percent": range(4)}
_EXAMPLE = 0.98765432
# Notations that choose their digits themselves, with a number that shows how.
_UNITS = {"seconds": 4980.0, "milliseconds": 4_980_000.0, "bytes": 3_435_973_837.0}


class ExperimentSettingsForm(ExperimentForm):
    """What can be said of an experiment that is there."""

    stalled_after_minutes = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_STALLED_AFTER_MINUTES,
        label="A run is stalled after",
        help_text="Minutes in which a run that is running has logged nothing. More, if an epoch "
        "takes long.",
    )
    default_view = forms.ChoiceField(
        required=False,
        label="Opens with",
        help_text="The saved view that everyone sees whose address asks for nothing else.",
    )

    def __init__(self, *args, views: Sequence[tuple[str, str]], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # Nobody comes for the name alone.
        del self.fields["name"].widget.attrs["data-focus"]
        self.fields["primary_metric"].widget.attrs["list"] = "metric-names"
        self.fields["default_view"].choices = [("", "No view: all runs, newest first"), *views]


class MetricRows:
    """A row for each metric: which of its values are better, and how they are written.

    ``rows`` are what is kept or what was typed, with an ``error`` beside what cannot be;
    ``settings`` is what they say. Rows without a name are left out.
    """

    def __init__(self, experiment: Experiment, names: Sequence[str], data: QueryDict | None = None):
        self.experiment = experiment
        self.names = names
        if data is None:
            typed = [(name, *_said(experiment, name)) for name in _listed(experiment, names)]
        else:
            columns = (data.getlist(field) for field in ("metric", "better", "format"))
            typed = list(zip(*columns, strict=False))[: MAX_METRIC_SETTINGS + _LISTED_METRICS + 1]
        seen: set[str] = set()
        self.rows = [
            self._row(name.strip(), better, style, seen)
            for name, better, style in typed
            if data is None or name.strip() or better or style
        ]
        if data is None or "add_metric" in data:
            self.rows.append(self._blank())

    @property
    def is_valid(self) -> bool:
        return not self.faults

    @property
    def settings(self) -> dict[str, MetricSetting]:
        return {row["name"]: (row["better"], row["style"]) for row in self.rows if row["name"]}

    @property
    def faults(self) -> list[tuple[str, str, str]]:
        """What is wrong: the id of the row's field, the row, and the fault in words."""
        return [
            (f"metric-{number}", f"Metric {number}", row["error"])
            for number, row in enumerate(self.rows, start=1)
            if row["error"]
        ]

    def _row(self, name: str, better: str, style: str, seen: set[str]) -> dict:
        error = _fault(name, better, style, seen)
        seen.add(name)
        guess = which_is_better(name, experiments=[])
        return {
            "name": name,
            "better": better,
            "style": style,
            "error": error,
            "is_known": name in self.names or name in self.experiment.metric_settings,
            "is_primary": bool(name) and name == self.experiment.primary_metric,
            "guess": guess.direction.label.lower() if guess else "",
            "styles": _styles(style),
        }

    def _blank(self) -> dict:
        return self._row("", "", "", set()) | {"error": "", "is_known": False}


def settings_initial(experiment: Experiment, tags: dict[str, str], default_view: str) -> dict:
    """What the form says before anyone changes it."""
    return {
        "name": experiment.name,
        "description": tags.get(NOTE_TAG, ""),
        "primary_metric": experiment.primary_metric,
        "primary_direction": experiment.primary_direction,
        "replicate_keys": experiment.replicate_keys,
        "stalled_after_minutes": experiment.stalled_after_minutes,
        "default_view": default_view,
    }


def metric_names(experiment: Experiment) -> list[str]:
    """Some names of metrics that the experiment has seen, for lists that help to type one."""
    keys = RunKey.objects.filter(experiment=experiment, kind=KeyKind.METRIC)
    keys = keys.exclude(name__startswith=_SYSTEM_PREFIX).order_by("name")
    return list(keys.values_list("name", flat=True)[:_SUGGESTED_METRICS])


def _listed(experiment: Experiment, names: Sequence[str]) -> list[str]:
    """The metrics of which something is said, and some of the others."""
    said = sorted(experiment.metric_settings)
    primary = [experiment.primary_metric] if experiment.primary_metric else []
    first = list(dict.fromkeys([*primary, *said]))
    return first + [name for name in names if name not in first][:_LISTED_METRICS]


def _said(experiment: Experiment, metric: str) -> tuple[str, str]:
    said = experiment.said_of(metric)
    return said.get("better", ""), said.get("format", "")


def _fault(name: str, better: str, style: str, seen: set[str]) -> str:
    if not name:
        return "Which metric?"
    if name in seen:
        return "This metric is there twice."
    if len(name) > MAX_KEY_LENGTH:
        return f"A metric's name has at most {MAX_KEY_LENGTH} characters; this has {len(name)}."
    try:
        check_key(name, path="metric")
    except Invalid:
        return "Letters, digits, spaces and the characters _ - . : / only."
    if better not in {"", NEITHER, *Direction.values}:
        return "Better is higher, lower or neither."
    try:
        if style:
            parse_style(style)
    except ValueError:
        return "There is no such number format."
    return ""


def _styles(current: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """How numbers may be written, in groups: each way with the same number as an example."""
    groups = []
    titles = {"decimals": "Decimals", "significant": "Significant digits", "percent": "Percent"}
    for notation, offered in _OFFERED.items():
        digits = set(offered)
        try:
            kept, count = parse_style(current) if current else ("", 0)
        except ValueError:
            kept, count = "", 0
        if kept == notation:
            digits.add(count)
        styles = [f"{notation} {count}" for count in sorted(digits)]
        groups.append(
            (titles[notation], [(style, styled_text(_EXAMPLE, style)) for style in styles])
        )
    units = [(unit, f"{unit}, as {styled_text(number, unit)}") for unit, number in _UNITS.items()]
    groups.append(("Units", units))
    return groups
