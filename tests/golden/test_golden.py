"""The same words to this site and to a genuine MLflow server: the answers are the same.

What may differ, and why, stands in ``differences``; it must differ.
"""

from collections import Counter

import pytest

from tests.golden.cases import CASES, WORKSPACE_CASES
from tests.golden.differences import DIFFERENCES, OTHER_WORDS
from tests.golden.wire import Case, without_words

_EXCUSED = {name: reason for reason, names in DIFFERENCES.items() for name in names}
_OTHERWISE_WORDED = set().union(*OTHER_WORDS.values())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_answers_are_those_of_mlflow(compare, case):
    _agree_unless_excused(case, *compare(case, "plain"))


@pytest.mark.parametrize("case", WORKSPACE_CASES, ids=str)
def test_the_answers_in_workspaces_are_those_of_mlflow(compare, case):
    _agree_unless_excused(case, *compare(case, "workspaces"))


def test_every_case_has_a_name_of_its_own_and_every_difference_is_of_a_case():
    names = Counter(case.name for case in [*CASES, *WORKSPACE_CASES])

    assert [name for name, count in names.items() if count > 1] == []
    assert (set(_EXCUSED) | _OTHERWISE_WORDED) - set(names) == set()
    assert _OTHERWISE_WORDED & set(_EXCUSED) == set()
    assert sum(map(len, DIFFERENCES.values())) == len(_EXCUSED)


def _agree_unless_excused(case: Case, our_answers: list, their_answers: list) -> None:
    broken = [status for status, _body in our_answers if status >= 500 and status != 501]

    assert broken == []
    if case.name in _EXCUSED:
        assert our_answers != their_answers, f"No difference any more: {_EXCUSED[case.name]}"
    elif case.name in _OTHERWISE_WORDED:
        assert our_answers != their_answers, "The words are the same now."
        assert without_words(our_answers) == without_words(their_answers)
    else:
        assert our_answers == their_answers
