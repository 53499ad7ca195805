"""The filters of ``{% load core %}`` escape what they are given and never raise."""

import math
import re
from pathlib import Path

import pytest
from django.template import engines
from hypothesis import given
from hypothesis import strategies as st

from core.templatetags import core

ICONS = Path(__file__).parents[2] / "static" / "icons.svg"
SCRIPT = "<script>alert(1)</script>"

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
FILTERS = [
    core.status_chip,
    core.number,
    core.duration,
    core.timeago,
    core.datetime,
    core.bytes,
    core.middle,
    core.markdown,
    core.run_color,
    core.file_icon,
]


def render(template: str, **context: object) -> str:
    return engines["django"].from_string("{% load core %}" + template).render(context)


@pytest.mark.parametrize("shown_as", FILTERS, ids=lambda shown_as: shown_as.__name__)
@given(value=ANYTHING)
def test_nothing_is_too_odd_for_a_page(shown_as, value):
    assert isinstance(shown_as(value), str)


@pytest.mark.parametrize("name", [shown_as.__name__ for shown_as in FILTERS])
def test_nobody_can_log_html_into_a_page(name):
    assert "<script" not in render(f"{{{{ value|{name} }}}}", value=SCRIPT)


def test_an_icon_is_one_of_the_sprite_and_silent():
    html = render('{% icon "flask" %}')

    assert 'aria-hidden="true"' in html
    assert "#flask" in html


def test_an_icon_that_stands_alone_says_what_it_means():
    html = render("{% icon 'star' label=label %}", label='Primary "metric"')

    assert 'role="img" aria-label="Primary &quot;metric&quot;"' in html


def test_every_icon_that_a_template_or_filter_names_is_drawn():
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', ICONS.read_text()))
    templates = Path(__file__).parents[2] / "templates"
    named = {
        name
        for path in templates.rglob("*.html")
        for name in re.findall(r"""{% icon ["']([\w-]+)["']""", path.read_text())
    }
    named |= {drawing for _, drawing, _ in core.STATUSES.values()}
    named |= {*core.FILE_ICONS, "file", "info"}

    assert named - drawn == set()


@pytest.mark.parametrize(
    ("status", "css", "word"),
    [
        ("FINISHED", "status-finished", "Finished"),
        ("running", "status-running", "Running"),
        ("DELETED", "status-trash", "In Trash"),
        ("PENDING_REGISTRATION", "status-running", "Registering"),
        ("UNHEARD_OF", "status-scheduled", "UNHEARD_OF"),
    ],
)
def test_a_status_is_a_color_an_icon_and_a_word(status, css, word):
    html = core.status_chip(status)

    assert css in html
    assert "<svg" in html
    assert word in html


def test_a_rounded_number_keeps_its_exact_value_in_the_title():
    assert core.number(0.93127381) == '<span title="0.93127381">0.9313</span>'


@pytest.mark.parametrize("value", [3, 12345])
def test_a_number_that_is_shown_whole_has_no_title(value):
    assert "title" not in core.number(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_marked(value):
    assert "not-finite" in core.number(value)


def test_a_value_that_is_not_there_says_so_to_those_who_listen():
    assert "not logged" in core.number(None)


def test_a_moment_is_readable_by_people_and_programs(settings):
    settings.TIME_ZONE = "UTC"

    html = core.datetime(1_800_000_000_123)

    assert 'datetime="2027-01-15T08:00:00.123Z"' in html
    assert "15 Jan 2027, 08:00:00 UTC" in html


def test_a_moment_long_ago_is_a_date():
    assert ">1 Jan 1970</time>" in core.timeago(0)


def test_a_note_is_formatted_below_the_headings_of_its_page():
    html = core.markdown("# Why\n\n**bold** [plan](https://example.org)\n\n|a|\n|-|\n|1|")

    assert "<h3>Why</h3>" in html
    assert "<strong>bold</strong>" in html
    assert "<table>" in html
    assert 'rel="noopener noreferrer"' in html


@pytest.mark.parametrize(
    "text",
    [
        SCRIPT,
        "[x](javascript:alert(1))",
        '<img src=x onerror="alert(1)">',
        "![x](javascript:alert(1))",
        "<b style='position:fixed'>x</b>",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
    ],
)
def test_a_note_runs_nothing(text):
    tags = re.findall(r"<[^>]*>", core.markdown(text))

    assert not re.search(r"script|onerror|style|data:", " ".join(tags))


@pytest.mark.parametrize(
    ("index", "classes"),
    [
        (0, "run-color-1"),
        (7, "run-color-8"),
        (8, "run-color-1 run-dash-1"),
        (17, "run-color-2 run-dash-2"),
        (24, "run-color-1"),
        ("3", "run-color-4"),
        (None, "run-color-1"),
    ],
)
def test_a_run_has_a_color_and_from_the_ninth_a_dash(index, classes):
    assert core.run_color(index) == classes


@pytest.mark.parametrize(
    ("path", "icon"),
    [
        ("plots/curve.PNG", "file-image"),
        ("model/MLmodel", "file-code"),
        ("requirements.txt", "file-text"),
        ("predictions.csv", "file-table"),
        ("model.pkl", "file"),
        (".gitignore", "file"),
        ("", "file"),
    ],
)
def test_a_file_has_the_icon_of_its_kind(path, icon):
    assert core.file_icon(path) == icon
