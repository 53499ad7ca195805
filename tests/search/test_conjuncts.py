"""Expressions taken apart at their outermost ANDs, and conditions written as text again."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search.conjuncts import (
    Unwritable,
    conjuncts,
    joined,
    read_field,
    written_name,
    written_number,
    written_text,
)
from search.errors import FilterError
from search.runs import parse_expression


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("metrics.a > 1", ["metrics.a > 1"]),
        ("metrics.a > 1 AND params.b = 'x AND y'", ["metrics.a > 1", "params.b = 'x AND y'"]),
        ("metrics.a > 1 and  tags.b='c'", ["metrics.a > 1", "tags.b='c'"]),
        (
            "metrics.a BETWEEN 1 AND 2 AND metrics.b < 3",
            ["metrics.a BETWEEN 1 AND 2", "metrics.b < 3"],
        ),
        (
            "(params.a = '1' OR params.a = '2') AND metrics.b < 3",
            ["(params.a = '1' OR params.a = '2')", "metrics.b < 3"],
        ),
        ("params.a = '1' OR params.a = '2'", ["params.a = '1' OR params.a = '2'"]),
        ("metrics.a > 1 AND metrics.b > 2 OR metrics.c > 3", None),
        ("NOT (metrics.a > 1 AND metrics.b > 2)", None),
        # MLflow lets an AND too many stand, and one too few.
        ("metrics.a > 1 AND AND metrics.b > 2", ["metrics.a > 1", "metrics.b > 2"]),
        ("metrics.a > 1 metrics.b > 2", None),
    ],
)
def test_an_expression_is_cut_where_an_and_joins_all_of_it(text, parts):
    found = [each.text for each in conjuncts(text)]

    assert found == ([text] if parts is None else parts)


@given(
    st.lists(
        st.sampled_from(
            [
                "metrics.a > 1",
                "params.b = 'AND'",
                "metrics.c BETWEEN 1 AND 2",
                "params.a = '1' OR tags.b = 'OR'",
                "NOT status = 'FAILED'",
                "(metrics.a > 1 AND metrics.b < 2)",
            ]
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_joined_asks_for_all_of_it_and_is_cut_apart_again(texts):
    whole = joined(texts)

    parts = conjuncts(whole)
    if len(texts) > 1:
        assert [each.node for each in parts] == [parse_expression(text) for text in texts]
    assert parse_expression(joined([each.text for each in parts])) == parse_expression(whole)


names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)


@given(names, names)
@example("val acc", "it's")
@example("a`b", 'say "x"')
@example("a.b/c-d", "back\\")
@example("a", "\\'")
def test_any_name_and_text_that_can_be_written_reads_as_it_was(key, value):
    try:
        text = f"params.x = '1' AND {written_name('param', key)} = {written_text(value)}"
    except Unwritable:
        assert (
            {"'", '"'} <= set(value) or value.endswith("\\") or {"'", '"', "`"} <= set(key + "\\")
        )
        return

    _, condition = conjuncts(f'{text} AND tags.y = "z"')[:2]
    assert condition.comparison.key == key
    assert condition.comparison.value == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_so_that_it_reads_as_the_same(number):
    assert parse_expression(f"metrics.a > {written_number(number)}").value == number


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("metrics.val acc@max", ("metric", "val acc", "max")),
        ("metrics.`val acc`", ("metric", "val acc", None)),
        ("metrics.a@b", ("metric", "a@b", None)),
        ("params.lr", ("param", "lr", None)),
        (" tags.mlflow.user ", ("tag", "mlflow.user", None)),
        ("duration", (None, "duration", None)),
        ("a.b", (None, "a.b", None)),
    ],
)
def test_a_field_is_read_whether_or_not_it_has_quotes(text, field):
    assert read_field(text) == field


def test_what_cannot_be_read_is_refused_as_a_whole():
    with pytest.raises(FilterError):
        conjuncts("metrics.a > 1 AND metrics.b >")
