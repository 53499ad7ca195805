"""The charts of a page as its address says: one a metric, but for those that people changed.

``chart=`` stands in the address once for each change, and holds the chart's own query with
``at``, the metric whose place it takes. With ``new=1`` it stands behind that place instead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

from django.utils.datastructures import MultiValueDict

from runs.charts.spec import BadChart, ChartSpec

MAX_CHANGES = 24


@dataclass(frozen=True)
class Change:
    """A chart that stands in for the usual one of the metric ``at``, or is added behind it."""

    at: str
    spec: ChartSpec
    is_new: bool = False

    @classmethod
    def read(cls, text: str) -> "Change":
        """Raises ``BadChart``."""
        query = MultiValueDict(parse_qs(text, max_num_fields=40))
        spec = ChartSpec.read(query)
        return cls(at=query.get("at") or spec.metric, spec=spec, is_new=query.get("new") == "1")

    @property
    def text(self) -> str:
        """The value of ``chart=`` that says this."""
        more = {"at": self.at} if self.at != self.spec.metric else {}
        if self.is_new:
            more["new"] = "1"
        return "&".join(filter(None, [self.spec.query, urlencode(more)]))


@dataclass(frozen=True)
class Place:
    """A chart on the page: ``number`` is the place of its change among the changes, or None."""

    at: str
    spec: ChartSpec
    number: int | None = None
    is_new: bool = False


@dataclass(frozen=True)
class Board:
    """The changes, in the order in which they were made."""

    changes: Sequence[Change] = ()

    @classmethod
    def read(cls, texts: Iterable[str]) -> tuple["Board", list[str]]:
        """The board, and what is wrong with those of the texts that cannot be read."""
        changes, wrong = [], []
        for text in texts:
            try:
                changes.append(Change.read(text))
            except (BadChart, ValueError) as error:
                wrong.append(str(error))
        if len(changes) > MAX_CHANGES:
            wrong.append(f"{len(changes)} charts are changed; the first {MAX_CHANGES} show.")
        return cls(changes[:MAX_CHANGES]), wrong

    @property
    def texts(self) -> list[str]:
        return [change.text for change in self.changes]

    def places(self, metrics: Sequence[str]) -> list[Place]:
        """The charts of ``metrics``, changed or as usual, each with those added behind it."""
        places = []
        for metric in metrics:
            usual = Place(metric, ChartSpec(metric))
            added = []
            for number, change in enumerate(self.changes):
                if change.at != metric:
                    continue
                place = Place(metric, change.spec, number, change.is_new)
                if change.is_new:
                    added.append(place)
                else:
                    usual = place
            places += [usual, *added]
        return places

    def replaced(self, at: str, number: int | None, spec: ChartSpec) -> "Board":
        """The board with ``spec`` in that place."""
        if number is None:
            kept = [change for change in self.changes if change.at != at or change.is_new]
            return Board([*kept, Change(at, spec)])
        changes = list(self.changes)
        changes[number] = replace(changes[number], spec=spec)
        return Board(changes)

    def added(self, at: str, spec: ChartSpec) -> "Board":
        """The board with ``spec`` behind the chart of the metric ``at``."""
        return Board([*self.changes, Change(at, spec, is_new=True)])

    def without(self, number: int) -> "Board":
        """The board without that change."""
        return Board([*self.changes[:number], *self.changes[number + 1 :]])
