"""What ``make test`` says and answers when this machine lacks an engine."""

import pytest

from tests.support import run_all
from tests.support.postgres import NoPostgres


@pytest.fixture
def statuses(monkeypatch) -> dict[str, int]:
    """What pytest answers for each engine, instead of running it."""
    statuses = {"sqlite": 0, "postgresql": 0}
    monkeypatch.delenv("TRACKER_TEST_REQUIRE", raising=False)
    monkeypatch.setattr(run_all, "find_binaries", lambda: None)
    monkeypatch.setattr(
        run_all, "_pytest", lambda arguments: statuses[arguments[0].removeprefix("--engine=")]
    )
    return statuses


@pytest.fixture
def no_postgres(statuses, monkeypatch) -> None:
    def missing():
        raise NoPostgres

    monkeypatch.setattr(run_all, "find_binaries", missing)


@pytest.mark.parametrize(
    ("sqlite", "postgresql", "status", "words"),
    [
        (0, 0, 0, "SQLite: passed in 0 s. PostgreSQL: passed in 0 s"),
        (1, 0, 1, "SQLite: FAILED after 0 s. PostgreSQL: passed in 0 s"),
        (0, 1, 1, "SQLite: passed in 0 s. PostgreSQL: FAILED after 0 s"),
        (0, 5, 0, "SQLite: passed in 0 s. PostgreSQL: none of these tests"),
        (5, 5, 1, "SQLite: none of these tests. PostgreSQL: none of these tests"),
    ],
)
def test_both_engines_count(statuses, capsys, sqlite, postgresql, status, words):
    statuses.update(sqlite=sqlite, postgresql=postgresql)

    assert run_all.main(["-k", "ingest"]) == status

    assert capsys.readouterr().out.splitlines()[-1] == words


def test_a_missing_engine_is_said_and_forgiven(no_postgres, capsys):
    assert run_all.main([]) == 0

    assert "PostgreSQL: skipped: no PostgreSQL" in capsys.readouterr().out


def test_a_missing_engine_fails_where_it_is_required(no_postgres, monkeypatch, capsys):
    monkeypatch.setenv("TRACKER_TEST_REQUIRE", "postgres,chromium")

    assert run_all.main([]) == 1

    assert "PostgreSQL: skipped: no PostgreSQL" in capsys.readouterr().out
