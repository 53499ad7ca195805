"""What filters and orders are refused, and in which words."""

import time

import pytest

from core.errors import Invalid
from search import experiments, logged_models, model_versions, registered_models, runs
from search.clauses import MAX_CLAUSES, MAX_ORDERINGS
from search.errors import FilterError
from search.tokens import MAX_LENGTH

RUN_KEYS = (
    "{'artifact_uri', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id', "
    "'created', 'Created', 'run name', 'Run name', 'Run Name'}"
)
ENTITIES = "Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"
NOT_COMPARISONS = (
    "Expected a list of comparisons separated by 'AND' "
    "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')."
)
STRAY = "Invalid clause(s) in filter string: "
LIST = "While parsing a list in the query, expected"
TEXT_OR_LIST = (
    "Expected a quoted string value or a list of quoted string values for attributes. Got value"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  ", "Invalid filter '  '. Could not be parsed."),
        ("metrics.a = 1 OR metrics.b = 2", f"{STRAY}'OR'"),
        ("NOT metrics.a = 1", f"{STRAY}'NOT'"),
        ("(metrics.a = 1)", f"{STRAY}'(metrics.a = 1)'"),
        ("metrics.a = 1;", f"{STRAY}';'"),
        ("metrics.a", f"{STRAY}'metrics.a'"),
        ("metrics.a >", f"{STRAY}'metrics.a', '>'"),
        ("> 1", f"{STRAY}'>', '1'"),
        ("metrics.a BETWEEN 1 AND 2", f"{STRAY}'metrics.a', 'BETWEEN', '1', '2'"),
        ("status = 'FINISHED", f"{STRAY}'status', '=', ''', 'FINISHED'"),
        ("run_id IN 'a'", f"{STRAY}'run_id', 'IN', ''a''"),
        (
            "metrics.a = 1; metrics.b = 2",
            "Search filter contained multiple expression 'metrics.a = 1; metrics.b = 2'. "
            "Provide AND-ed expression list.",
        ),
        ("1 = metrics.a", "Invalid comparison clause. Expected 'Identifier' found '1'"),
        ("'x' = params.a", "Invalid comparison clause. Expected 'Identifier' found ''x''"),
        ("foo = 'x'", f"Invalid attribute key 'foo' specified. Valid keys are '{RUN_KEYS}'"),
        ("Status = 'x'", f"Invalid attribute key 'Status' specified. Valid keys are '{RUN_KEYS}'"),
        ("foo.bar = 'x'", f"Invalid entity type 'foo'. {ENTITIES}"),
        ("METRICS.a = 1", f"Invalid entity type 'METRICS'. {ENTITIES}"),
        (
            "dataset.foo = 'x'",
            "Invalid dataset key 'foo' specified. Valid keys are '{'name', 'digest', 'context'}'",
        ),
        ("metrics.a > '0.1'", "Expected numeric value type for metric. Found '0.1'"),
        ("metrics.a > nan", "Expected numeric value type for metric. Found nan"),
        (
            "start_time > '1000'",
            "Expected numeric value type for numeric attribute: start_time. Found '1000'",
        ),
        (
            "start_time > 9223372036854775808",
            "Number is too large: 9223372036854775808. Integers have at most 64 bits.",
        ),
        (
            "params.a = 0.1",
            "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 0.1",
        ),
        (
            "tags.a IN ('x')",
            "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('x')",
        ),
        ("status = 10", "Expected a quoted string value for attributes. Got value 10"),
        (
            "dataset.name = 10",
            "Expected a quoted string value for dataset attributes. Got value 10",
        ),
        (
            "params.a = x",
            "Parameter value is either not quoted or unidentified quote types used for string "
            "value x. Use either single or double quotes.",
        ),
        (
            "params.a = `x`",
            "Parameter value is either not quoted or unidentified quote types used for string "
            "value `x`. Use either single or double quotes.",
        ),
        ("run_id IN ()", f"{LIST} a non-empty list of string values, but got empty list"),
        (
            "run_id IN (1)",
            f"{LIST} string value, punctuation, or whitespace, "
            "but got different type in list: (1,)",
        ),
        (
            "run_id IN ('a', 1)",
            f"{LIST} string value, punctuation, or whitespace, "
            "but got different type in list: ('a', 1)",
        ),
        (
            "run_id IN ('a' 'b')",
            f"{LIST} a non-empty list of string values, but got ill-formed list.",
        ),
        (
            "run_id IN (('a'))",
            f"{LIST} a non-empty list of string values, but got ill-formed list.",
        ),
        ("run_id IN (,)", f"{LIST} a non-empty list of string values, but got ill-formed list."),
        (
            "run_id = ('a')",
            "Invalid comparison clause. A list of values can only follow IN or NOT IN, found '='",
        ),
        (
            "status IN ('a')",
            "Only ['run_id'] attributes support comparison with a list of quoted string values.",
        ),
        (
            "metrics.acc IS NULL",
            "IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'acc'",
        ),
        (
            "metrics.a LIKE 1",
            "Invalid comparator 'LIKE' not one of '{'=', '!=', '>', '>=', '<', '<='}'",
        ),
        (
            "metrics.a == 1",
            "Invalid comparator '==' not one of '{'=', '!=', '>', '>=', '<', '<='}'",
        ),
        (
            "params.a > 'x'",
            "Invalid comparator '>' not one of "
            "'{'=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'}'",
        ),
        (
            "params.a NOT LIKE 'x'",
            "Invalid comparator 'NOT LIKE' not one of "
            "'{'=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'}'",
        ),
        (
            "status > 'x'",
            "Invalid comparator '>' not one of '{'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}'",
        ),
        (
            "run_id > ('x')",
            "Invalid comparator '>' not one of '{'=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'}'",
        ),
        (
            "params.a = 'x\0'",
            r"Filter contains a character that cannot be part of any text: '\x00'.",
        ),
    ],
)
def test_a_bad_filter_of_runs_is_refused_in_mlflows_words(text, message):
    assert refusal(runs.parse_filter, text).message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'a' OR name = 'b' x", f"{STRAY}OR, x"),
        (
            "foo = 'x'",
            "Invalid attribute key 'foo' specified. Valid keys are "
            "'{'name', 'experiment_id', 'creation_time', 'last_update_time'}'",
        ),
        (
            "metrics.a = 1",
            "Invalid entity type 'metrics'. Valid entity types are ('attribute', 'tag', 'tags')",
        ),
        ("experiment_id LIKE '1'", "Invalid comparator for experiment_id: LIKE"),
        ("experiment_id = 1", "Expected a quoted string value for attributes. Got value 1"),
        (
            "experiment_id IN ('1', 'x')",
            "Invalid experiment ID 'x'. Experiment ID must be a valid integer.",
        ),
        (
            "name IN ('x')",
            "Only ['experiment_id'] attributes support comparison with a list of quoted string "
            "values.",
        ),
        ("name > 'x'", "Invalid comparator '>' not one of '{'=', '!=', 'LIKE', 'ILIKE'}'"),
        ("creation_time > 1.5", "Invalid value for numeric attribute 'creation_time': '1.5'"),
        (
            "creation_time > '1'",
            "Expected numeric value type for numeric attribute: creation_time. Found '1'",
        ),
        (
            "creation_time LIKE 1",
            "Invalid comparator 'LIKE' not one of '{'=', '!=', '>', '>=', '<', '<='}'",
        ),
        ("tags.a > 'x'", "Invalid comparator for tag: >"),
        (
            "name IS NULL",
            "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'",
        ),
    ],
)
def test_a_bad_filter_of_experiments_is_refused_in_mlflows_words(text, message):
    assert refusal(experiments.parse_filter, text).message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "name IS NULL",
            "IS NULL / IS NOT NULL is not supported for registered model search.",
        ),
        (
            "attributes.name = 'x'",
            "Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')",
        ),
        (
            "run_id = 'x'",
            "Invalid attribute key 'run_id' specified. Valid keys are '{'name'}'",
        ),
        ("name = 1", f"{TEXT_OR_LIST} 1"),
        ("name > 'x'", "Invalid comparator for attribute: >"),
        ("name > ('x')", "Invalid comparator for attribute: >"),
        ("tags.a >= 'x'", "Invalid comparator for tag: >="),
        (
            "tags.a = 1",
            "Expected a quoted string value for tag (e.g. 'my-value'). Got value 1",
        ),
    ],
)
def test_a_bad_filter_of_registered_models_is_refused_in_mlflows_words(text, message):
    assert refusal(registered_models.parse_filter, text).message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run_id IS NULL", "IS NULL / IS NOT NULL is not supported for model version search."),
        (
            "version_number = 1.5",
            "Invalid value for numeric attribute 'version_number': 1.5",
        ),
        (
            "version_number = 'one'",
            "Invalid value for numeric attribute 'version_number': 'one'",
        ),
        ("version_number LIKE '1'", "Invalid comparator for attribute version_number: LIKE"),
        (
            "version_number IN ('1')",
            "Only ['name', 'run_id'] attributes support comparison with a list of quoted string "
            "values.",
        ),
        (
            "name = 1",
            "Only the '{'version_number'}' attributes support comparison with numeric values.",
        ),
        ("source_path < 'x'", "Invalid comparator for attribute: <"),
    ],
)
def test_a_bad_filter_of_model_versions_is_refused_in_mlflows_words(text, message):
    assert refusal(model_versions.parse_filter, text).message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" ", "Invalid filter string: ' '. Expected a single SQL expression."),
        ("name = 1 OR x", f"Invalid filter string: 'name = 1 OR x'. {NOT_COMPARISONS}"),
        (
            "metric.a > 1",
            "Invalid entity type: 'metric'. "
            "Expected one of ['attributes', 'metrics', 'params', 'tags'].",
        ),
        (
            "metrics.a LIKE 'x'",
            "Invalid comparison operator for metrics.a: 'LIKE'. "
            "Expected one of ('<', '<=', '>', '>=', '=', '!=').",
        ),
        (
            "params.a > 'x'",
            "Invalid comparison operator for params.a: '>'. "
            "Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN').",
        ),
        (
            "status LIKE 'READY'",
            "Invalid comparison operator for attributes.status: 'LIKE'. "
            "Expected one of ('=', '!=', 'IN', 'NOT IN').",
        ),
        (
            "params.a IS NULL",
            "Invalid comparison: params.a IS NULL. Expected a comparison with 3 tokens.",
        ),
        ("metrics.a > '1'", "Expected numeric value type for metric. Found '1'"),
        (
            "creation_time > 'x'",
            "Expected numeric value type for numeric attribute: creation_timestamp. Found 'x'",
        ),
        ("name = NULL", "Expected a quoted string value. Got value NULL"),
        (
            "experiment_id = '1'",
            "Invalid attribute key 'experiment_id' specified. Valid keys are "
            "'{'name', 'model_id', 'model_type', 'status', 'source_run_id', "
            "'creation_timestamp', 'creation_time', 'last_updated_timestamp', "
            "'last_updated_time'}'",
        ),
    ],
)
def test_a_bad_filter_of_logged_models_is_refused_in_mlflows_words(text, message):
    assert refusal(logged_models.parse_filter, text).message == message


