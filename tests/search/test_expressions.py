"""Expressions: what they hold together, what they refuse and where."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.time import now_ms
from search.clauses import MAX_CLAUSES
from search.errors import FilterError
from search.expressions import MAX_DEPTH, MAX_VALUES
from search.runs import is_plain, parse_expression, parse_filter
from search.tokens import MAX_LENGTH
from search.tree import And, Comparison, Node, Not, Or

KNOWN = {"metric": ["val_acc", "val loss", "Loss"], "param": ["lr"], "tag": ["team"]}.__getitem__


def metric(key: str) -> Comparison:
    return Comparison("metric", key, "=", 1.0)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("", None),
        ("  \n", None),
        ("metrics.a = 1", metric("a")),
        ("metrics.a = 1 AND metrics.b = 1", And((metric("a"), metric("b")))),
        (
            "metrics.a = 1 OR metrics.b = 1 AND NOT metrics.c = 1",
            Or((metric("a"), And((metric("b"), Not(metric("c")))))),
        ),
        (
            "(metrics.a = 1 OR metrics.b = 1) AND metrics.c = 1",
            And((Or((metric("a"), metric("b"))), metric("c"))),
        ),
        ("not(metrics.a = 1)", Not(metric("a"))),
        ("metrics.a@min > -1.5", Comparison("metric", "a", ">", -1.5, "min")),
        ("metrics.'a@min' > 1", Comparison("metric", "a@min", ">", 1.0)),
        ("param.lr BETWEEN 1 AND 2", Comparison("param", "lr", "BETWEEN", (1.0, 2.0))),
        ("start_time > -1.5h", Comparison("attribute", "start_time", ">", 10_000_000 - 5_400_000)),
        ("start_time < '1970-01-02'", Comparison("attribute", "start_time", "<", 86_400_000)),
    ],
)
def test_an_expression_is_a_tree(text, node):
    assert parse_expression(text, now=10_000_000) == node


def test_a_relative_time_is_counted_back_from_now():
    before = now_ms()

    node = parse_expression("start_time > -7d")

    assert before - 7 * 86_400_000 <= node.value <= now_ms() - 7 * 86_400_000


@pytest.mark.parametrize(
    ("text", "position", "suggestion"),
    [
        ("metrics.val_ac > 1", 0, "metrics.val_acc"),
        ("run_name = 'x' OR metrics.VAL_ACC > 1", 18, "metrics.val_acc"),
        ("metrics.loss > 1", 0, "metrics.Loss"),
        ("metrics.val_loss > 1", 0, "metrics.`val loss`"),
        ("params.lrr = '1'", 0, "params.lr"),
        ("tags.teams = '1'", 0, "tags.team"),
        ("val_acc > 1", 0, "metrics.val_acc"),
        ("durations > 1", 0, "duration"),
        ("attribute.run_nam = 'x'", 0, "run_name"),
        ("datasets.digets = 'x'", 0, "dataset.digest"),
        ("metricks.val_acc > 1", 0, "metrics.val_acc"),
        ("metrics.val_acc@mni > 1", 16, "min"),
        ("metrics.val_acc == 1", 16, "="),
        ("metrics.val_acc <> 1", 16, "!="),
        ("params.lr RLIKE 'x'", 10, "~"),
        ("params.lr lkie 'x'", 10, "LIKE"),
        ("params.lr = '1' adn params.lr = '1'", 16, "AND"),
        ("(params.lr = '1' orr", 17, "OR"),
        ("status = FAILED", 9, "'FAILED'"),
    ],
)
def test_a_slip_is_shown_with_its_place_and_what_was_perhaps_meant(text, position, suggestion):
    with pytest.raises(FilterError) as refused:
        parse_expression(text, known=KNOWN)

    assert (refused.value.position, refused.value.suggestion) == (position, suggestion)


def test_a_name_unlike_all_others_may_yet_come():
    assert parse_expression("metrics.perplexity > 1", known=KNOWN)
    assert parse_expression("metrics.val_ac IS NULL", known=KNOWN)


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("metrics.a >", 10, "it ends where a value"),
        ("metrics.a", 8, "it ends where a comparison"),
        ("(metrics.a > 1", 0, "never closed"),
        ("metrics.a > 1)", 13, "expected AND or OR"),
        ("params.a = 'x", 11, "the quote ' is never closed"),
        ("OR metrics.a > 1", 0, "expected a field"),
        ("metrics.a > 'high'", 12, "numeric"),
        ("metrics.a > -7d", 12, "numeric"),
        ("metrics.a LIKE 'x'", 10, "compares texts"),
        ("metrics.a IS 1", 13, "expected NULL"),
        ("metrics.a BETWEEN 1 OR 2", 20, "expected AND and a second value"),
        ("metrics.a IN ()", 14, "expected a value"),
        ("metrics.a IN 1", 13, "expected a list"),
        ("metrics.a IN (1 2)", 16, "expected ',' or ')'"),
        ("params.a@min = 'x'", 9, "only metrics have statistics"),
        ("params.a > 'x'", 11, "numeric"),
        ("params.a > 'nan'", 11, "numeric"),
        ("run_name > 'x'", 9, "this field is a text"),
        ("params.a IN (1, 'x')", 13, "a text in quotes"),
        ("start_time > 'soon'", 13, "a time, such as"),
        ("start_time > '2026-02-30'", 13, "a time, such as"),
        ("start_time > 99999999999999999999", 13, "64 bits"),
        ("duration > 'long'", 11, "a length of time"),
        ("params.a ~ '('", 11, "missing )"),
        ("params.a ~ '\\bx'", 11, "word boundaries"),
        (f"params.a ~ '{'x' * 201}'", 11, "at most 200"),
        ("(" * (MAX_DEPTH + 1) + "metrics.a > 1" + ")" * (MAX_DEPTH + 1), MAX_DEPTH, "deep"),
        (" OR ".join(["metrics.a > 1"] * (MAX_CLAUSES + 1)), 17 * MAX_CLAUSES, "conditions"),
        (f"metrics.a IN ({'1,' * MAX_VALUES}1)", 14 + 2 * MAX_VALUES, "values"),
        ("x" * (MAX_LENGTH + 1), None, "too long"),
    ],
)
def test_what_cannot_be_read_says_where(text, position, reason):
    with pytest.raises(FilterError, match=r"Invalid|too long") as refused:
        parse_expression(text)

    assert reason in refused.value.message
    assert refused.value.position == position


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.a > 1 AND params.b LIKE 'x%'", True),
        ("status = 'FAILED'", True),
        ("tags.a IS NULL", True),
        ("start_time > 5", True),
        ("", False),
        ("status = 'failed'", False),
        ("metrics.a > 1 OR metrics.a < 0", False),
        ("metrics.a@min > 1", False),
        ("params.a > 1", False),
        ("start_time > -7d", False),
    ],
)
def test_an_expression_that_mlflow_reads_alike_is_plain(text, expected):
    assert is_plain(text) is expected


fragments = st.sampled_from(
    "metrics.a metrics.a@min params.b tags.c dataset.name status start_time duration run_id AND OR "
    "NOT IN IS NULL LIKE ILIKE BETWEEN = != >= < ~ !~ @ - ' \" ` ( ) , . ; 1 0.5 1e3 -7d '5m' "
    "'2026-11-24' 'a' \"b\" ('a') (1, 2) '(a' '[[' 'a{2,1}' '(a|b)*' x".split(" ")
)
anything = st.one_of(st.text(), st.lists(fragments | st.text(max_size=3)).map(" ".join))


@settings(deadline=None)  # other work may hold up the machine
@given(text=anything)
def test_any_expression_is_read_or_refused(text):
    node, refused = outcome(text)

    if refused:
        assert refused.message
        assert refused.position is None or 0 <= refused.position < len(text)
    assert node is None or isinstance(node, Comparison | And | Or | Not)


@settings(deadline=None)  # other work may hold up the machine
@given(text=anything)
def test_all_that_mlflow_reads_is_read(text):
    try:
        parse_filter(text)
    except FilterError:
        return

    parse_expression(text)


def outcome(text: str) -> tuple[Node | None, FilterError | None]:
    try:
        return parse_expression(text, known=KNOWN), None
    except FilterError as refused:
        return None, refused
