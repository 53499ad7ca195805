"""The chart cards of the page that compares runs, and the form that changes one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from urllib.parse import urlencode

from runs.charts.address import FIRST_CARDS, ComparisonAddress
from runs.charts.board import Place
from runs.charts.cards import ChartCard, chart_card
from runs.charts.plots import charted_runs
from runs.charts.spec import PARAM_PREFIX, BadChart, ChartSpec, Type, X
from runs.compare import Comparison
from runs.series import Statistic


@dataclass(frozen=True)
class Choice:
    """One option of a list."""

    value: str
    label: str


@dataclass(frozen=True)
class Editor:
    """The form that changes a chart, filled in; ``number`` is its change's, if it has one."""

    spec: ChartSpec
    at: str
    number: str
    metrics: Sequence[str]
    params: Sequence[Choice]
    # The page around the form, as hidden fields.
    pairs: Sequence[tuple[str, str]]
    error: str = ""

    types = [Choice("", "Automatic"), *(Choice(each.value, each.label) for each in Type)]
    axes = [Choice("", "Automatic"), *(Choice(each.value, each.label) for each in X)]
    statistics = [Choice(each.value, each.label) for each in Statistic]


def card_id(at: str, number: int | None = None) -> str:
    """The id of a chart's element, which stays when others come and go before it."""
    name = f"chart-{blake2s(at.encode('utf-8', 'replace'), digest_size=5).hexdigest()}"
    return name if number is None else f"{name}-{number}"


def comparison_cards(
    comparison: Comparison, address: ComparisonAddress, *, workspace: str
) -> list[ChartCard]:
    """The charts that the address shows, as many as it says."""
    runs = charted_runs(comparison.runs)
    places = address.board.places(comparison.metrics)
    return [
        chart_card(
            place.spec,
            id=card_id(place.at, place.number if place.is_new else None),
            workspace=workspace,
            runs=runs,
            stats=comparison.stats.get(place.spec.metric, {}),
            better=comparison.better(place.spec.metric),
            edit_url=f"{address}&{_edit_query(place)}",
            **_undo(place, address),
        )
        for place in places[: address.cards]
    ]


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
        sent = {name: query.get(name, "") for name in ("type", "x", "statistic", "title")}
        spec = ChartSpec(metric=query.get("metric", at), **sent)
    return Editor(
        spec=spec,
        at=at,
        number="" if number is None else str(number),
        metrics=comparison.metrics,
        params=[Choice(f"{PARAM_PREFIX}{name}", name) for name in comparison.params],
        pairs=address.pairs,
        error=error,
    )


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


def _undo(place: Place, address: ComparisonAddress) -> dict[str, str]:
    if place.number is None:
        return {}
    return {
        "undo_url": address.but(board=address.board.without(place.number)),
        "undo_label": "Remove chart" if place.is_new else "Reset chart",
    }
