"""How the numbers of a group lie: their mean with its confidence interval, or their quartiles.

All groups are reckoned at once. NaN and infinities are left out, and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from core.formatting import exact_text, number_text, rough_text, styled_text

CONFIDENCES = (90, 95, 99)
USUAL_CONFIDENCE = 95


class Aggregate(StrEnum):
    """What stands for the numbers of a group."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True)
class Spread:
    """The numbers of one group.

    ``low`` and ``high`` are the ends of the mean's confidence interval, or the quartiles; None
    where one number leaves no interval.
    """

    aggregate: Aggregate
    confidence: int
    count: int
    center: float
    low: float | None
    high: float | None
    minimum: float
    maximum: float

    def center_text(self, style: str = "") -> str:
        """The mean or the median, in the number format ``style`` if it is one."""
        return _styled(self.center, style)

    def interval_text(self, style: str = "") -> str:
        """What stands beside the center: "± 0.0043", "[0.910–0.930]", or nothing."""
        if self.low is None or self.high is None:
            return ""
        if self.aggregate == Aggregate.MEDIAN:
            return f"[{_styled(self.low, style)}–{_styled(self.high, style)}]"
        half = self.high / 2 - self.low / 2
        return f"± {_styled(half, style) if style else rough_text(half)}"

    @property
    def words(self) -> str:
        """All that is known, for who wants it exactly."""
        said = [f"{self.aggregate} of {self.count:,}: {exact_text(self.center)}"]
        if self.low is not None and self.high is not None:
            what = (
                "quartiles"
                if self.aggregate == Aggregate.MEDIAN
                else f"{self.confidence} % confidence interval"
            )
            said.append(f"{what} {exact_text(self.low)} to {exact_text(self.high)}")
        said.append(f"min {exact_text(self.minimum)}, max {exact_text(self.maximum)}")
        return "\n".join(said)


def _styled(value: float, style: str) -> str:
    try:
        return styled_text(value, style) if style else number_text(value)
    except ValueError:
        return number_text(value)


@dataclass(frozen=True)
class Spreads:
    """The same for many groups, an array each; NaN where a group has no number."""

    aggregate: Aggregate
    confidence: int
    counts: np.ndarray
    centers: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    minima: np.ndarray
    maxima: np.ndarray

    def of(self, group: int) -> Spread | None:
        """What is known of one group; None if it has no number."""
        if not self.counts[group]:
            return None
        low, high = float(self.lows[group]), float(self.highs[group])
        is_interval = low == low and high == high
        return Spread(
            aggregate=self.aggregate,
            confidence=self.confidence,
            count=int(self.counts[group]),
            center=float(self.centers[group]),
            low=low if is_interval else None,
            high=high if is_interval else None,
            minimum=float(self.minima[group]),
            maximum=float(self.maxima[group]),
        )


def spreads(
    groups: Sequence[int] | np.ndarray,
    values: Sequence[float] | np.ndarray,
    *,
    count: int,
    aggregate: Aggregate = Aggregate.MEAN,
    confidence: int = USUAL_CONFIDENCE,
) -> Spreads:
    """How ``values`` lie in each of ``count`` groups; ``groups`` says which one each belongs to.

    The interval of a mean is Student's: mean ± t · s / √n with n − 1 degrees of freedom (W. S.
    Gosset, "The probable error of a mean", Biometrika 6, 1908). Quartiles interpolate linearly,
    as NumPy does (Hyndman and Fan, "Sample quantiles in statistical packages", 1996, type 7).
    """
    groups, values = np.asarray(groups, dtype=np.int64), np.asarray(values, dtype=float)
    finite = np.isfinite(values)
    groups, values = groups[finite], values[finite]
    # By value, and then stably by group: small integers are sorted in one pass.
    order = np.argsort(values)
    small = groups.astype(np.min_scalar_type(count))
    order = order[np.argsort(small[order], kind="stable")]
    groups, values = groups[order], values[order]
    counts = np.bincount(groups, minlength=count)
    ends = np.cumsum(counts)
    starts = ends - counts
    some = counts > 0

    def filled(numbers: np.ndarray) -> np.ndarray:
        whole = np.full(count, np.nan)
        whole[some] = numbers
        return whole

    first, last = starts[some], ends[some] - 1
    minima, maxima = values[first], values[last]
    # Squares of large numbers would overflow. Powers of two scale without an error.
    _, exponents = np.frexp(np.maximum(np.abs(minima), np.abs(maxima)))
    scaled = np.ldexp(values, -np.repeat(exponents, counts[some]))
    if aggregate == Aggregate.MEAN:
        ends_of = _means(scaled, counts[some], first, confidence)
    else:
        ends_of = [_quantile(scaled, counts[some], first, q) for q in (0.5, 0.25, 0.75)]
    with np.errstate(over="ignore"):
        centers, lows, highs = (filled(np.ldexp(each, exponents)) for each in ends_of)
    return Spreads(
        aggregate, confidence, counts, centers, lows, highs, filled(minima), filled(maxima)
    )


def _means(
    values: np.ndarray, counts: np.ndarray, first: np.ndarray, confidence: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, and the ends of its interval: in two passes, so that close numbers lose no digits."""
    if not len(values):
        return values, values, values
    # SciPy's special functions load in a moment, scipy.stats takes a second for the same one.
    from scipy.special import stdtrit

    rough = np.add.reduceat(values, first) / counts
    apart = values - np.repeat(rough, counts)
    drift = np.add.reduceat(apart, first) / counts
    means = rough + drift
    squares = np.add.reduceat((apart - np.repeat(drift, counts)) ** 2, first)
    with np.errstate(divide="ignore", invalid="ignore"):
        quantile = stdtrit(counts - 1.0, 0.5 + confidence / 200)
        half = np.where(counts > 1, quantile * np.sqrt(squares / (counts - 1) / counts), np.nan)
    return means, means - half, means + half


def _quantile(
    values: np.ndarray, counts: np.ndarray, first: np.ndarray, quantile: float
) -> np.ndarray:
    """One quantile of each group; ``values`` ascend within their groups."""
    if not len(values):
        return values
    places = (counts - 1) * quantile
    below = np.floor(places).astype(np.int64)
    above = np.minimum(below + 1, counts - 1)
    low, high = values[first + below], values[first + above]
    found = low + (high - low) * (places - below)
    # A single number has a median, and no quartiles.
    return found if quantile == 0.5 else np.where(counts > 1, found, np.nan)
