import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lookups import like_to_glob

# Few characters, so that texts and patterns have a chance to match.
texts = st.text(alphabet="aAb\n%_[]*?^-.\\é", max_size=8)


@pytest.fixture(scope="module")
def sqlite():
    with sqlite3.connect(":memory:") as connection:
        connection.execute("PRAGMA case_sensitive_like = ON")
        yield connection


@settings(deadline=None)  # other work may hold up the machine
@given(pattern=texts, text=texts)
def test_a_glob_matches_what_sqlite_matches_when_like_minds_case(sqlite, pattern, text):
    like, glob = sqlite.execute(
        "SELECT ? LIKE ?, ? GLOB ?", [text, pattern, text, like_to_glob(pattern)]
    ).fetchone()

    assert bool(like) == bool(glob)
