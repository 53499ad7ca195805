"""The form that changes one chart of a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import TextChoices

from runs.charts.address import ComparisonAddress
from runs.charts.page import card_id
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
from runs.models import RunTag
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
