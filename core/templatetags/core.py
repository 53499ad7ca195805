"""What every template may use: ``{% load core %}``.

Filters, so that they go wherever a value goes, also into ``{% include … with %}``. Each
takes whatever a client may have logged, escapes it, and never raises.
"""

import functools
from datetime import UTC
from itertools import zip_longest
from pathlib import PurePosixPath

import nh3
from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from core import assets, formatting
from core.time import as_datetime, now_ms

register = template.Library()

RUN_COLORS = 8
RUN_DASHES = 3

# A status, however a client or the registry spells it: css name, icon, word.
STATUSES = {
    "FINISHED": ("finished", "check-circle", "Finished"),
    "RUNNING": ("running", "running", "Running"),
    "SCHEDULED": ("scheduled", "clock", "Scheduled"),
    "FAILED": ("failed", "x-octagon", "Failed"),
    "KILLED": ("killed", "square", "Killed"),
    "STALLED": ("stalled", "alert-triangle", "Stalled"),
    "DELETED": ("trash", "trash", "In Trash"),
    "READY": ("finished", "check-circle", "Ready"),
    "PENDING_REGISTRATION": ("running", "running", "Registering"),
    "FAILED_REGISTRATION": ("failed", "x-octagon", "Registration failed"),
}

FILE_ICONS = {
    "file-image": "apng avif bmp gif jpeg jpg png svg tif tiff webp",
    "file-table": "arrow csv feather parquet tsv xls xlsx",
    "file-code": "c cfg conf cpp css html ini ipynb js json mlmodel py r sh sql toml xml yaml yml",
    "file-text": "err log md out rst tex txt",
}
_ICON_OF_SUFFIX = {
    suffix: icon for icon, suffixes in FILE_ICONS.items() for suffix in suffixes.split()
}

# Two headings are above any note on its page: the page's own and the panel's.
_LEVELS_ABOVE_A_NOTE = 2
_LOWEST_HEADING = 6


@register.simple_tag
def styles(*sources: str, id: str = "") -> SafeString:
    """The style sheets of a page, as ``core.assets`` says; the first one has the ``id``."""
    marks = [format_html(' id="{}"', id)] if id else []
    found = assets.addresses(*sources)
    return format_html_join(
        "", '<link rel="stylesheet" href="{}"{}>', zip_longest(found, marks, fillvalue="")
    )


@register.simple_tag
def scripts(*sources: str) -> SafeString:
    """The scripts of a page, as ``core.assets`` says; they run once the page is read."""
    script = '<script src="{}" defer></script>'
    return format_html_join("", script, ((each,) for each in assets.addresses(*sources)))


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One drawing of ``static/icons.svg``; silent beside a text, spoken if it has a label."""
    speech = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="icon icon-{}" {}><use href="{}#{}"></use></svg>',
        name,
        mark_safe(speech),
        static("icons.svg"),
        name,
    )


@register.filter
def file_icon(path: object) -> str:
    """The name of the icon for a file: ``{% icon path|file_icon %}``."""
    path = PurePosixPath(str(path))
    suffix = path.suffix or path.name
    return _ICON_OF_SUFFIX.get(suffix.lstrip(".").lower(), "file")


@register.filter
def status_chip(status: object) -> SafeString:
    """A run's or version's status as icon and word. A status nobody knows is shown as it came."""
    if status is None or status == "":
        return _absent("no status")
    word = str(status)
    css, drawing, word = STATUSES.get(word.upper(), ("scheduled", "info", word))
    return format_html('<span class="status status-{}">{}{}</span>', css, icon(drawing), word)


@register.filter
def number(value: object, style: str = "") -> SafeString:
    """A metric's value to four digits, the exact one in the title; NaN and ∞ as a chip.

    ``style`` says another format, as ``core.formatting.styled_text`` takes it.
    """
    if value is None:
        return _absent("not logged")
    if not formatting.is_number(value):
        return format_html("{}", value)
    text, exact = _number_text(value, style), formatting.exact_text(value)
    if not formatting.is_finite(value):
        return format_html('<span class="not-finite">{}</span>', text)
    if text.replace(",", "") == exact:
        return format_html("{}", text)
    return format_html('<span title="{}">{}</span>', exact, text)


@register.filter
def duration(ms: object) -> SafeString:
    """Milliseconds as "2 h 14 m"."""
    text = formatting.duration_text(ms)
    return _absent("no duration") if text == formatting.ABSENT else format_html("{}", text)


@register.filter
def timeago(ms: object) -> SafeString:
    """A moment as "3 min ago", its exact time in the title; the browser keeps it true."""
    moment = as_datetime(ms) if isinstance(ms, int) else None
    if moment is None:
        return _absent("no time")
    return _time(ms, formatting.relative_text(ms, now=now_ms()), "relative")


@register.filter
def datetime(ms: object) -> SafeString:
    """A moment as "3 Mar 2026, 14:05:09"; the browser turns it into its own time zone."""
    moment = as_datetime(ms) if isinstance(ms, int) else None
    if moment is None:
        return _absent("no time")
    return _time(ms, _exact(ms), "exact")


@register.filter
def bytes(count: object) -> SafeString:
    """An amount of data as "1.2 MB"."""
    text = formatting.bytes_text(count)
    return _absent("unknown size") if text == formatting.ABSENT else format_html("{}", text)


@register.filter
def middle(value: object, length: object = 40) -> SafeString:
    """A long name with its middle left out, whole in the title."""
    whole = "" if value is None else str(value)
    try:
        short = formatting.middle_text(whole, int(length))
    except (TypeError, ValueError):
        short = whole
    if short == whole:
        return format_html("{}", whole)
    return format_html('<span title="{}">{}</span>', whole, short)


@register.filter
def markdown(text: object) -> SafeString:
    """A note in Markdown as HTML: no raw HTML, no scripts, headings below the page's own."""
    if not text:
        return SafeString("")
    return mark_safe(nh3.clean(_markdown().render(str(text))))


