"""What a chart shows, as it stands in an address: ``metric=val_acc&type=bar&x=param:lr``."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlencode

from django.db.models import TextChoices

from core.errors import Invalid
from core.names import MAX_KEY_LENGTH
from runs.series import Statistic

MAX_TITLE_LENGTH = 200
PARAM_PREFIX = "param:"


class Type(TextChoices):
    """How values are drawn."""

    LINE = "line", "Line"
    BAR = "bar", "Bar"
    SCATTER = "scatter", "Points"


class X(TextChoices):
    """What an X-axis may be, beside a hyperparameter."""

    RUN = "run", "Run name"
    STEP = "step", "Step"
    RELATIVE = "relative", "Time since the run's start"
    TIME = "time", "Time"


# Along these every point is drawn; along the others one value a run.
COURSES = frozenset({X.STEP, X.RELATIVE, X.TIME})


class BadChart(Invalid):
    """What a chart is to show makes no sense."""


@dataclass(frozen=True)
class ChartSpec:
    """One chart of one metric. What is empty is chosen by what the runs logged."""

    metric: str
    type: str = ""
    x: str = ""
    statistic: str = Statistic.LAST
    title: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "ChartSpec":
        """The chart that ``query`` asks for. Raises ``BadChart``."""
        values = {field.name: query.get(field.name, "").strip() for field in fields(cls)}
        spec = cls(**{**values, "statistic": values["statistic"] or Statistic.LAST})
        spec.check()
        return spec

    def check(self) -> None:
        """Raises ``BadChart`` unless there is such a chart."""
        if not self.metric:
            raise BadChart("A chart needs a metric: metric=<its name>.")
        _check_text("metric", self.metric, MAX_KEY_LENGTH)
        _check_text("title", self.title, MAX_TITLE_LENGTH)
        _check_choice("type", self.type, ["", *Type.values])
        _check_choice("statistic", self.statistic, Statistic.values)
        if self.param:
            _check_text("x", self.param, MAX_KEY_LENGTH)
        else:
            _check_choice("x", self.x, ["", *X.values], f"{PARAM_PREFIX}<hyperparameter>")
        if self.type == Type.LINE and self.x and self.x not in COURSES:
            raise BadChart(
                "A line follows the course of a run: its X-axis is step, relative or time. "
                "For one value a run choose bar or scatter."
            )
        if self.type == Type.BAR and self.x in COURSES:
            raise BadChart(
                "Bars show one value a run: their X-axis is run, or a hyperparameter. "
                "For the course of a run choose line."
            )

    @property
    def param(self) -> str:
        """The hyperparameter along the X-axis; empty if something else is."""
        return self.x.removeprefix(PARAM_PREFIX) if self.x.startswith(PARAM_PREFIX) else ""

    @property
    def query(self) -> str:
        """The chart as it stands in an address, without what is left to choose."""
        return urlencode(
            {
                field.name: getattr(self, field.name)
                for field in fields(self)
                if getattr(self, field.name) != (field.default if field.name != "metric" else None)
            }
        )


def _check_text(name: str, value: str, length: int) -> None:
    if len(value) > length:
        raise BadChart(f"{name} has {len(value)} characters; {length} is the limit.")
    # Databases and drawings refuse it, and no name has one.
    if "\0" in value:
        raise BadChart(f"{name} holds a NUL character.")


def _check_choice(name: str, value: str, choices: list[str], more: str = "") -> None:
    if value not in choices:
        known = ", ".join([*filter(None, choices), *filter(None, [more])])
        raise BadChart(f"{name} is one of: {known}; not {value[:50]!r}.")
