"""No text gets anything out of the parsers but a result or a refusal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search import experiments, logged_models, model_versions, registered_models, runs
from search.errors import FilterError
from search.tree import Comparison, Ordering

SEARCHES = [runs, experiments, registered_models, model_versions, logged_models]

fragments = st.sampled_from(
    "metrics. params. tags. attribute. dataset. name run_id status start_time version_number "
    "experiment_id creation_time AND OR NOT IN IS NULL LIKE ILIKE = != >= < ' \" ` ( ) , . ; - "
    "1 0.5 1e3 'a' \"b\" `c` ('a') DESC asc x".split()
)  # fmt: skip
anything = st.one_of(st.text(), st.lists(fragments | st.text(max_size=3)).map(" ".join))


@pytest.mark.parametrize("search", SEARCHES)
@settings(deadline=None)  # other work may hold up the machine
@given(text=anything)
def test_any_filter_is_read_or_refused(search, text):
    comparisons, refused = outcome(search.parse_filter, text)

    if refused:
        assert refused.message
        assert refused.position is None or 0 <= refused.position < len(text)
    assert all(isinstance(comparison, Comparison) for comparison in comparisons)


@pytest.mark.parametrize("search", SEARCHES)
@settings(deadline=None)  # other work may hold up the machine
@given(texts=st.lists(anything, max_size=3))
def test_any_order_is_read_or_refused(search, texts):
    clauses = [(text, True) for text in texts] if search is logged_models else texts

    orderings, refused = outcome(search.parse_order, clauses)

    assert refused or len(orderings) == len(texts)
    assert all(isinstance(ordering, Ordering) for ordering in orderings)


def outcome(parse, argument) -> tuple[list, FilterError | None]:
    try:
        return parse(argument), None
    except FilterError as refused:
        return [], refused
