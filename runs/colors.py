"""The color that people gave a run, in MLflow's own tag for it, which wins over any other."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from core.errors import Invalid
from runs.charts.palette import COLORS
from runs.models import RunTag

COLOR_TAG = "mlflow.runColor"

# What an SVG takes as a fill, and nothing beside it.
_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")

NAMES = ("Indigo", "Orange", "Plum", "Orchid", "Sky", "Violet", "Red", "Sage")
CHOICES = tuple(zip(COLORS, NAMES, strict=True))


class NoSuchColor(Invalid):
    """A color is written as # and three or six hexadecimal digits."""

    def __init__(self) -> None:
        super().__init__("That is no color: write # and six hexadecimal digits.")


def readable_color(text: str) -> str:
    """The color if it is one, as clients write it; else nothing."""
    return text if _COLOR.fullmatch(text) else ""


def chosen_colors(runs: Iterable[int]) -> dict[int, str]:
    """The colors that people gave those runs, by the run's key; runs without one are not there."""
    tags = RunTag.objects.filter(run__in=runs, key=COLOR_TAG)
    return {
        run: color
        for run, text in tags.values_list("run", "value")
        if (color := readable_color(text))
    }


def slots(runs: Sequence[int], chosen: Mapping[int, str]) -> dict[int, int]:
    """The places that give runs, named by their keys, their color and dash.

    ``chosen`` are the colors that people gave some of them. Whose color is one of ours takes its
    place, so that no other run has the same.
    """
    usual = {color.lower(): place for place, color in enumerate(COLORS)}
    found: dict[int, int] = {}
    for run in runs:
        place = usual.get(chosen.get(run, "").lower())
        if place is not None:
            found[run] = next(
                each for each in count(place, len(COLORS)) if each not in found.values()
            )
    taken = set(found.values())
    free = (place for place in count() if place not in taken)
    return {run: found[run] if run in found else next(free) for run in runs}
