"""The charts of a page as its address says: one a metric, but for those that people changed.

``chart=`` stands in the address once for each change, and holds the chart's own query with
``at``, the metric whose place it takes. With ``new=1`` it stands behind that place instead.
``front=`` names, one after another, the charts that people moved to the front.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode

from django.utils.datastructures import MultiValueDict

from runs.charts.spec import BadChart, ChartSpec

MAX_CHANGES = 24
MAX_FRONT = 60


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

    @property
    def key(self) -> str:
        """What ``front=`` calls it: by its metric, or by number@metric where it was added."""
        return f"{self.number}@{self.at}" if self.is_new else self.at


@dataclass(frozen=True)
class Board:
    """The changes, in the order in which they were made, and the keys of the charts in front."""

    changes: Sequence[Change] = ()
    front: Sequence[str] = ()

    @classmethod
    def read(cls, texts: Iterable[str], front: Iterable[str] = ()) -> tuple["Board", list[str]]:
        """The board, and what is wrong with those of the texts that cannot be read."""
        changes, wrong = [], []
        for text in texts:
            try:
                changes.append(Change.read(text))
            except (BadChart, ValueError) as error:
                wrong.append(str(error))
        if len(changes) > MAX_CHANGES:
            wrong.append(f"{len(changes)} charts are changed; the first {MAX_CHANGES} show.")
        return cls(changes[:MAX_CHANGES], list(dict.fromkeys(front))[:MAX_FRONT]), wrong

    @property
    def texts(self) -> list[str]:
        return [change.text for change in self.changes]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The board as it stands in an address."""
        changes = [("chart", text) for text in self.texts]
        return changes + [("front", key) for key in self.front]

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
        order = {key: place for place, key in enumerate(self.front)}
        return sorted(places, key=lambda place: order.get(place.key, len(order)))

    def moved(self, places: Sequence[Place], index: int, by: int) -> "Board":
        """The board with the chart at ``index`` of ``places`` that much further on."""
        keys = [place.key for place in places]
        said = sum(key in self.front for key in keys)
        keys.insert(index + by, keys.pop(index))
        # So many have to be named for the others to stand as usual behind them.
        front = keys[: max(said, index + 1, index + by + 1)]
        return replace(self, front=[*front, *(key for key in self.front if key not in keys)])

    def led_by(self, key: str) -> "Board":
        """The board with that chart before all others."""
        return replace(self, front=[key, *(each for each in self.front if each != key)])

    def replaced(self, at: str, number: int | None, spec: ChartSpec) -> "Board":
        """The board with ``spec`` in that place."""
        if number is None:
            kept = [change for change in self.changes if change.at != at or change.is_new]
            return replace(self, changes=[*kept, Change(at, spec)])
        changes = list(self.changes)
        changes[number] = replace(changes[number], spec=spec)
        return replace(self, changes=changes)

    def added(self, at: str, spec: ChartSpec) -> "Board":
        """The board with ``spec`` behind the chart of the metric ``at``."""
        return replace(self, changes=[*self.changes, Change(at, spec, is_new=True)])

    def without(self, number: int) -> "Board":
        """The board without that change."""
        changes = [*self.changes[:number], *self.changes[number + 1 :]]
        return Board(changes, [key for key in map(self._key_without(number), self.front) if key])

    def _key_without(self, number: int) -> Callable[[str], str]:
        """What a key becomes once that change is gone; empty if it is that one's."""

        def key_of(key: str) -> str:
            text, mark, at = key.partition("@")
            if not mark or not text.isdecimal():
                return key
            if int(text) == number:
                return ""
            return f"{int(text) - (int(text) > number)}@{at}"

        return key_of
