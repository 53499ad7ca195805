"""What LIKE matches, as a regular expression, as a GLOB, and in SQLite itself."""

import sqlite3
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.text import like_to_glob, like_to_regex

# Few characters, so that texts and patterns have a chance to match.
texts = st.text(alphabet="aAb\n%_[]*?^-.\\é", max_size=8)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("", "", True),
        ("", "a", False),
        ("%", "", True),
        ("a%", "abc", True),
        ("%c", "abc", True),
        ("%b%", "abc", True),
        ("a_c", "abc", True),
        ("a_c", "ac", False),
        ("abc", "xabcx", False),
        ("%ab%ba%", "aba", False),
        ("%a%ab", "aab", True),
        ("a%c", "a\nb\nc", True),
        ("_", "\n", True),
        ("a", "a\n", False),
        ("a.c", "abc", False),
        ("ABC", "abc", False),
        (r"\%", "\\x", True),
    ],
)
def test_like_is_anchored_and_knows_two_wildcards(pattern, text, matches):
    regex = like_to_regex(pattern, ignore_case=False)

    assert bool(regex.match(text)) is matches
    assert bool(regex.search(text)) is matches
    assert bool(regex.fullmatch(text)) is matches


@pytest.mark.parametrize(("pattern", "text"), [("aBc%", "AbCd"), ("ÉTÉ", "été")])
def test_ilike_does_not_mind_case(pattern, text):
    assert like_to_regex(pattern, ignore_case=True).match(text)
    assert not like_to_regex(pattern, ignore_case=False).match(text)


@pytest.fixture(scope="module")
def sqlite():
    with sqlite3.connect(":memory:") as connection:
        connection.execute("PRAGMA case_sensitive_like = ON")
        yield connection


@settings(deadline=None)  # other work may hold up the machine
@given(pattern=texts, text=texts)
def test_regex_and_glob_match_what_sqlite_matches(sqlite, pattern, text):
    like, glob = sqlite.execute(
        "SELECT ? LIKE ?, ? GLOB ?", [text, pattern, text, like_to_glob(pattern)]
    ).fetchone()

    assert bool(like_to_regex(pattern, ignore_case=False).match(text)) == bool(like) == bool(glob)


def test_a_hostile_pattern_takes_no_time():
    regex = like_to_regex("%a" * 200 + "%b", ignore_case=False)

    started = time.process_time()
    matched = regex.match("a" * 8000)

    assert matched is None
    assert time.process_time() - started < 1