@register.filter
def run_color(index: object) -> str:
    """The classes that give the run at ``index`` (from 0) its color and, from the ninth, dash."""
    try:
        dash, color = divmod(int(index), RUN_COLORS)
    except (TypeError, ValueError, OverflowError):
        return "run-color-1"
    dash %= RUN_DASHES
    return f"run-color-{color + 1} run-dash-{dash}" if dash else f"run-color-{color + 1}"


@register.simple_tag
def swatch(slot: object, chosen: str = "") -> SafeString:
    """The color of a run as a short line: the one that people chose, else that of its place.

    A chosen color is drawn, since the page's policy allows no style of an element's own. The dash
    still tells runs of one color apart.
    """
    classes = run_color(slot)
    if not chosen:
        return format_html('<span class="swatch {}"></span>', classes)
    dash = {"1": "6 4", "2": "3 3.5"}.get(classes.rpartition("run-dash-")[2], "none")
    return format_html(
        '<svg class="swatch swatch-chosen" viewBox="0 0 28 4" aria-hidden="true">'
        '<path d="M0 2h28" stroke="{}" stroke-width="4" stroke-dasharray="{}"/></svg>',
        chosen,
        dash,
    )


def _number_text(value: int | float, style: str) -> str:
    try:
        return formatting.styled_text(value, style) if style else formatting.number_text(value)
    except ValueError:
        return formatting.number_text(value)


def _absent(speech: str) -> SafeString:
    return format_html(
        '<span class="absent" aria-hidden="true">{}</span><span class="sr-only">{}</span>',
        formatting.ABSENT,
        speech,
    )


def _time(ms: int, text: str, kind: str) -> SafeString:
    moment = as_datetime(ms)
    return format_html(
        '<time datetime="{}" title="{}" data-time="{}">{}</time>',
        moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        _exact(ms),
        kind,
        text,
    )


def _exact(ms: int) -> str:
    moment = as_datetime(ms)
    try:
        moment = moment.astimezone(timezone.get_current_timezone())
    except OverflowError:
        # The first and the last day of the calendar have no neighbor in some time zones.
        pass
    return f"{formatting.date_text(moment)}, {moment:%H:%M:%S} {moment.tzname()}"


@functools.cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.core.ruler.push("lower_headings", _lower_headings)
    return markdown


def _lower_headings(state) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            level = min(int(token.tag[1:]) + _LEVELS_ABOVE_A_NOTE, _LOWEST_HEADING)
            token.tag = f"h{level}"
