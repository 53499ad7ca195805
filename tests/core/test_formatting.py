"""Values read as a person would write them, and nothing that a client logs breaks a page."""

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import formatting

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (3, "3"),
        (3.0, "3"),
        (-17, "-17"),
        (12345, "12,345"),
        (999_999, "999,999"),
        (0.93127381, "0.9313"),
        (0.5, "0.5000"),
        (53.4417, "53.44"),
        (123.456, "123.5"),
        (-1234.56, "-1,235"),
        (0.001, "0.001000"),
        (0.00099999, "0.001000"),
        (0.000999949, "9.999e-4"),
        (1.23456e-5, "1.235e-5"),
        (-1.5e-300, "-1.500e-300"),
        (999_949.9, "999,950"),
        (999_999.6, "1.000e6"),
        (1_000_000, "1.000e6"),
        (1284031.22, "1.284e6"),
        (1e308, "1.000e308"),
        (INT64_MAX, "9.223e18"),
        (INT64_MIN, "-9.223e18"),
        pytest.param(10**5000, "1.000e5000", id="5000 digits"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
    ],
)
def test_a_number_has_four_digits_that_say_its_size(value, text):
    assert formatting.number_text(value) == text


@given(st.floats() | st.integers())
def test_no_number_is_too_odd_to_be_shown(value):
    assert len(formatting.number_text(value)) <= 12
    assert len(formatting.exact_text(value)) <= 60


@given(st.floats(-1e308, 1e308))
def test_a_shown_number_is_within_half_a_unit_of_its_fourth_digit(value):
    shown = float(formatting.number_text(value).replace(",", ""))

    assert math.isclose(shown, value, rel_tol=5.01e-4, abs_tol=0) or shown == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_an_exact_number_reads_back_as_itself(value):
    assert float(formatting.exact_text(value)) == value


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (420, "420 ms"),
        (999, "999 ms"),
        (999.7, "1.0 s"),
        (3_210, "3.2 s"),
        (59_949, "59.9 s"),
        (59_960, "1 m"),
        (83_000, "1 m 23 s"),
        (3_599_700, "1 h"),
        (8_040_000, "2 h 14 m"),
        (86_399_000, "1 d"),
        (273_600_000, "3 d 4 h"),
        (-3_210, "-3.2 s"),
        (INT64_MAX, "106,751,991,167 d 7 h"),
        (INT64_MIN, "-106,751,991,167 d 7 h"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
        ("12", "–"),
    ],
)
def test_a_duration_has_its_two_largest_units(ms, text):
    assert formatting.duration_text(ms) == text


@given(st.integers() | st.floats())
def test_no_duration_shows_a_full_unit_as_sixty_of_the_smaller(ms):
    text = formatting.duration_text(ms)

    assert not {"60 m", "60 s", "60.0 s", "24 h", "1000 ms"} & {
        " ".join(pair) for pair in zip(text.split(), text.split()[1:], strict=False)
    }


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (0, "just now"),
        (9_999, "just now"),
        (45_000, "45 s ago"),
        (60_000, "1 min ago"),
        (3_599_999, "59 min ago"),
        (2 * 3_600_000, "2 h ago"),
        (6 * 86_400_000, "6 d ago"),
        (-180_000, "in 3 min"),
        (8 * 86_400_000, "7 Jan 2027"),
    ],
)
def test_a_moment_is_told_by_its_distance_and_then_by_its_date(ago, text):
    assert formatting.relative_text(NOW - ago, now=NOW) == text


@pytest.mark.parametrize("ms", [None, INT64_MAX, INT64_MIN])
def test_a_moment_outside_the_calendar_is_absent(ms):
    assert formatting.relative_text(ms, now=NOW) == "–"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_234_567, "1.2 MB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (5 * 10**9, "5.0 GB"),
        (INT64_MAX, "9.2 EB"),
        (10**22, "10,000 EB"),
        (-1, "–"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_an_amount_of_data_is_in_decimal_units(count, text):
    assert formatting.bytes_text(count) == text


@given(st.integers() | st.floats() | st.just(sys.float_info.max))
def test_no_amount_of_data_is_too_odd_to_be_shown(count):
    assert formatting.bytes_text(count)


@pytest.mark.parametrize(
    ("text", "length", "short"),
    [
        ("val_acc", 7, "val_acc"),
        ("train/layers/0/loss", 12, "trai…/0/loss"),
        ("", 5, ""),
        ("abcdef", 1, "a…f"),
        ("abcdef", -3, "a…f"),
    ],
)
def test_a_long_name_keeps_its_end(text, length, short):
    assert formatting.middle_text(text, length) == short


@given(st.text(), st.integers(min_value=3, max_value=80))
def test_a_shortened_name_fits(text, length):
    assert len(formatting.middle_text(text, length)) <= length
