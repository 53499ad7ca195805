"""The charts of an experiment: its metrics by their prefixes, for the first runs of its list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from runs.charts.address import ComparisonAddress
from runs.charts.board import Place
from runs.charts.cards import ChartCard
from runs.charts.page import place_cards
from runs.charts.plots import ChartedRun, charted_runs
from runs.columns import RESERVED_PREFIX
from runs.comparing.subject import MAX_CHARTED, SYSTEM_PREFIX
from runs.directions import which_is_better
from runs.keys import metric_key_ids
from runs.models import KeyKind, MetricStat, Run, RunKey
from runs.ordering import page_of_runs
from runs.scope import Scope, UnreadableFilter, sort_of
from runs.series import Statistic, value_of

# So many runs have a color of their own; those are charted where none is ticked.
FIRST_RUNS = 8
# What a page draws at first, and of one section.
FIRST_CARDS = 12
SECTION_CARDS = 24
MAX_SEARCH = 250


@dataclass(frozen=True)
class Section:
    """The metrics that share a prefix; ``cards`` are those that the page draws."""

    prefix: str
    count: int
    cards: Sequence[ChartCard]
    url: str
    previous_url: str = ""
    next_url: str = ""

    @property
    def title(self) -> str:
        return f"{self.prefix}/" if self.prefix else "Without a prefix"


@dataclass(frozen=True)
class ChartsTab:
    """All that the page shows. ``total`` is how many metrics there are, ``found`` how many of
    them the search leaves.
    """

    address: ComparisonAddress
    notices: Sequence[str]
    runs: Sequence[ChartedRun]
    are_ticked: bool
    sections: Sequence[Section]
    total: int
    found: int
    search: str
    section: str | None
    all_url: str
    compare_url: str


@dataclass(frozen=True)
class SlimRow:
    """A run beside the charts; ``charted`` is what gives it its color there, if it is in them."""

    run: Run
    status: str
    charted: ChartedRun | None
    primary: float | None


def read_charts_tab(
    scope: Scope, query: QueryDict, *, ticked: QuerySet[Run] | None, listed: Sequence[Run]
) -> ChartsTab:
    """The page for an address of the run list with, beside it, ``metric`` (a part of the names),
    ``section`` (one prefix) and ``part`` (which 24 of it), and what charts have of an address.

    ``listed`` are the runs of the list's page; its first ones are charted where none is ticked.
    """
    address, notices = ComparisonAddress.read(query)
    if len(address.run_ids) > 1:
        # What a link brought along holds until somebody ticks.
        linked = scope.runs.filter(run_id__in=address.run_ids[:MAX_CHARTED])
        ticked = linked if linked.exists() else ticked
    runs = _runs(scope, query, ticked, listed)
    address = replace(address, run_ids=[run.run_id for run in runs], baseline="")
    search = query.get("metric", "").strip()[:MAX_SEARCH].replace("\x00", "")
    names = _names(scope.keys)
    found = [name for name in names if search.lower() in name.lower()]
    grouped = _grouped(found, primary=scope.experiment.primary_metric)
    asked = query.get("section")
    section = asked if asked in grouped else None
    part = _part(query.get("part", ""), len(grouped.get(section, ())))
    drawn = _drawn(grouped, section, part)
    cards = _cards(scope, address, runs, drawn)
    return ChartsTab(
        address=address,
        notices=notices,
        runs=runs,
        are_ticked=ticked is not None,
        sections=[
            Section(
                prefix,
                len(metrics),
                cards.get(prefix, []),
                url=_with(query, section=prefix),
                previous_url=_with(query, section=prefix, part=part - 1)
                if prefix == section and part
                else "",
                next_url=_with(query, section=prefix, part=part + 1)
                if prefix == section and (part + 1) * SECTION_CARDS < len(metrics)
                else "",
            )
            for prefix, metrics in grouped.items()
            if section is None or prefix == section
        ],
        total=len(names),
        found=len(found),
        search=search,
        section=section,
        all_url=_with(query),
        compare_url=f"{reverse('runs:compare', args=[scope.workspace.slug])}{address}",
    )


def slim_rows(
    statuses: Sequence[tuple[Run, str]], charted: Sequence[ChartedRun], *, primary: str
) -> list[SlimRow]:
    """The runs of the list's page as they stand beside the charts."""
    by_key = {run.key: run for run in charted}
    values: Mapping[int, float] = {}
    if primary:
        stats = MetricStat.objects.filter(
            run__in=[run.pk for run, _ in statuses],
            key__in=metric_key_ids([primary]).values(),
        )
        values = {stat.run_id: value_of(stat, Statistic.LAST) for stat in stats}
    return [
        SlimRow(run, status, by_key.get(run.pk), values.get(run.pk)) for run, status in statuses
    ]


