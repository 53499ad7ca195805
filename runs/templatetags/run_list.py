"""A cell of a run list as HTML: ``{% load run_list %}``.

A page has hundreds of them, and a template would take more than half of its time for them.
"""

from collections.abc import Callable

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from core.templatetags.core import duration, middle, number, status_chip, timeago
from runs.models import KeyKind
from runs.table import Cell, Row

register = template.Library()

_UNREGISTERED = (
    '<span class="absent" aria-hidden="true">–</span><span class="sr-only">not registered</span>'
)


@register.filter
def listed(cell: Cell, row: Row) -> SafeString:
    """The whole ``<td>`` of a cell of a run's row."""
    column = cell.column
    if column.is_curve:
        return _td("fit", cell, _curve(cell))
    if column.kind == KeyKind.METRIC:
        return _td("number", cell, _number(cell), _card_label(cell))
    if column.kind in (KeyKind.PARAM, KeyKind.TAG):
        text = number(None) if cell.value is None else middle(cell.value, 32)
        return _td("param", cell, text, _card_label(cell))
    css, content = _PROPERTIES[column.key]
    return _td(css, cell, content(row), _property_attributes(column.key, row))


def _td(css: str, cell: Cell, content: str, attributes: str = "") -> SafeString:
    return mark_safe(f'<td class="{css}{cell.css}"{attributes}>{content}</td>')


def _card_label(cell: Cell) -> str:
    return f' data-label="{escape(cell.column.key)}"' if cell.is_on_card else ""


def _number(cell: Cell) -> str:
    text = number(cell.value, cell.number_format)
    if cell.is_best:
        text = f'<span class="best">{text}<span class="sr-only"> best</span></span>'
    if cell.delta:
        text += format_html(
            '<span class="delta {}"{}>{}{}</span>',
            cell.delta.judgement,
            format_html(' title="{}"', cell.delta.exact) if cell.delta.exact else "",
            cell.delta.text,
            format_html('<span class="sr-only"> {}</span>', cell.delta.judgement)
            if cell.delta.judgement
            else "",
        )
    return text


def _curve(cell: Cell) -> str:
    if not cell.value:
        return number(cell.value)
    label = f"{cell.column.key} {cell.value.label}"
    return format_html(
        '<svg class="sparkline" viewBox="0 0 72 20" role="img" aria-label="{}"><title>{}</title>'
        '<path d="{}"/></svg>',
        label,
        label,
        cell.value.path,
    )


def _duration(row: Row) -> str:
    text = duration(row.duration_ms)
    return f'<span class="faint">{text}</span>' if row.is_running else text


def _experiment(row: Row) -> str:
    experiment = row.run.experiment
    return format_html(
        '<a href="{}">{}</a>', experiment.get_absolute_url(), middle(experiment.name, 32)
    )


def _versions(row: Row) -> str:
    return (
        _UNREGISTERED
        if not row.versions
        else format_html_join(
            "",
            '<a class="chip" href="{}">{} <b>v{}</b></a> ',
            (
                (version.get_absolute_url(), middle(version.model.name, 28), version.version)
                for version in row.versions
            ),
        )
    )


# What a column of a property has in it, and its class.
_PROPERTIES: dict[str, tuple[str, Callable[[Row], str]]] = {
    "status": ("", lambda row: status_chip(row.status)),
    "start_time": ("nowrap", lambda row: timeago(row.run.start_time)),
    "end_time": ("nowrap", lambda row: timeago(row.run.end_time)),
    "duration": ("number", _duration),
    "user": ("nowrap", lambda row: middle(row.run.user_id, 28)),
    "experiment": ("nowrap", _experiment),
    "source": ("nowrap", lambda row: middle(row.source_name, 28)),
    "run_id": ("mono nowrap", lambda row: escape(row.run.run_id)),
    "model": ("nowrap", _versions),
}


def _property_attributes(key: str, row: Row) -> str:
    match key:
        case "status":
            return ' data-label="Status"'
        case "start_time":
            return ' data-label="Start date"'
        case "experiment":
            return ' data-label="Experiment"'
        case "source":
            return f' title="{escape(row.source)}"'
        case "duration" if row.is_running:
            return f' data-ticking="{row.run.start_time}" title="So far"'
    return ""
