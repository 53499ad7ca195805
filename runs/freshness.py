"""What an open page shows of its runs, as facts that are the same as long as it shows the same.

Left out is what the browser keeps true by itself: how long ago something was, and how long a run
has been running.
"""

from collections.abc import Iterable, Mapping

from runs.baseline import Baseline
from runs.detail import Detail, Header
from runs.run_metrics import MetricRow
from runs.table import Row


def facts_of_list(context: Mapping[str, object]) -> tuple:
    """All that the table of a run list shows, grouped or not."""
    counts = ("count", "count_is_more", "total", "total_is_more", "is_running")
    groups = context.get("groups")
    return (
        [context[name] for name in counts],
        [column.id for column in context["columns"].shown],
        context["columns"].total,
        facts_of_rows(context["rows"], context["baseline"]),
        groups and (groups.total, groups.runs, groups.is_partly),
        # With how far they are from a baseline that may be none of them.
        groups and [shown.group for shown in context["shown_groups"]],
    )


def facts_of_rows(rows: Iterable[Row], baseline: Baseline | None = None) -> list[tuple]:
    """All that the rows of runs show."""
    base = baseline and baseline.run and baseline.run.pk
    return [
        (
            row.run.run_id,
            row.run.pk == base,
            row.run.name,
            row.run.experiment.name,
            row.run.user_id,
            row.run.parent_run_id,
            row.status,
            row.run.start_time,
            row.run.end_time,
            row.source,
            row.child_count,
            row.color,
            row.note,
            [(version.model.name, version.version) for version in row.versions],
            [(cell.value, cell.is_best, cell.number_format, cell.delta) for cell in row.cells],
        )
        for row in rows
    ]


def facts_of_run(header: Header, detail: Detail) -> tuple:
    """What the page of a running run brings up to date."""
    best = header.best
    metrics = detail.metrics
    return (
        header.status,
        header.run.end_time,
        header.tally.files,
        header.tally.size,
        best and (best.run.run_id, best.run.name, best.value),
        [
            (version.model.name, version.version, [alias.alias for alias in version.aliases.all()])
            for version in detail.versions
        ],
        (metrics.total, metrics.matching),
        [_facts_of_metric(row) for row in metrics.headlines],
        [_facts_of_metric(row) for section in metrics.sections for row in section.rows],
    )


def _facts_of_metric(row: MetricRow) -> tuple:
    stat = row.stat
    return (
        row.name,
        row.is_primary,
        row.better,
        row.last,
        (stat.minimum, stat.minimum_step, stat.maximum, stat.maximum_step),
        (stat.count, stat.nan_count, stat.last_step),
        row.chart_url,
        row.sparkline,
    )
