"""A cell of a comparison as HTML: ``{% load comparing %}``.

A page has thousands of them, which a template would take a second for.
"""

from collections.abc import Sequence

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from core.formatting import duration_text, exact_text, is_finite, middle_text, number_text
from core.templatetags.core import datetime, run_color, status_chip, swatch
from runs.comparing.branches import Line, tree_lines
from runs.comparing.diffs import word_diff
from runs.comparing.metrics import signed_text
from runs.comparing.subject import Subject
from runs.comparing.tables import Cell, Row
from runs.models import Run

register = template.Library()

_LONGEST = 80
_MISSING = '<span class="absent" aria-hidden="true">–</span><span class="sr-only">none</span>'
_DELTA_CLASSES = {True: " better", False: " worse", None: ""}
_DELTA_WORDS = {
    True: '<span class="sr-only"> better</span>',
    False: '<span class="sr-only"> worse</span>',
    None: "",
}


@register.filter
def compared(cell: Cell) -> SafeString:
    """The whole ``<td>`` of a cell."""
    if cell.kind == "number":
        css = "nowrap compared-worst" if cell.is_worst else "nowrap"
        if cell.heat:
            css += f" heat-{cell.heat}"
    else:
        css = " ".join(
            filter(
                None,
                [
                    "param" if cell.kind == "param" and cell.against is None else "",
                    "nowrap" if cell.kind == "duration" else "",
                    "changed" if cell.is_marked else "",
                ],
            )
        )
    attributes = f' class="{css}"' if css else ""
    return mark_safe(f"<td{attributes}>{_content(cell)}{_delta(cell)}</td>")


def _content(cell: Cell) -> str:
    value = cell.value
    if value is None:
        return _MISSING
    if cell.kind == "number":
        return _number(cell)
    if cell.kind == "status":
        return status_chip(value)
    if cell.kind == "datetime":
        return datetime(value)
    if cell.kind == "duration":
        return escape(duration_text(value))
    if cell.kind == "experiment":
        name = middle_text(value.name, 40)
        return format_html('<a href="{}">{}</a>', value.get_absolute_url(), name)
    if value == "":
        return '<span class="faint">(empty)</span>'
    return _text(cell, str(value))


def _number(cell: Cell) -> str:
    text = number_text(cell.value)
    if not is_finite(cell.value):
        return f'<span class="not-finite">{text}</span>'
    exact = exact_text(cell.value)
    shown = text if text.replace(",", "") == exact else f'<span title="{exact}">{text}</span>'
    if cell.is_best:
        return f'<span class="best">{shown}<span class="sr-only"> best</span></span>'
    if cell.is_worst:
        return f'{shown}<span class="sr-only"> worst</span>'
    return shown


def _text(cell: Cell, text: str) -> str:
    short = middle_text(text, _LONGEST)
    if cell.against is not None:
        # What differs in a long text is found for the reader.
        return (
            f'<details class="compared-long"><summary>{escape(short)}</summary>'
            f'<div class="diff-words">{word_diff(cell.against, text)}</div></details>'
        )
    if short == text:
        return escape(text)
    return f'<span title="{escape(text)}">{escape(short)}</span>'


def _delta(cell: Cell) -> str:
    if not cell.delta:
        return ""
    return (
        f' <span class="delta{_DELTA_CLASSES[cell.is_gain]}">{cell.delta}'
        f"{_DELTA_WORDS[cell.is_gain]}</span>"
    )


@register.filter
def cost_bar(share: float, color: tuple[int, str]) -> SafeString:
    """A bar as long as that share of the room, in the color of its run."""
    slot, chosen = color
    fill = chosen or "var(--run-color)"
    return format_html(
        '<svg class="cost-bar {}" viewBox="0 0 100 10" preserveAspectRatio="none" '
        'aria-hidden="true"><rect width="{}" height="10" fill="{}"/></svg>',
        run_color(slot),
        f"{share * 100:.2f}",
        fill,
    )


@register.filter
def as_tree(rows: Sequence[Row]) -> list[Line]:
    """The rows below the beginnings that their names share."""
    return tree_lines(rows)


@register.filter
def swatch_in(run: Run, subject: Subject) -> SafeString:
    """The color of a run among those compared: the one it was given, else that of its place."""
    return swatch(subject.color_slot(run), subject.colors.get(run.pk, ""))


@register.filter
def signed(number: float) -> str:
    """A difference with its sign."""
    return signed_text(number)
