"""The address of a page of the comparison: what all its tabs keep, beside runs and charts."""

from dataclasses import dataclass, replace
from typing import Self

from django.db.models import TextChoices
from django.http import QueryDict
from django.urls import reverse

from core.names import MAX_KEY_LENGTH
from runs.charts.address import ComparisonAddress
from runs.charts.spec import not_one_of
from runs.comparing.statistics import Method

MAX_PAGE = 10_000
MAX_PATH_LENGTH = 1_000


class Value(TextChoices):
    """Which value of a metric's series stands in a table."""

    LAST = "last", "Last"
    MINIMUM = "min", "Lowest"
    MAXIMUM = "max", "Highest"
    MEAN = "mean", "Mean"
    FIRST = "first", "First"
    AT_BEST = "best", "At best step"


class Delta(TextChoices):
    """How the distance to the baseline is told."""

    OFF = "off", "Off"
    ABSOLUTE = "abs", "Absolute"
    RELATIVE = "rel", "Relative"


class Shade(TextChoices):
    """Whether numbers are tinted by where they lie among those of their metric."""

    OFF = "off", "Plain"
    HEAT = "heat", "Shaded"


class Rows(TextChoices):
    """What the rows of a table are; left out, that depends on how many runs there are."""

    KEYS = "keys", "Runs as columns"
    RUNS = "runs", "Runs as rows"


class Size(TextChoices):
    """How large images side by side are; all of them at once."""

    FIT = "fit", "Fit"
    SMALL = "s", "Small"
    MEDIUM = "m", "Medium"
    LARGE = "l", "Large"
    FULL = "full", "Actual size"


class Look(TextChoices):
    """How two pictures are shown together."""

    SIDE = "side", "Side by side"
    SWIPE = "swipe", "Swipe"
    DIFFERENCE = "diff", "Difference"


class Tab(TextChoices):
    """The pages of a comparison; the value is the end of the name of its address."""

    SUMMARY = "compare", "Summary"
    CHARTS = "compare_charts", "Charts"
    METRICS = "compare_metrics", "Metrics"
    PARAMS = "compare_params", "Hyperparameters & tags"
    CODE = "compare_code", "Code & environment"
    FILES = "compare_files", "Output files"
    STATISTICS = "compare_stats", "Statistics"


@dataclass(frozen=True)
class PageAddress(ComparisonAddress):
    """What stands behind the question mark, and, of a stored selection, before it."""

    workspace: str = ""
    selection: str = ""
    # Whether the runs stand as the address lists them, and not by their start.
    is_ordered: bool = False
    value: Value = Value.LAST
    delta: Delta = Delta.ABSOLUTE
    shade: Shade = Shade.OFF
    rows: str = ""
    search: str = ""
    # Pages of keys and of runs, from 1.
    key_page: int = 1
    run_page: int = 1
    metric: str = ""
    # Hyperparameters that make groups; None where the page chooses.
    group: tuple[str, ...] | None = None
    method: Method = Method.AUTO
    path: str = ""
    # The step of pictures that were logged over steps; None is the last.
    step: int | None = None
    size: Size = Size.FIT
    look: Look = Look.SIDE

    @classmethod
    def read(cls, query: QueryDict) -> tuple[Self, list[str]]:
        """The address, and what of it means nothing and is left out."""
        query = query.copy()
        value = query.pop("stat", [""])[-1]
        address, wrong = super().read(query)
        group = [name for text in query.getlist("group") for name in text.split(",")]
        return replace(
            address,
            is_ordered=query.get("order") == "given",
            value=_choice(Value, "stat", value, Value.LAST, wrong),
            delta=_choice(Delta, "delta", query.get("delta", ""), Delta.ABSOLUTE, wrong),
            shade=_choice(Shade, "shade", query.get("shade", ""), Shade.OFF, wrong),
            rows=_choice(Rows, "rows", query.get("rows", ""), "", wrong),
            search=query.get("q", "").replace("\0", "").strip()[:MAX_KEY_LENGTH],
            key_page=_page_number(query.get("keys", "")),
            run_page=_page_number(query.get("page", "")),
            metric=query.get("of", "").replace("\0", "")[:MAX_KEY_LENGTH],
            group=tuple(dict.fromkeys(filter(None, group))) if "group" in query else None,
            method=_choice(Method, "method", query.get("method", ""), Method.AUTO, wrong),
            path=query.get("path", "")[:MAX_PATH_LENGTH],
            step=_step(query.get("at", ""), wrong),
            look=_choice(Look, "look", query.get("look", ""), Look.SIDE, wrong),
            size=_choice(Size, "size", query.get("size", ""), Size.FIT, wrong),
        ), wrong

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query, pair by pair; a stored selection's runs are not in it."""
        pairs = [pair for pair in super().pairs if not (self.selection and pair[0] == "runs")]
        more = [
            ("order", "given" if self.is_ordered else ""),
            ("stat", self.value if self.value != Value.LAST else ""),
            ("delta", self.delta if self.delta != Delta.ABSOLUTE else ""),
            ("shade", self.shade if self.shade != Shade.OFF else ""),
            ("rows", self.rows),
            ("q", self.search),
            ("keys", str(self.key_page) if self.key_page > 1 else ""),
            ("page", str(self.run_page) if self.run_page > 1 else ""),
            ("of", self.metric),
            ("method", self.method if self.method != Method.AUTO else ""),
            ("path", self.path),
            ("at", "" if self.step is None else str(self.step)),
            ("look", self.look if self.look != Look.SIDE else ""),
            ("size", self.size if self.size != Size.FIT else ""),
        ]
        if self.group is not None:
            pairs.append(("group", ",".join(self.group)))
        return pairs + [(key, str(value)) for key, value in more if value]

    def path_to(self, name: str) -> str:
        """The address of a page of this comparison, without what follows the question mark."""
        if self.selection:
            return reverse(f"runs:{name}_selection", args=[self.workspace, self.selection])
        return reverse(f"runs:{name}", args=[self.workspace])

    def at(self, tab: Tab, **changes) -> str:
        """The same comparison on another tab, from the first page on."""
        return f"{self.path_to(tab)}{self.but(**({'key_page': 1, 'run_page': 1} | changes))}"

    def moved(self, run_id: str, by: int) -> str:
        """The same comparison with that run further left or right."""
        ids = list(self.run_ids)
        place = ids.index(run_id)
        ids.insert(place + by, ids.pop(place))
        return self.but(run_ids=ids, is_ordered=True)


def tab_named(name: str) -> Tab:
    """The tab with that name; the first one where there is none."""
    return Tab(name) if name in Tab.values else Tab.SUMMARY


def _choice(choices: type[TextChoices], key: str, text: str, usual: str, wrong: list[str]) -> str:
    if not text:
        return usual
    if text in choices.values:
        return choices(text)
    wrong.append(not_one_of(key, text, choices.values))
    return usual


def _step(text: str, wrong: list[str]) -> int | None:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    if text:
        wrong.append(f"at is a step, a whole number; not {text[:50]!r}.")
    return None


def _page_number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < 6
    return min(max(int(text), 1), MAX_PAGE) if is_number else 1
