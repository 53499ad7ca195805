"""The chart cards of the page that compares runs, and the form that changes one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from urllib.parse import urlencode

from django.db.models import TextChoices

from runs.charts.address import FIRST_CARDS, ComparisonAddress
from runs.charts.board import MAX_CHANGES, Board, Place
from runs.charts.cards import ChartCard, chart_card
from runs.charts.plots import ChartedRun, charted_runs, read_charts
from runs.charts.spec import (
    AxisScale,
    BadChart,
    Band,
    Center,
    ChartSpec,
    Outliers,
    Smoothing,
    Type,
    X,
)
from runs.columns import RESERVED_PREFIX
from runs.compare import Comparison
from runs.directions import Better
from runs.models import MetricStat, RunTag
from runs.series import Statistic

# Tags that the editor offers to put on an axis.
MAX_TAGS = 200


@dataclass(frozen=True)
class Choice:
    """One option of a list."""

    value: str
    label: str


def _choices(choices: type[TextChoices], nothing: str = "") -> list[Choice]:
    first = [Choice("", nothing)] if nothing else []
    return [*first, *(Choice(each.value, each.label) for each in choices)]


@dataclass(frozen=True)
class Editor:
    """The form that changes a chart, filled in; ``number`` is its change's, if it has one.

    ``fields`` are the things of a run that an axis, a color or a group can be: by the kind of
    them, as the form names it.
    """

    spec: ChartSpec
    at: str
    number: str
    metrics: Sequence[str]
    params: Sequence[str]
    fields: Sequence[tuple[str, Sequence[Choice]]]
    # The page around the form, as hidden fields.
    pairs: Sequence[tuple[str, str]]
    error: str = ""

    types = _choices(Type, "Automatic")
    axes = _choices(X, "Automatic")
    statistics = _choices(Statistic)
    centers = _choices(Center)
    bands = _choices(Band, "None")
    scales = _choices(AxisScale, "Linear")
    outliers = _choices(Outliers, "Show all")
    smoothings = _choices(Smoothing, "None")

    @property
    def smoothing(self) -> str:
        """The kind of smoothing that is chosen, whether or not its amount makes sense."""
        return self.spec.smooth.partition(":")[0]

    @property
    def amount(self) -> str:
        return self.spec.smooth.partition(":")[2]

    @property
    def is_grouped(self) -> bool:
        """Whether something of the fold about groups and colors is chosen."""
        return bool(self.spec.group or self.spec.color or self.spec.dash)

    @property
    def is_framed(self) -> bool:
        """Whether something of the fold about axes is chosen."""
        spec = self.spec
        bounds = (spec.xmin, spec.xmax, spec.ymin, spec.ymax, spec.rule)
        return bool(spec.xscale or spec.yscale or spec.outliers or any(bounds))


def card_id(at: str, number: int | None = None) -> str:
    """The id of a chart's element, which stays when others come and go before it."""
    name = f"chart-{blake2s(at.encode('utf-8', 'replace'), digest_size=5).hexdigest()}"
    return name if number is None else f"{name}-{number}"


def comparison_cards(
    comparison: Comparison, address: ComparisonAddress, *, workspace: str, path: str = ""
) -> list[ChartCard]:
    """The charts that the address shows, as many as it says; ``path`` as below."""
    return place_cards(
        address.board.places(comparison.metrics)[: address.cards],
        charted_runs(comparison.runs, colors=comparison.colors),
        address,
        workspace=workspace,
        better=comparison.better,
        known=comparison.stats,
        path=path,
    )


def place_cards(
    places: Sequence[Place],
    runs: Sequence[ChartedRun],
    address: ComparisonAddress,
    *,
    workspace: str,
    better: Callable[[str], Better | None],
    known: Mapping[str, Mapping[int, MetricStat]] | None = None,
    path: str = "",
) -> list[ChartCard]:
    """The charts in those places; ``path`` is where they are changed, if not on the same page."""
    charts = read_charts([place.spec for place in places], runs, known=known)
    return [
        chart_card(
            address.settings.applied(data),
            id=card_id(place.at, place.number if place.is_new else None),
            workspace=workspace,
            better=better(place.spec.metric),
            edit_url=f"{path}{address}&{_edit_query(place)}",
            **_undo(place, address, path),
            **_arranged(places, index, address, path),
        )
        for index, (place, data) in enumerate(zip(places, charts, strict=True))
    ]


