"""The arithmetic of a metric's statistics: how points become, and join, what is known of them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

# (step, timestamp, value, is_nan); the value of a NaN is 0, as it is stored.
Point = tuple[int, int, float, bool]


@dataclass(slots=True)
class Stat:
    """What is known of some points of one series; the fields are ``MetricStat``'s columns."""

    last: float | None
    last_step: int
    last_timestamp: int
    first: float | None
    first_step: int
    first_timestamp: int
    minimum: float | None
    minimum_step: int | None
    maximum: float | None
    maximum_step: int | None
    total: float | None
    count: int
    nan_count: int

    @classmethod
    def of(cls, points: Iterable[Point]) -> Self:
        """The statistics of at least one point; equal points must not be repeated.

        First and last are by (step, timestamp, value), as MLflow compares. The step of a minimum
        or maximum is the smallest one at which it was reached. The total is ``math.fsum``'s.
        """
        ordered = sorted(points)
        first_step, first_timestamp, first, first_is_nan = ordered[0]
        last_step, last_timestamp, last, last_is_nan = ordered[-1]
        numbers = [(value, step) for step, _, value, is_nan in ordered if not is_nan]
        minimum, minimum_step = min(numbers, default=(None, None))
        # Of equal maxima the earliest, which is the smallest step: hence the minus.
        maximum, negative_step = max(
            ((value, -step) for value, step in numbers), default=(None, None)
        )
        return cls(
            last=None if last_is_nan else last,
            last_step=last_step,
            last_timestamp=last_timestamp,
            first=None if first_is_nan else first,
            first_step=first_step,
            first_timestamp=first_timestamp,
            minimum=minimum,
            minimum_step=minimum_step,
            maximum=maximum,
            maximum_step=None if negative_step is None else -negative_step,
            total=_sum(value for value, _ in numbers),
            count=len(ordered),
            nan_count=len(ordered) - len(numbers),
        )

    def joined(self, other: Self) -> Self:
        """The statistics of both sets of points, which have no point in common."""
        both = (self, other)
        first = min(both, key=Stat._first_point)
        last = max(both, key=Stat._last_point)
        with_numbers = [stat for stat in both if stat.minimum is not None]
        low = min(with_numbers, key=lambda s: (s.minimum, s.minimum_step), default=self)
        high = max(with_numbers, key=lambda s: (s.maximum, -s.maximum_step), default=self)
        return type(self)(
            last=last.last,
            last_step=last.last_step,
            last_timestamp=last.last_timestamp,
            first=first.first,
            first_step=first.first_step,
            first_timestamp=first.first_timestamp,
            minimum=low.minimum,
            minimum_step=low.minimum_step,
            maximum=high.maximum,
            maximum_step=high.maximum_step,
            total=_sum((self.total, other.total)),
            count=self.count + other.count,
            nan_count=self.nan_count + other.nan_count,
        )

    def _first_point(self) -> Point:
        return self.first_step, self.first_timestamp, self.first or 0.0, self.first is None

    def _last_point(self) -> Point:
        return self.last_step, self.last_timestamp, self.last or 0.0, self.last is None


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum; None where infinities of both signs leave no answer."""
    values = list(values)
    if None in values:
        return None
    try:
        return math.fsum(values)
    except OverflowError:
        # Beyond the largest float, which addition calls infinity.
        total = sum(values)
    except ValueError:
        return None
    return None if math.isnan(total) else total
