"""Reads that take too long are given up, and only those."""

import pytest
from django.db import OperationalError, connection

from core.patience import TooSlow, at_most

ENDLESS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)
SELECT count(*) FROM n
"""


def ask(sql: str):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_takes_too_long_is_stopped_and_the_next_one_is_not():
    with pytest.raises(TooSlow, match="too much"), at_most(0.2, lambda: "too much"):
        ask(ENDLESS)

    assert ask("SELECT 41 + 1") == 42
    with at_most(30, lambda: "too much"):
        assert ask(ENDLESS.replace("2000000000", "200000")) == 200_000


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_other_faults_stay_what_they_are():
    with pytest.raises(OperationalError, match="mine"), at_most(30, lambda: "too much"):
        raise OperationalError("mine")
