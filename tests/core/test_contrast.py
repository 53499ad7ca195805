"""Colors that meet on a page can be told apart, in both themes (WCAG 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

STYLESHEET = Path(__file__).parents[2] / "static" / "css" / "app.css"

TEXT = 4.5
PARTS = 3.0

STATES = ["finished", "running", "scheduled", "failed", "killed", "stalled", "trash"]
DIFFERENCES = ["better", "worse", "changed"]

TEXT_PAIRS = [
    *[
        (ink, ground)
        for ink in ["text", "text-2", "text-3"]
        for ground in ["page", "surface", "sunken", "selected"]
    ],
    *[("accent", ground) for ground in ["page", "surface", "sunken", "selected"]],
    # The row that is pointed at, and what is said of it.
    *[(state, "surface") for state in ["failed", "killed", "better", "worse"]],
    ("accent-strong", "accent-soft"),
    ("accent-strong", "page"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    # The filled danger button, and the label of a button of icons.
    ("surface", "failed"),
    ("surface", "text"),
    *[(state, f"{state}-soft") for state in STATES + DIFFERENCES],
    *[(state, "selected") for state in DIFFERENCES],
    *[
        (f"code-{kind}", ground)
        for kind in ["keyword", "string", "number", "name"]
        for ground in ["surface", "sunken"]
    ],
]
PART_PAIRS = [
    *[
        (part, ground)
        for part in ["border-control", "focus", "accent"]
        for ground in ["page", "surface", "sunken"]
    ],
    *[(f"run-color-{slot}", "surface") for slot in range(1, 9)],
]


@pytest.fixture(scope="module")
def colors():
    """What each token is in the light and in the dark, read from the sheet itself."""
    sheet = STYLESHEET.read_text()
    tokens = {
        name: {"light": light, "dark": dark}
        for name, light, dark in re.findall(
            r"--([\w-]+): light-dark\((#[0-9A-F]{6}), (#[0-9A-F]{6})\);", sheet
        )
    }
    for slot, color in re.findall(r"\.run-color-(\d) \{ --run-color: (#[0-9A-F]{6}); \}", sheet):
        tokens[f"run-color-{slot}"] = {"light": color, "dark": color}
    return tokens


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_can_be_read(colors, ink, ground, theme):
    assert contrast(colors[ink][theme], colors[ground][theme]) >= TEXT


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("part", "ground"), PART_PAIRS)
def test_controls_and_run_colors_can_be_seen(colors, part, ground, theme):
    assert contrast(colors[part][theme], colors[ground][theme]) >= PARTS


def test_colors_stand_in_tokens_and_nowhere_else():
    """But for paper (images keep a light mat) and for shadows, which have no contrast to keep."""
    _, rules = STYLESHEET.read_text().split("2 Ground */")

    strays = set(re.findall(r"#[0-9A-Fa-f]{3,8}\b", rules))

    assert strays <= {"#FFFFFF", "#F1F3F6"}


def contrast(one: str, other: str) -> float:
    """The ratio of two colors as WCAG 2 defines it, from 1 to 21."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_ratio_is_the_one_of_the_standard():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)