def _runs(
    scope: Scope, query: QueryDict, ticked: QuerySet[Run] | None, listed: Sequence[Run]
) -> list[ChartedRun]:
    if ticked is not None:
        runs = ticked.select_related("experiment__workspace").order_by("start_time", "run_id")
        return charted_runs(list(runs[:MAX_CHARTED]))
    if listed:
        return charted_runs(listed[:FIRST_RUNS])
    # Of a list in groups the page has no runs.
    try:
        found = scope.listed(query)
    except UnreadableFilter:
        # It narrows nothing, as on the list, which says so.
        found = scope.runs
    page = page_of_runs(
        found.select_related("experiment__workspace"),
        sort=sort_of(query),
        cursor="",
        size=FIRST_RUNS,
        experiments=scope.experiments,
    )
    return charted_runs(page.runs)


def _names(keys: QuerySet[RunKey]) -> list[str]:
    names = keys.filter(kind=KeyKind.METRIC).exclude(name__startswith=RESERVED_PREFIX)
    return list(names.order_by("name").values_list("name", flat=True))


def _grouped(names: Sequence[str], *, primary: str) -> dict[str, list[str]]:
    """The names by what stands before their last slash; the primary metric's before the others,
    those of the machine last.
    """
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (name != primary, name.lower(), name)):
        found.setdefault(name.rpartition("/")[0], []).append(name)
    order = sorted(found, key=lambda prefix: (primary not in found[prefix], prefix.lower()))
    order.sort(key=_is_of_the_machine)
    return {prefix: found[prefix] for prefix in order}


def _is_of_the_machine(prefix: str) -> bool:
    return f"{prefix}/".startswith(SYSTEM_PREFIX)


def _drawn(grouped: dict[str, list[str]], section: str | None, part: int) -> dict[str, list[str]]:
    """What of each section is drawn: one part of the section asked for, else the first few."""
    if section is not None:
        start = part * SECTION_CARDS
        return {section: grouped[section][start : start + SECTION_CARDS]}
    drawn: dict[str, list[str]] = {}
    room = FIRST_CARDS
    for prefix, metrics in grouped.items():
        if _is_of_the_machine(prefix) or not room:
            continue
        drawn[prefix] = metrics[:room]
        room -= len(drawn[prefix])
    return drawn


def _cards(
    scope: Scope,
    address: ComparisonAddress,
    runs: Sequence[ChartedRun],
    drawn: Mapping[str, Sequence[str]],
) -> dict[str, list[ChartCard]]:
    """The cards of each section. They are changed on the page of the comparison, or by a script."""
    found: dict[str, list[Place]] = {
        prefix: address.board.places(metrics) for prefix, metrics in drawn.items()
    }
    cards = iter(
        place_cards(
            [place for places in found.values() for place in places],
            runs,
            address,
            workspace=scope.workspace.slug,
            better=lambda metric: which_is_better(metric, experiments=scope.experiments),
            path=reverse("runs:compare_charts", args=[scope.workspace.slug]),
        )
    )
    return {prefix: [next(cards) for _ in places] for prefix, places in found.items()}


def _part(text: str, count: int) -> int:
    last = max(0, (count - 1) // SECTION_CARDS)
    return min(int(text), last) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _with(query: QueryDict, **changes: object) -> str:
    changed = query.copy()
    for name in ("section", "part"):
        changed.pop(name, None)
    for name, value in changes.items():
        changed[name] = value
    return f"?{changed.urlencode()}"
