"""The address of a comparison: which runs, against which baseline, with which charts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict

from runs.charts.board import Board
from runs.charts.settings import ChartSettings
from runs.charts.spec import not_one_of
from runs.series import Statistic

FIRST_CARDS = 12
MAX_CARDS = 240


@dataclass(frozen=True)
class ComparisonAddress:
    """What stands behind ``compare/?``; all but the runs may be left out."""

    run_ids: Sequence[str]
    baseline: str = ""
    statistic: Statistic = Statistic.LAST
    shows_all: bool = False
    cards: int = FIRST_CARDS
    board: Board = field(default_factory=Board)
    settings: ChartSettings = field(default_factory=ChartSettings)

    @classmethod
    def read(cls, query: QueryDict) -> tuple["ComparisonAddress", list[str]]:
        """The address, and what of it means nothing and is left out."""
        run_ids = list(query.getlist("run"))
        for text in query.getlist("runs"):
            run_ids += text.split(",")
        # PostgreSQL takes no NUL, not even to say that there is no such run.
        run_ids = [run_id.replace("\x00", "\ufffd").strip() for run_id in run_ids]
        board, wrong = Board.read(query.getlist("chart"), query.getlist("front"))
        settings, more = ChartSettings.read(query)
        wrong += more
        statistic = query.get("stat", "") or Statistic.LAST
        if statistic not in Statistic.values:
            wrong.append(not_one_of("stat", statistic, Statistic.values))
            statistic = Statistic.LAST
        cards = query.get("cards", "")
        is_count = cards.isascii() and cards.isdigit() and len(cards) < 6
        address = cls(
            run_ids=list(dict.fromkeys(filter(None, run_ids))),
            baseline=query.get("base", ""),
            statistic=Statistic(statistic),
            shows_all=query.get("show") == "all",
            cards=min(max(int(cards), FIRST_CARDS), MAX_CARDS) if is_count else FIRST_CARDS,
            board=board,
            settings=settings,
        )
        return address, wrong

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query, pair by pair, as a form's hidden fields need it."""
        pairs = [("runs", ",".join(self.run_ids))]
        if self.baseline:
            pairs.append(("base", self.baseline))
        if self.statistic != Statistic.LAST:
            pairs.append(("stat", self.statistic.value))
        if self.shows_all:
            pairs.append(("show", "all"))
        if self.cards != FIRST_CARDS:
            pairs.append(("cards", str(self.cards)))
        return [*pairs, *self.settings.pairs, *self.board.pairs]

    def __str__(self) -> str:
        return f"?{urlencode(self.pairs, safe=',:=')}"

    def but(self, **changes) -> str:
        """The same address with something changed."""
        return str(replace(self, **changes))

    def without(self, run_id: str) -> str:
        """The same comparison without that run."""
        left = [each for each in self.run_ids if each != run_id]
        return self.but(run_ids=left, baseline="" if self.baseline == run_id else self.baseline)
