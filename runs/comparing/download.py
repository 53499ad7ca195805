"""A comparison as one file: what the tabs say, with drawings, that opens without a network."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe

from runs.charts.captions import caption
from runs.charts.drawings import drawing
from runs.charts.plots import charted_runs, read_chart
from runs.charts.reading import read_plot
from runs.charts.spec import ChartSpec
from runs.comparing.address import Delta, PageAddress, Rows
from runs.comparing.groups import Statistics, read_statistics
from runs.comparing.metrics import metric_section
from runs.comparing.params import text_sections
from runs.comparing.subject import Subject
from runs.comparing.summary import Summary, summarize
from runs.comparing.tables import Table, paged

MAX_DRAWINGS = 12
_SHEETS = ("css/app.css", "css/compare.css")
_ICONS = "icons.svg"


@dataclass(frozen=True)
class Drawing:
    """One chart as SVG, with what it shows in words."""

    metric: str
    svg: SafeString
    caption: str


@dataclass(frozen=True)
class Download:
    """What the file shows."""

    summary: Summary
    metrics: Table
    params: Table
    statistics: Statistics
    drawings: Sequence[Drawing]
    drawn_of: int


def read_download(subject: Subject, address: PageAddress) -> Download:
    """Everything that the summary, the tables and the statistics say, and the first charts."""
    # The runs as rows wherever they are many; all that differs, whatever the page searched for.
    plain = replace(address, search="", key_page=1, run_page=1)
    tables = replace(plain, rows=plain.rows or (Rows.RUNS if len(subject.runs) > 8 else Rows.KEYS))
    shown = subject.ranked_metrics[:MAX_DRAWINGS]
    return Download(
        summary=summarize(subject, plain),
        metrics=paged(subject, [metric_section(subject, replace(tables, delta=Delta.OFF))], tables),
        params=paged(subject, text_sections(subject, tables), tables),
        statistics=read_statistics(subject, plain),
        drawings=[_drawing(subject, metric) for metric in shown],
        drawn_of=len(subject.metrics),
    )


def _drawing(subject: Subject, metric: str) -> Drawing:
    data = read_chart(ChartSpec(metric), charted_runs(subject.charted, colors=subject.colors))
    svg = drawing(read_plot(data), theme="light")
    return Drawing(metric, mark_safe(svg), caption(data, better=subject.better(metric)))


def styles() -> SafeString:
    """The style sheets of the page, to be written into it."""
    return mark_safe("\n".join(_static_text(sheet) for sheet in _SHEETS))


def icons() -> SafeString:
    """The drawings of all icons, to be written into the page."""
    return mark_safe(_static_text(_ICONS))


def alone(page: str, *, site: str) -> str:
    """The page as it stands by itself: icons are its own, and links lead back to the site."""
    page = page.replace(f'href="{static(_ICONS)}#', 'href="#')
    return re.sub(r'href="(?=/)', f'href="{site}', page)


def _static_text(name: str) -> str:
    return Path(finders.find(name)).read_text()