def _arranged(
    places: Sequence[Place], index: int, address: ComparisonAddress, path: str
) -> dict[str, str]:
    """Where a chart is doubled or moved, and where it stands first."""
    place, board = places[index], address.board
    anchor = card_id(place.at, place.number if place.is_new else None)

    def with_board(changed: Board, anchor: str = anchor) -> str:
        return f"{path}{address.but(board=changed)}#{anchor}"

    doubled = card_id(place.at, len(board.changes))
    is_full = len(board.changes) >= MAX_CHANGES
    is_last = index + 1 == len(places)
    return {
        "duplicate_url": "" if is_full else with_board(board.added(place.at, place.spec), doubled),
        "left_url": with_board(board.moved(places, index, -1)) if index else "",
        "right_url": "" if is_last else with_board(board.moved(places, index, 1)),
        "link_url": with_board(board.led_by(place.key)),
    }


def count_cards(comparison: Comparison, address: ComparisonAddress) -> int:
    """How many charts there are in all."""
    return len(address.board.places(comparison.metrics))


def more_cards(address: ComparisonAddress, total: int) -> int:
    """How many charts the next click adds."""
    return min(FIRST_CARDS, max(0, total - address.cards))


def read_editor(
    query: Mapping[str, str],
    comparison: Comparison,
    address: ComparisonAddress,
    *,
    error: str = "",
) -> Editor | None:
    """The form for the chart that ``query`` names; None if it names none.

    After an ``error`` it holds what was sent, to be corrected.
    """
    at = query.get("edit", "")
    if not at:
        return None
    number = _number(query, address)
    spec = ChartSpec(at) if number is None else address.board.changes[number].spec
    if error:
        spec = ChartSpec.sent(query, at)
    return Editor(
        spec=spec,
        at=at,
        number="" if number is None else str(number),
        metrics=comparison.metrics,
        params=comparison.params,
        fields=_fields(comparison),
        pairs=address.pairs,
        error=error,
    )


def _fields(comparison: Comparison) -> list[tuple[str, list[Choice]]]:
    """What of the runs can be along an axis, by kind."""
    tags = RunTag.objects.filter(run__in=[run.pk for run in comparison.runs])
    own = tags.exclude(key__startswith=RESERVED_PREFIX).order_by("key")
    names = {
        "param": ("Hyperparameters", comparison.params),
        "metric": ("Metrics", comparison.metrics),
        "tag": ("Tags", own.values_list("key", flat=True).distinct()[:MAX_TAGS]),
    }
    return [
        (title, [Choice(f"{kind}:{name}", name) for name in some])
        for kind, (title, some) in names.items()
        if some
    ]


def changed_address(query: Mapping[str, str], address: ComparisonAddress) -> tuple[str, str]:
    """The address with the chart that the form sent, ending in its place on the page.

    Or nothing, and what is wrong with what was sent.
    """
    try:
        spec = ChartSpec.read(query)
    except BadChart as refusal:
        return "", refusal.message
    at = query.get("edit", "") or spec.metric
    number = _number(query, address)
    if query.get("put") == "add":
        board = address.board.added(at, spec)
        anchor = card_id(at, len(board.changes) - 1)
    else:
        board = address.board.replaced(at, number, spec)
        is_new = number is not None and address.board.changes[number].is_new
        anchor = card_id(at, number if is_new else None)
    return f"{address.but(board=board)}#{anchor}", ""


def _number(query: Mapping[str, str], address: ComparisonAddress) -> int | None:
    """Which change of the address the form is about; None for a chart as usual."""
    text = query.get("number", "")
    numbers = [str(number) for number in range(len(address.board.changes))]
    return numbers.index(text) if text in numbers else None


def _edit_query(place: Place) -> str:
    query = {"edit": place.at}
    if place.number is not None:
        query["number"] = str(place.number)
    return urlencode(query)


def _undo(place: Place, address: ComparisonAddress, path: str) -> dict[str, str]:
    if place.number is None:
        return {}
    return {
        "undo_url": path + address.but(board=address.board.without(place.number)),
        "undo_label": "Remove chart" if place.is_new else "Reset chart",
    }
