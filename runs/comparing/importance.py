"""Which hyperparameters the metric follows, over many runs: strength, direction and its error."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from core.formatting import is_finite
from runs.charts.relations import association
from runs.comparing.forest import HEIGHT, WIDTH
from runs.comparing.statistics import CONFIDENCE, Interval

# Of fewer runs, or of one hyperparameter, the order says nothing.
MIN_RUNS = 20
MIN_VARYING = 2
MAX_KINDS = 10
MAX_SHOWN = 20


@dataclass(frozen=True)
class Importance:
    """How closely the metric follows a hyperparameter, from -1 to 1.

    Of texts the strength has neither a direction nor an interval.
    """

    name: str
    strength: float
    has_direction: bool
    interval: Interval | None
    runs: int

    @property
    def drawing(self) -> SafeString:
        """A bar from the middle, where nothing is followed, with its interval as a line."""
        middle, half = WIDTH / 2, (WIDTH - 16) / 2
        end = middle + self.strength * half
        left, width = min(middle, end), abs(end - middle)
        line = ""
        if self.interval is not None:
            low, high = middle + self.interval.low * half, middle + self.interval.high * half
            line = (
                f'<path d="M{low:.1f} {HEIGHT / 2:.0f}H{high:.1f}'
                f'M{low:.1f} {HEIGHT / 2 - 4:.0f}v8M{high:.1f} {HEIGHT / 2 - 4:.0f}v8"/>'
            )
        return mark_safe(
            f'<svg class="forest" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}" aria-hidden="true">'
            f'<path class="forest-base" d="M{middle:.0f} 0V{HEIGHT}"/>'
            f'<rect class="forest-bar" x="{left:.1f}" y="8" width="{width:.1f}" '
            f'height="{HEIGHT - 16}"/>{line}</svg>'
        )


def importance_of(
    texts: Mapping[str, Mapping[int, str]], values: Mapping[int, float]
) -> list[Importance]:
    """Of hyperparameters that differ, the closest followed first; none of few runs."""
    numbers = {run: value for run, value in values.items() if is_finite(value)}
    if len(numbers) < MIN_RUNS or len(texts) < MIN_VARYING:
        return []
    found = []
    for name, of_runs in texts.items():
        shared = {run: text for run, text in of_runs.items() if run in numbers}
        if len(shared) < MIN_RUNS:
            continue
        strength, has_direction = association(shared, {run: numbers[run] for run in shared})
        # A text that every run has its own value of explains everything, and so nothing.
        if not is_finite(strength) or (not has_direction and len(set(shared.values())) > MAX_KINDS):
            continue
        found.append(
            Importance(
                name,
                strength,
                has_direction,
                rank_interval(strength, len(shared)) if has_direction else None,
                len(shared),
            )
        )
    found.sort(key=lambda each: (-abs(each.strength), each.name))
    return found[:MAX_SHOWN]


def rank_interval(correlation: float, count: int) -> Interval | None:
    """The 95 % interval of Spearman's rank correlation; None of fewer than four, or at its end.

    Bonett and Wright, "Sample Size Requirements for Estimating Pearson, Kendall and Spearman
    Correlations", Psychometrika 65(1), 2000: on Fisher's scale, z = artanh r, the variance is
    (1 + r² / 2) / (n - 3).
    """
    if count < 4 or abs(correlation) >= 1:
        return None
    from scipy import stats

    z = math.atanh(correlation)
    error = math.sqrt((1 + correlation**2 / 2) / (count - 3))
    reach = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * error
    return Interval(math.tanh(z - reach), math.tanh(z + reach))