@pytest.mark.parametrize(
    ("text", "position", "suggestion"),
    [
        ("params.a = 'x' AND statsu = 'FINISHED'", 19, "status"),
        ("metrisc.a > 1", 0, "metric"),
        ("  Status = 'x'", 2, "status"),
        ("dataset.digset = 'x'", 0, "digest"),
        ("zzz = 'x'", 0, None),
        ("metrics.a = 1 OR metrics.b = 2", 14, None),
        ("metrics.a LIKE 1", 10, None),
        ("metrics.a > 'x'", 12, None),
    ],
)
def test_a_refusal_points_at_the_place_and_at_the_word_that_was_meant(text, position, suggestion):
    error = refusal(runs.parse_filter, text)

    assert isinstance(error, Invalid)
    assert (error.position, error.suggestion) == (position, suggestion)


def test_a_filter_is_read_up_to_its_limits():
    clause = "metrics.a > 1 AND "
    longest = f"params.a = '{'x' * (MAX_LENGTH - len('params.a = ') - 2)}'"

    assert len(runs.parse_filter(clause * MAX_CLAUSES)) == MAX_CLAUSES
    assert len(runs.parse_filter(longest)) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("metrics.a > 1 AND " * (MAX_CLAUSES + 1), "Filter has too many clauses: 501"),
        ("x" * (MAX_LENGTH + 1), "Filter is too long: 100001 characters"),
        (f"params.a LIKE '{'%' * 10_001}'", "The pattern of LIKE is too long: 10001 characters"),
    ],
)
def test_a_filter_past_its_limits_is_refused(text, reason):
    assert refusal(runs.parse_filter, text).message.startswith(reason)


