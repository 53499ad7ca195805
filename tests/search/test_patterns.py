"""Regular expressions match as Python's do, in bounded time."""

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.patterns import BadPattern, Pattern

pieces = st.sampled_from(
    [*"abc.|()*+?^$-", "[a-c]", "[^a]", "(?:a|b)", r"\d", r"\S", r"\.", "a{2}", "{1,2}", "(?i)"]
)


@settings(deadline=None)  # other work may hold up the machine
@given(
    pattern=st.lists(pieces, max_size=8).map("".join),
    texts=st.lists(st.text("aAbc.1 \n-", max_size=6), max_size=5),
)
def test_a_pattern_matches_what_python_matches(pattern, texts):
    try:
        read = Pattern(pattern)
    except BadPattern:
        return

    for text in texts:
        # Only a text's very end is an end, as on PostgreSQL.
        expected = bool(
            re.search(pattern.replace("$", r"\Z") if "[" not in pattern else read.portable, text)
        )
        assert read.matches(text) == expected
        assert bool(re.search(read.portable, text)) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a|a)*b",
        "(a*)*b",
        "(.*.*)*x",
        ".*.*.*.*.*.*.*.*x",
        "a*" * 99 + "b",
        "(a?){100}a{100}b",
        "(a|b)*a(a|b){120}c",
    ],
)
def test_no_pattern_takes_long(pattern):
    texts = ["a" * 8_000, "".join(random.Random(1).choice("ab") for _ in range(8_000))]
    start = time.perf_counter()

    assert not any(Pattern(pattern).matches(text) for text in texts)

    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(a)\1", "back references"),
        ("(?=a)b", "look around"),
        (r"\ba", "word boundaries"),
        ("a++", "possessive"),
        ("a{256}", "255"),
        ("(a{100}){100}", "too large"),
        ("(?x)a b", "flag"),
        ("(?i:a)", "beginning"),
        ("\\x00", "cannot be part of any text"),
        ("(", "missing"),
        ("a" * 201, "at most 200"),
    ],
)
def test_what_could_not_be_bounded_is_refused(pattern, reason):
    with pytest.raises(BadPattern, match=re.escape(reason)):
        Pattern(pattern)
