"""How runs are told apart in charts: by color, and from the ninth on by dash and marker too.

The colors are those of ``static/css/app.css``; each is 3:1 on the surfaces of both themes.
"""

from collections.abc import Sequence

COLORS = (
    "#3F55F7",
    "#ED6E12",
    "#9D546C",
    "#C170BB",
    "#2794FB",
    "#7C58B3",
    "#D02E1E",
    "#859A74",
)
# What is no run's, likewise.
NEUTRAL = "#7C8798"
DASHES = ("solid", "8px,5px", "3px,3px")
SYMBOLS = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


def color(slot: int) -> str:
    """The color of the run in that place of a comparison, from 0."""
    return COLORS[slot % len(COLORS)]


def dash(slot: int) -> str:
    """How its line is broken, as Plotly and SVG write it; "solid" if it is not."""
    return DASHES[slot // len(COLORS) % len(DASHES)]


def dashed(slot: int, place: int) -> int:
    """The slot with the same color and the dash of that place among them."""
    return slot % len(COLORS) + place % len(DASHES) * len(COLORS)


def symbol(slot: int) -> str:
    """The shape of its markers, by Plotly's name."""
    return SYMBOLS[slot % len(SYMBOLS)]


def band(color: str) -> str:
    """That color, so thin that what lies behind shows: for areas."""
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    red, green, blue = (int(digits[at : at + 2], 16) for at in (0, 2, 4))
    return f"rgba({red},{green},{blue},0.16)"


# From low to high on lines: each is 3:1 on the surfaces of both themes, and whoever confuses red
# and green tells the ends apart.
_SCALE = ((63, 85, 247), (193, 112, 187), (237, 110, 18))


def scale(share: float) -> str:
    """The color of a line whose number lies so far, from 0 to 1, between the ends."""
    return _mixed(_SCALE, share)


# Five colors of the scale viridis (van der Walt and Smith, 2015), evenly spaced.
_VIRIDIS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))


def viridis(share: float) -> str:
    """The color of a number that lies so far, from 0 to 1, between the least and the greatest."""
    return _mixed(_VIRIDIS, share)


def _mixed(colors: Sequence[tuple[int, int, int]], share: float) -> str:
    place = min(max(share, 0.0), 1.0) * (len(colors) - 1)
    below = min(int(place), len(colors) - 2)
    mixed = (
        round(a + (b - a) * (place - below))
        for a, b in zip(colors[below], colors[below + 1], strict=True)
    )
    return "#{:02x}{:02x}{:02x}".format(*mixed)