@pytest.mark.parametrize(
    "piece",
    [
        *("(", ")", "((a", "(')", "a IN (", "run_id IN ('a', "),
        *("'", "''", "\\'", '"', '\\"', "`", "``", "a.`", "a.'"),
        *("a.", "a-", "9", "-9", "1e9", ".", "=", "a=1 ", "is not ", "AND (", "\n", ";", "é"),
    ],
)
@pytest.mark.parametrize("end", ["", "x", " '"])
def test_hostile_filters_are_refused_in_time_that_grows_with_their_length_only(piece, end):
    text = (piece * MAX_LENGTH)[: MAX_LENGTH - len(end)] + end

    started = time.process_time()
    refusal(runs.parse_filter, text)

    # Half a second of work for any of them; anything quadratic would take minutes.
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("parse", "clauses", "message"),
    [
        (runs.parse_order, ["metrics.a foo"],
         "Invalid ordering key in order_by clause 'metrics.a foo'."),
        (runs.parse_order, ["run name"], "Invalid ordering key in order_by clause 'run name'."),
        (runs.parse_order, ["metrics.a DESC foo"],
         "Invalid order_by clause 'metrics.a DESC foo'. Could not be parsed."),
        (runs.parse_order, ["metrics.a, metrics.b"],
         "Invalid order_by clause 'metrics.a, metrics.b'. Could not be parsed."),
        (runs.parse_order, ["metrics.a DESC NULLS LAST"],
         "Invalid order_by clause 'metrics.a DESC NULLS LAST'. Could not be parsed."),
        (runs.parse_order, [""], "Invalid order_by clause ''. Could not be parsed."),
        (runs.parse_order, ["desc"], "Invalid order_by clause 'desc'. Could not be parsed."),
        (runs.parse_order, ["metrics.a > 1"],
         "Invalid order_by clause 'metrics.a > 1'. Could not be parsed."),
        (runs.parse_order, ["foo"],
         "Invalid attribute key 'foo' specified. Valid keys are '{'artifact_uri', 'end_time', "
         "'run_id', 'run_name', 'start_time', 'status', 'user_id', 'created', 'Created'}'"),
        (runs.parse_order, ["foo.bar"], f"Invalid entity type 'foo'. {ENTITIES}"),
        (runs.parse_order, ["dataset.name"], "Invalid identifier type 'dataset'"),
        (runs.parse_order, ["metrics.a", "metric.a desc"],
         "`order_by` contains duplicate fields: ['metrics.a', 'metric.a desc']"),
        (runs.parse_order, ["start_time", "created"],
         "`order_by` contains duplicate fields: ['start_time', 'created']"),
        (experiments.parse_order, ["tags.a"], "Invalid order_by entity: tag"),
        (experiments.parse_order, ["foo"],
         "Invalid attribute key 'foo' specified. Valid keys are "
         "'{'name', 'experiment_id', 'creation_time', 'last_update_time'}'"),
        (registered_models.parse_order, ["foo"],
         "Invalid order by key 'foo' specified. Valid keys are '{'name', 'timestamp'}'"),
        (registered_models.parse_order, ["attribute.name"],
         "Invalid order by key 'attribute.name' specified. Valid keys are "
         "'{'name', 'timestamp'}'"),
        (registered_models.parse_order, ["timestamp", "last_updated_timestamp DESC"],
         "`order_by` contains duplicate fields: ['timestamp', 'last_updated_timestamp DESC']"),
        (model_versions.parse_order, ["tags.a"],
         "Invalid order by key 'a' specified. Valid keys are {'name', 'version_number', "
         "'creation_timestamp', 'last_updated_timestamp'}"),
        (model_versions.parse_order, ["name", "attribute.name"],
         "`order_by` contains duplicate fields: ['name', 'attribute.name']"),
        (logged_models.parse_order, [("foo", True)], "Invalid order by field name: foo."),
        (logged_models.parse_order, [("params.a", True)],
         "Invalid order by field name: params.a. Only metrics are supported."),
        (logged_models.parse_order, [("metrics.", True)],
         "Invalid order by field name: metrics.. Only metrics are supported."),
    ],
)  # fmt: skip
def test_a_bad_order_is_refused_in_mlflows_words(parse, clauses, message):
    assert refusal(parse, clauses).message == message


@pytest.mark.parametrize(
    ("parse", "clauses"),
    [
        (runs.parse_order, [f"metrics.m{number}" for number in range(MAX_ORDERINGS + 1)]),
        (logged_models.parse_order, [("name", True)] * (MAX_ORDERINGS + 1)),
    ],
)
def test_an_order_of_too_many_fields_is_refused(parse, clauses):
    error = refusal(parse, clauses)

    assert error.message == "`order_by` has too many fields: 51, and at most 50 are allowed."


def refusal(parse, argument) -> FilterError:
    with pytest.raises(FilterError) as refused:
        parse(argument)
    return refused.value
