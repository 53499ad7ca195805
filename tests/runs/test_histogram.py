"""How numbers are spread over bars."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runs.histogram import BARS, HEIGHT, histogram

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(finite, st.integers(1, 50)), max_size=60))
@example([(1.0, 1), (1.7976931348622105e308, 2)])
def test_every_number_stands_in_exactly_one_bar(counted):
    found = histogram(counted)

    if found is None:
        lows = {number for number, _ in counted}
        assert len(lows) < 2 or max(lows) - min(lows) in {0, math.inf} or _too_close(lows)
        return
    assert len(found.bars) == BARS
    assert sum(bar.count for bar in found.bars) == sum(times for _, times in counted)
    assert all(0 <= bar.height <= HEIGHT for bar in found.bars)
    assert float(found.bars[0].low_text) == min(counted)[0]
    assert float(found.bars[-1].high_text) == max(counted)[0]


def _too_close(numbers) -> bool:
    return (max(numbers) - min(numbers)) / BARS == 0


@pytest.mark.parametrize(
    ("numbers", "is_log"),
    [
        ([10**-exponent for exponent in range(6)], True),
        ([index / 100 for index in range(1, 100)], False),
        # One tiny number among many of one size.
        ([1e-9] + [index / 100 for index in range(1, 100)], False),
        ([0] + [10**-exponent for exponent in range(6)], False),
        ([-1] + [10**-exponent for exponent in range(6)], False),
    ],
)
def test_the_scale_is_logarithmic_where_most_numbers_span_decades(numbers, is_log):
    assert histogram([(float(number), 1) for number in numbers]).is_log is is_log


def test_infinities_stand_in_no_bar():
    found = histogram([(math.inf, 3), (-math.inf, 2), (1.0, 1), (2.0, 1)])

    assert found.count == 2
    assert (found.low, found.high) == (1.0, 2.0)


@pytest.mark.parametrize(
    "counted", [[], [(1.0, 5)], [(math.inf, 1)], [(-1.7e308, 1), (1.7e308, 1)]]
)
def test_what_has_no_spread_has_no_bars(counted):
    assert histogram(counted) is None
