"""Groups of runs that repeat one setting, and whether their difference is more than chance.

SciPy does the arithmetic where it has the method. It takes a second to load, so it is imported
where it is used. NumPy is loaded at once: Plotly takes hold of it as soon as another thread has
begun to load it, whole or not.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy
from django.db.models import TextChoices

from core.formatting import is_finite

CONFIDENCE = 0.95
# Fewer repetitions say nothing about chance.
NEEDED = 3
# What is called more than chance, after the adjustment for how many groups were looked at.
LEVEL = 0.05


# How often a bootstrap draws again, and from where, so that the same runs give the same numbers.
RESAMPLES = 10_000
SEED = 20_261_124

# Of three numbers all draws are made of the same three: they never lie beyond what was seen.
NEEDED_TO_DRAW = 8

NO_PAIRS = "no pairs"
NO_SPREAD = "no spread to test"


class Method(TextChoices):
    """How the difference of two groups is tested."""

    AUTO = "auto", "Paired where it can be, else Welch"
    WELCH = "welch", "Welch's t-test"
    PAIRED = "paired", "Paired t-test"
    BOOTSTRAP = "bootstrap", "Bootstrap"


@dataclass(frozen=True)
class Interval:
    """From where to where a mean, or a difference of means, lies with 95 % confidence."""

    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """What is known of the numbers of one group. None is what so few cannot tell."""

    numbers: Sequence[float]
    mean: float | None
    deviation: float | None
    median: float | None
    interval: Interval | None

    @property
    def count(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True)
class Difference:
    """How far a group's mean is from the baseline group's, and how sure that is."""

    value: float
    relative: float | None
    interval: Interval | None
    # Hedges' g: the difference in standard deviations.
    effect: float | None
    method: str
    p: float | None
    adjusted: float | None = None


def spread_of(values: Sequence[float]) -> Spread:
    """Mean, standard deviation, median, and the interval by Student's t (1908).

    The interval is mean ± t(n - 1) · s / √n, by ``scipy.stats.t.interval``.
    """
    numbers = [value for value in values if is_finite(value)]
    if not numbers:
        return Spread([], None, None, None, None)
    from scipy import stats

    with numpy.errstate(all="ignore"):
        mean = float(numpy.mean(numbers))
        median = float(numpy.median(numbers))
        deviation = float(numpy.std(numbers, ddof=1)) if len(numbers) > 1 else None
        interval = None
        if deviation == 0:
            interval = Interval(mean, mean)
        elif deviation is not None:
            error = deviation / math.sqrt(len(numbers))
            low, high = stats.t.interval(CONFIDENCE, len(numbers) - 1, loc=mean, scale=error)
            interval = _interval(low, high)
    return Spread(numbers, _finite(mean), _finite(deviation), _finite(median), interval)


def difference_of(
    group: Mapping[object, float],
    base: Mapping[object, float],
    *,
    method: Method = Method.AUTO,
) -> Difference | None:
    """The difference of two groups, each given by what its repetitions are told apart by.

    Where both have the same repetitions (the same seeds, say) they are compared pair by pair
    (Student's paired t-test, ``scipy.stats.ttest_rel``), which takes out what the seed alone
    does. Otherwise by Welch's t-test (1947, ``scipy.stats.ttest_ind`` with unequal variances).
    ``method`` asks for one of these, or for a bootstrap; what it cannot do has no p. None if one
    of the groups has no number.
    """
    mine = [value for value in group.values() if is_finite(value)]
    theirs = [value for value in base.values() if is_finite(value)]
    if not mine or not theirs:
        return None
    from scipy import stats

    with numpy.errstate(all="ignore"):
        value = float(numpy.mean(mine) - numpy.mean(theirs))
        if not math.isfinite(value):
            return None
        own_mean = float(numpy.mean(theirs))
        relative = _finite(value / abs(own_mean)) if own_mean else None
        effect = hedges_g(mine, theirs)
        pairs = None if method == Method.WELCH else _pairs(group, base)
        if min(len(mine), len(theirs)) < 2:
            return Difference(value, relative, None, effect, "", None)
        if pairs is None and method == Method.PAIRED:
            return Difference(value, relative, None, effect, NO_PAIRS, None)
        if pairs is not None:
            words = "paired t-test"
            is_level = numpy.ptp(numpy.subtract(*pairs)) == 0
        else:
            words = "Welch's t-test"
            is_level = numpy.ptp(mine) == 0 and numpy.ptp(theirs) == 0
        if is_level:
            return Difference(value, relative, None, effect, NO_SPREAD, None)
        if method == Method.BOOTSTRAP:
            interval, p = bootstrap(*(pairs or (mine, theirs)), is_paired=pairs is not None)
            words = "paired bootstrap" if pairs is not None else "bootstrap"
            return Difference(value, relative, interval, effect, words, p)
        if pairs is not None:
            result = stats.ttest_rel(*pairs)
        else:
            result = stats.ttest_ind(mine, theirs, equal_var=False)
        bounds = result.confidence_interval(CONFIDENCE)
        return Difference(
            value,
            relative,
            _interval(bounds.low, bounds.high),
            effect,
            words,
            _finite(float(result.pvalue)),
        )


def bootstrap(
    numbers: Sequence[float], base: Sequence[float], *, is_paired: bool
) -> tuple[Interval | None, float | None]:
    """The percentile interval of the difference of means, and its p, from 10,000 draws.

    ``scipy.stats.bootstrap`` draws; the interval is Efron and Tibshirani's (An Introduction to
    the Bootstrap, 1993, section 13.3). p is twice the share of draws on the other side of zero,
    itself counted as one (Davison and Hinkley, Bootstrap Methods and Their Application, 1997,
    section 4.2.3), which is where the interval of that level ends.
    """
    from scipy import stats

    def difference(mine, theirs, axis):
        return numpy.mean(mine, axis=axis) - numpy.mean(theirs, axis=axis)

    found = stats.bootstrap(
        (numbers, base),
        difference,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        paired=is_paired,
        vectorized=True,
        method="percentile",
        rng=numpy.random.default_rng(SEED),
    )
    draws = found.bootstrap_distribution
    if not numpy.all(numpy.isfinite(draws)):
        return None, None
    beyond = min(int(numpy.sum(draws <= 0)), int(numpy.sum(draws >= 0)))
    p = min(1.0, 2 * (beyond + 1) / (RESAMPLES + 1))
    bounds = found.confidence_interval
    return _interval(bounds.low, bounds.high), p


def hedges_g(numbers: Sequence[float], base: Sequence[float]) -> float | None:
    """The difference of the means in pooled standard deviations, without its bias.

    Hedges, "Distribution Theory for Glass's Estimator of Effect Size and Related Estimators",
    Journal of Educational Statistics 6(2), 1981: d · J(m), where m is the degrees of freedom
    and J(m) = Γ(m/2) / (√(m/2) · Γ((m-1)/2)), equation 6e.
    """
    freedom = len(numbers) + len(base) - 2
    if min(len(numbers), len(base)) < 2:
        return None

    with numpy.errstate(all="ignore"):
        squares = (len(numbers) - 1) * numpy.var(numbers, ddof=1)
        squares += (len(base) - 1) * numpy.var(base, ddof=1)
        pooled = math.sqrt(squares / freedom) if math.isfinite(squares) else math.inf
        if not pooled or not math.isfinite(pooled):
            return None
        gammas = math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)
        correction = math.exp(gammas) / math.sqrt(freedom / 2)
        return _finite(float(numpy.mean(numbers) - numpy.mean(base)) / pooled * correction)


def holm(values: Sequence[float]) -> list[float]:
    """The p-values adjusted for their number, so that none of many is small by chance alone.

    Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
    Statistics 6(2), 1979: of m values in ascending order the i-th (from 0) is multiplied by
    m - i, and none may be less than the one before it.
    """
    order = sorted(range(len(values)), key=lambda place: values[place])
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, values[place] * (len(values) - rank)))
        adjusted[place] = largest
    return adjusted


def _pairs(
    group: Mapping[object, float], base: Mapping[object, float]
) -> tuple[list[float], list[float]] | None:
    """The numbers pair by pair; None unless each repetition has exactly one in both groups."""
    shared = [name for name in group if name in base and name is not None]
    if len(shared) < 2 or len(shared) != len(group) or len(shared) != len(base):
        return None
    if not all(is_finite(group[name]) and is_finite(base[name]) for name in shared):
        return None
    return [group[name] for name in shared], [base[name] for name in shared]


def _interval(low: float, high: float) -> Interval | None:
    low, high = float(low), float(high)
    return Interval(low, high) if math.isfinite(low) and math.isfinite(high) else None


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
