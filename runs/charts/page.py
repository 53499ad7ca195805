"""The chart cards of the page that compares runs, and where each is changed and moved."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2s
from urllib.parse import urlencode

from runs.charts.address import FIRST_CARDS, ComparisonAddress
from runs.charts.board import MAX_CHANGES, Board, Place
from runs.charts.cards import ChartCard, chart_card
from runs.charts.plots import ChartedRun, charted_runs, read_charts
from runs.compare import Comparison
from runs.directions import Better
from runs.models import MetricStat


def card_id(at: str, number: int | None = None) -> str:
    """The id of a chart's element, which stays when others come and go before it."""
    name = f"chart-{blake2s(at.encode('utf-8', 'replace'), digest_size=5).hexdigest()}"
    return name if number is None else f"{name}-{number}"


def _id_of(place: Place) -> str:
    return card_id(place.at, place.number if place.is_new else None)


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
            id=_id_of(place),
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
    anchor = _id_of(place)

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
