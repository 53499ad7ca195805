"""Parts that figures of every kind are made of."""

import base64
import math
import textwrap
from array import array
from collections.abc import Sequence
from html import escape

from core.formatting import middle_text
from runs.charts.plots import Axis

MAX_TITLE_LENGTH = 60

# How long the names below bars may be, by how many there are; of more only hovering tells.
MAX_NAMED_PLACES = 14
_LABEL_LENGTHS = ((4, 24), (8, 18), (MAX_NAMED_PLACES, 12), (math.inf, 0))
_LETTERS_IN_A_ROW = 48
_MIN_PLACES = 4
_MAX_LINES = 3


def axis_layout(axis: Axis) -> dict:
    """An axis as Plotly takes it."""
    found = {
        "title": {"text": plain(middle_text(axis.title, MAX_TITLE_LENGTH))},
        "automargin": True,
        "zeroline": False,
    }
    if axis.kind == "category":
        return found | _places(axis)
    if axis.kind == "date":
        return found | {"type": "date", "hoverformat": "%d %b %Y, %H:%M:%S"}
    return found | {"type": "linear", "separatethousands": True} | bounds(axis)


def bounds(axis: Axis) -> dict:
    """The scale of an axis, and where it begins and ends, which Plotly takes as powers on a log."""
    if axis.kind != "number":
        return {}
    ends = [axis.low, axis.high]
    if axis.is_log:
        ends = [None if end is None else math.log10(end) for end in ends]
    found: dict = {"type": "log", "dtick": 1} if axis.is_log else {}
    return found if ends == [None, None] else found | {"range": ends}


def _places(axis: Axis) -> dict:
    count = len(axis.labels)
    length = next(length for most, length in _LABEL_LENGTHS if count <= most)
    labels = [middle_text(label, length) for label in axis.labels]
    # A bar alone should not fill the plot.
    room = max(0.6, (_MIN_PLACES - count + 1) / 2)
    texts, angle = _names(labels, max(count, _MIN_PLACES))
    return {
        "tickmode": "array",
        "tickvals": list(range(count)),
        "ticktext": texts,
        "range": [-room, count - 1 + room],
        "showticklabels": length > 0,
        "ticks": "",
        "tickangle": angle,
        "ticklabeloverflow": "allow",
    }


def _names(labels: Sequence[str], places: int) -> tuple[list[str], int]:
    """The names below bars, and how far they are tilted.

    Words stand below one another where that spares a tilt. Long names end below their bars, and
    none is left out for want of room.
    """
    width = _LETTERS_IN_A_ROW // places
    lines = [textwrap.wrap(label, width, break_long_words=False) for label in labels]
    longest = max((len(line) for some in lines for line in some), default=0)
    # One name alone has the whole width.
    if len(labels) < 2 or (longest <= width and max(map(len, lines)) <= _MAX_LINES):
        joined = lines if len(labels) > 1 else [[label] for label in labels]
        return ["<br>".join(map(plain, some)) for some in joined], 0
    return [plain(label) for label in labels], -30


def typed(numbers: Sequence[float]) -> dict:
    """The numbers as Plotly reads them without parsing: NaN stays NaN."""
    return {"dtype": "f8", "bdata": base64.b64encode(array("d", numbers).tobytes()).decode()}


def plain(text: str) -> str:
    """``text`` for Plotly, which takes what looks like a tag for markup."""
    return escape(text, quote=False)
