"""What holds for all charts of a page, as its address says: ``x=relative&ys=log&sm=ema:0.6``.

A chart that says something else itself keeps to that.
"""

from dataclasses import dataclass, replace

from django.http import QueryDict

from runs.charts.plots import ChartData, chosen_type
from runs.charts.spec import (
    COURSES,
    DISTRIBUTIONS,
    RELATIONS,
    AxisScale,
    BadChart,
    ChartSpec,
    Outliers,
    Type,
    not_one_of,
)

# What the bar offers; an address may say any other amount.
SMOOTHINGS = (
    ("ema:0.3", "Moving average, 0.3"),
    ("ema:0.6", "Moving average, 0.6"),
    ("ema:0.9", "Moving average, 0.9"),
    ("ema:0.97", "Moving average, 0.97"),
    ("mean:9", "Mean of 9 points"),
    ("mean:51", "Mean of 51 points"),
    ("gauss:2", "Gaussian of 2 points"),
    ("gauss:10", "Gaussian of 10 points"),
)
KEYS = ("x", "xs", "ys", "sm", "out")


@dataclass(frozen=True)
class ChartSettings:
    """The keys of the address; empty is left to each chart."""

    x: str = ""
    xs: str = ""
    ys: str = ""
    sm: str = ""
    out: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> tuple["ChartSettings", list[str]]:
        """What the address says, and what of it means nothing and is left out."""
        said = {key: query.get(key, "").strip() for key in KEYS}
        wrong = []
        if said["x"] and said["x"] not in COURSES:
            wrong.append(not_one_of("x", said["x"], COURSES))
            said["x"] = ""
        names = {"xs": "xscale", "ys": "yscale", "sm": "smooth", "out": "outliers"}
        for key, name in names.items():
            try:
                ChartSpec("metric", **{name: said[key]}).check()
            except BadChart as refusal:
                wrong.append(str(refusal).replace(name, key, 1))
                said[key] = ""
        return cls(**said), wrong

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What of them is said, as it stands in an address."""
        return [(key, getattr(self, key)) for key in KEYS if getattr(self, key)]

    @property
    def bar(self) -> list[tuple[str, str, list[tuple[str, str]], str]]:
        """The lists of the bar: key, label, choices, and the one chosen."""
        smoothings = [("", "None"), *SMOOTHINGS]
        if self.sm not in dict(smoothings):
            smoothings.append((self.sm, self.sm))
        courses = [(each.value, each.label) for each in COURSES]
        scales = [("", "Linear"), *AxisScale.choices]
        return [
            ("x", "Lines along", [("", "Automatic"), *courses], self.x),
            ("xs", "X scale", scales, self.xs),
            ("ys", "Y scale", scales, self.ys),
            ("sm", "Smoothing", smoothings, self.sm),
            ("out", "Outliers", [("", "Show all"), *Outliers.choices], self.out),
        ]

    def applied(self, data: ChartData) -> ChartData:
        """The chart with what it does not say itself."""
        spec = data.spec
        if not self.pairs or spec.type in DISTRIBUTIONS | RELATIONS:
            return data
        more = {"yscale": self.ys, "outliers": self.out}
        if chosen_type(spec, data.stats) == Type.LINE:
            more |= {"x": self.x, "xscale": self.xs, "smooth": self.sm}
        changes = {name: said for name, said in more.items() if said and not getattr(spec, name)}
        return replace(data, spec=replace(spec, **changes)) if changes else data
