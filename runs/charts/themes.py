"""The two looks of charts, as Plotly templates: one file a theme, for all figures.

A figure says what is drawn and leaves every color but the runs' to its template, so that a
browser changes the theme without asking for the figure again. The files are written by
``python -m runs.charts.themes``; a test holds them, and the colors, to this and to the style
sheet.
"""

from pathlib import Path

import msgspec
import plotly.graph_objects as go

from runs.charts.palette import COLORS

FOLDER = Path(__file__).resolve().parents[2] / "static" / "plotly-templates"

FONT = 'system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif'

# The tokens of static/css/app.css that charts use.
TOKENS = {
    "light": {
        "surface": "#FFFFFF",
        "sunken": "#EEF1F5",
        "border": "#D9DEE5",
        "border-control": "#7C8798",
        "text": "#18202C",
        "text-2": "#465264",
        "text-3": "#5C6879",
    },
    "dark": {
        "surface": "#151B24",
        "sunken": "#1D2530",
        "border": "#2B3543",
        "border-control": "#738197",
        "text": "#E7EBF1",
        "text-2": "#B4BFCD",
        "text-3": "#94A1B3",
    },
}


def template(theme: str) -> dict:
    """The template of that theme, validated by Plotly."""
    token = TOKENS[theme]
    axis = {
        # Margins make room for labels. To look which of them reach out of the plot, Plotly lays
        # the page out anew for each: most of the time that drawing takes.
        "ticklabeloverflow": "allow",
        # Each label costs such a look, too: as many as also fit on a phone. Names below bars are
        # set one by one and stay.
        "nticks": 5,
        "gridcolor": token["border"],
        "linecolor": token["border-control"],
        "tickcolor": token["border"],
        "zerolinecolor": token["border-control"],
        "zerolinewidth": 1,
        "gridwidth": 1,
        "showline": False,
        # Powers without markup, which the page's policy would not let Plotly style.
        "exponentformat": "e",
        "minexponent": 5,
        "separatethousands": True,
        "tickfont": {"color": token["text-2"], "size": 11},
        "title": {"font": {"color": token["text-2"], "size": 12}, "standoff": 10},
    }
    layout = {
        "colorway": list(COLORS),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": token["text"]},
        "hoverlabel": {
            "bgcolor": token["surface"],
            "bordercolor": token["border-control"],
            "font": {"family": FONT, "size": 12, "color": token["text"]},
            "align": "left",
            "namelength": -1,
        },
        # As large as labels and titles mostly need: where they need more, a chart is drawn twice.
        "margin": {"l": 56, "r": 16, "t": 12, "b": 48},
        "xaxis": {**axis, "showgrid": False, "showline": True, "ticks": "outside", "ticklen": 4},
        "yaxis": axis,
        "dragmode": "zoom",
    }
    return go.layout.Template({"layout": layout}).to_plotly_json()


def template_file(theme: str) -> bytes:
    """What stands in the theme's file."""
    return msgspec.json.format(msgspec.json.encode(template(theme), order="sorted")) + b"\n"


def write_files() -> None:
    FOLDER.mkdir(exist_ok=True)
    for theme in TOKENS:
        (FOLDER / f"{theme}.json").write_bytes(template_file(theme))


if __name__ == "__main__":
    write_files()
