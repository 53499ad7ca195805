"""The parsers against the installed mlflow package: the same verdict and the same tree.

Where they differ on purpose stands in ``DIFFERENCES``, with the reason.
"""

import random

import pytest

from search import experiments, logged_models, model_versions, registered_models, runs
from search.errors import FilterError
from search.tree import Comparison
from tests.search.mlflow_parsers import MlflowParsers, RefusedByMlflow

SEARCHES = {
    "runs": runs,
    "experiments": experiments,
    "registered_models": registered_models,
    "model_versions": model_versions,
    "logged_models": logged_models,
}
GENERATED = 300  # filters for each search

# What generated filters are made of. Only what is not in DIFFERENCES.
NAMES = {
    "runs": [
        *("metrics.acc", "metric.`a b`", 'metrics."x/y"', "metrics.'q.r'", "metrics._x"),
        *("params.lr", "param.lr", "parameters.`x.y`", "parameter.a.b.c", "params.select"),
        *("tags.mlflow.runName", "tag.user", "tags.é", "tags.日本", "params.and", "tags.x1.y2"),
        *("status", "run_id", "run_name", "`run name`", '"Run Name"', "attributes.`Run name`"),
        *("attr.status", "run.user_id", "attributes.start_time", "end_time", "created"),
        *("artifact_uri", "dataset.name", "datasets.digest", "dataset.context", "dataset.nope"),
        *("foo", "foo.bar", "METRICS.acc", "Status", "1", "'status'", "attributes.Created"),
    ],
    "experiments": [
        *("name", "experiment_id", "attribute.creation_time", "last_update_time"),
        *("tags.a", "tag.`b c`", "metrics.a", "foo", "Name"),
    ],
    "registered_models": [
        *("name", "attribute.name", "tags.a", 'tag."b c"', "tags.`mlflow.prompt.is_prompt`"),
        *("attributes.name", "params.a", "creation_timestamp"),
    ],
    "model_versions": [
        *("name", "run_id", "attribute.source_path", "version_number", "tags.a", "tag.`b`"),
        *("attributes.name", "creation_timestamp"),
    ],
    "logged_models": [
        *("name", "model_id", "attributes.model_type", "source_run_id", "creation_time"),
        *("creation_timestamp", "last_updated_timestamp", "params.a", "params.`b c`"),
        *("metrics.acc", "metrics.`x/y`", "metrics.x/y", "tags.a.b", "tag.a", "foo"),
    ],
}
NUMERIC = ["metric", "created", "Created", "time", "version_number"]  # as parts of names
TEXT_OPERATORS = ["=", "!=", " LIKE ", " ILIKE ", " = ", "\tILIKE\n"]
NUMBER_OPERATORS = ["=", "!=", ">", ">=", "<", "<=", " > ", " <= ", "==", " ~ "]
LIST_OPERATORS = [" IN ", " NOT IN ", "\nNOT\tIN "]
TEXTS = [
    *("'x'", "''", "'it''s'", "'a b'", "'%x_'", "'C:\\'", "'AND'", "'a OR b'", "';'", "'é'"),
    *("'12'", "'--'", "'/*'", "'`'", "'(1)'"),
]
DOUBLE_QUOTED = ['"x"', '"it\'s"', '"a""b"', '"12"']
NUMBERS = ["1", "-1", "0.5", ".5", "-.5", "1.", "1e3", "1e-3", "1E5", "99999999999", " 2 "]
LISTS = ["('a')", "('a','b')", "(\"a\", 'b')", "('a',)", "( 'a' , 'b' )", "('1','2')", "('a)b')"]
EXISTENCE = [" IS NULL", " IS NOT NULL", " is null", " Is Not Null"]
GLUE = [" AND ", " and ", "\nAnd\t", " AND AND "]


def generated(thing: str) -> list[str]:
    source = random.Random(thing)

    def clause() -> str:
        name = source.choice(NAMES[thing])
        if source.random() < 0.1:
            return name + source.choice(EXISTENCE)
        # Logged models and double quotes: see DIFFERENCES.
        texts = TEXTS if thing == "logged_models" else TEXTS + DOUBLE_QUOTED
        kinds = [(TEXT_OPERATORS, texts), (NUMBER_OPERATORS, NUMBERS), (LIST_OPERATORS, LISTS)]
        weights = [1, 12, 1] if any(word in name for word in NUMERIC) else [8, 1, 3]
        operators, values = source.choices(kinds, weights=weights)[0]
        if source.random() < 0.1:
            values = source.choice([texts, NUMBERS, LISTS])
        return name + source.choice(operators) + source.choice(values)

    return [
        source.choice(GLUE).join(clause() for _ in range(source.choice([1, 1, 1, 2, 3])))
        for _ in range(GENERATED)
    ]


HAND_PICKED = [
    *("", " ", "\n", "AND", "metrics.a > 1 AND", "AND metrics.a > 1", "name = 'x' AND"),
    *("metrics.a > 1 OR metrics.b < 2", "NOT metrics.a > 1", "(metrics.a > 1)", "name = 'x';"),
    *("name = 'x'; name = 'y'", ";", "name", "name =", "= 'x'", "'x' = name", "1 = 1"),
    *("name = 'x' foo", "foo name = 'x'", "name = 'x", 'name = "x', "name = `x`"),
    *("metrics.a > 1, metrics.b > 2", "metrics.a > metrics.b", "metrics.a BETWEEN 1 AND 2"),
    *("metrics.a > - 1", "metrics.a > 0x10", "metrics.a > 1.2.3", "metrics.a > --1"),
    *("metrics.a > 1 -- no", "metrics.a > 1 /* no */", "metrics.a >= 1and metrics.b = 2"),
    *("metrics.a b > 1", "run name = 'x'", "metrics. = 1 1", ".a = 'x'", "params.`a = 'x'"),
    *("params .a = 'x'", "params.$x = 'x'", "tags.a:b = 'x'"),
    *("params.a NOT LIKE 'x'", "params.a RLIKE 'x'", "params.a REGEXP 'x'", "params.a IS 'x'"),
    *("params.a NOT NULL", "params.a IS", "run_id IN", "run_id IN 'a'", "run_id IN ("),
    *("name IN ('a'", "name IN (a)", "run_id IN (,)", "run_id IN ('a' ,, 'b')", "run_id IN (())"),
    *("run_id IN ('a', 1)", "run_id = ('a')", "status = ('a')", "name = ('a')", "params.a = ('a')"),
    *("version_number = '1'", "version_number = '01'", "version_number = 'x'"),
    *("version_number = 1.5", "version_number IN ('1')", "version_number LIKE '1'"),
    *("creation_time > 1.5", "creation_time > '1'"),
    *("name = 'x' name = 'y'", "metrics.a > 1 params.b = 'x'", "params.a = 1e999"),
    *("metrics.a = 1e999", "metrics.a > 99999999999999999999", "start_time > 9223372036854775807"),
    *("start_time > 9223372036854775808", "metrics.a = -0", "params.b = 'a\nb'", "params.a = '\t'"),
    *(r"params.a = 'x\' AND params.b = 'y'", r"params.a = 'x\'y'", "params.a = '''"),
    *(r"params.a = '\\'", "params.a=''AND params.b=''", "params.a.b.c='x'"),
]  # fmt: skip

IDS = [
    *("experiment_id = '1'", "experiment_id = 1", "experiment_id = 'x'", "experiment_id > '1'"),
    *("experiment_id IN ('1', '2')", "experiment_id IN ('1', 'x')", "experiment_id LIKE '1'"),
]

# Texts on which this site differs from MLflow, what it makes of them, and why it should.
DIFFERENCES = [
    # A key may begin with digits and contain / and - without quotes. MLflow stumbles over
    # these because it reads them as arithmetic; only for logged models it lets them be.
    ("runs", "metrics.val/loss > 1", [Comparison("metric", "val/loss", ">", 1.0)]),
    ("runs", "metrics.10 > 1", [Comparison("metric", "10", ">", 1.0)]),
    # A plus sign is part of a number. Python writes large floats as 1e+20.
    ("runs", "metrics.a > 1e+20", [Comparison("metric", "a", ">", 1e20)]),
    ("runs", "metrics.a > +1", [Comparison("metric", "a", ">", 1.0)]),
    # Between words there may be any blanks.
    ("runs", "tags.a IS NOT  NULL", [Comparison("tag", "a", "IS NOT NULL", None)]),
    # A missing AND is tolerated before every clause. MLflow does so too, but not before IN.
    (
        "runs",
        "params.a = 'x' run_id IN ('y')",
        [Comparison("param", "a", "=", "x"), Comparison("attribute", "run_id", "IN", ("y",))],
    ),
    # Operators may be written in any case. MLflow forgot experiments.
    ("experiments", "name like 'x'", [Comparison("attribute", "name", "LIKE", "x")]),
    # The prefix that runs and logged models have is one for experiments as well.
    ("experiments", "attributes.name = 'x'", [Comparison("attribute", "name", "=", "x")]),
    # Names of attributes and entities may be quoted in every search.
    ("registered_models", "`name` = 'x'", [Comparison("attribute", "name", "=", "x")]),
    ("experiments", "`tags`.a = 'x'", [Comparison("tag", "a", "=", "x")]),
    # Keys and values may have double quotes in every search. For logged models MLflow takes
    # these quotes for a part of the text, which then never matches.
    ("logged_models", 'params.a = "x"', [Comparison("param", "a", "=", "x")]),
    ("logged_models", 'metrics."a b" > 1', [Comparison("metric", "a b", ">", 1.0)]),
    # Aliases hold with the prefix, and for both times. MLflow falls over.
    (
        "logged_models",
        "attributes.creation_time > 1",
        [Comparison("attribute", "creation_timestamp", ">", 1)],
    ),
    (
        "logged_models",
        "last_updated_time > 1",
        [Comparison("attribute", "last_updated_timestamp", ">", 1)],
    ),
    # A status is one of a few words; a pattern over them is a mistake.
    ("logged_models", "status LIKE 'READY'", None),
    # Numbers are numbers: nan matches nothing, and inf is not written without quotes elsewhere.
    ("logged_models", "metrics.a > nan", None),
    ("logged_models", "creation_time < inf", None),
    # Columns that only the database behind MLflow has cannot be searched.
    ("logged_models", "lifecycle_stage = 'active'", None),
    ("logged_models", "experiment_id = '1'", None),
    # Only the outer quotes of a text are taken off it.
    ("logged_models", "params.a = ''''", [Comparison("param", "a", "=", "''")]),
    # Signs that a key cannot have need not be readable in one.
    ("logged_models", "params.@x = 'x'", None),
    # An empty list, or one with numbers in it, is refused as in all other searches.
    ("logged_models", "name IN ()", None),
    ("logged_models", "name IN (1, 2)", None),
    # NULL is never a text.
    ("logged_models", "params.a = NULL", None),
    # The texts in a list are read as all others are. MLflow reads them as Python, where a
    # backslash escapes, and where a forgotten comma joins two texts into one.
    (
        "runs",
        r"run_id IN ('a\n')",
        [Comparison("attribute", "run_id", "IN", (r"a\n",))],
    ),
    ("runs", "run_id IN ('a' 'b')", None),
    ("runs", "run_id IN (('a', 'b'))", None),
    # Words joined by more than one dot, or by blanks after it, are no key.
    ("runs", "params. a = 'x'", None),
    ("runs", "params..a = 'x'", None),
    ("runs", "params. = 'x'", None),
    ("runs", "params.x[0] = 'x'", None),
    # Text with a NUL in it cannot be stored on PostgreSQL, nor looked for.
    ("runs", "params.a = 'x\0'", None),
]

ORDERS = {
    "runs": [
        *("metrics.acc", "metrics.acc DESC", "metrics.`a b` desc", 'params."a b"', "tags.x.y ASC"),
        *("created", "Created DESC", "run name", "`run name`", "foo", "foo.bar", "dataset.name"),
        *("metrics.acc foo", "metrics.acc DESC foo", "metrics.acc, metrics.b", "desc", "1", ""),
        *("metrics.acc DESC NULLS LAST", "metrics.a > 1", "status", "start_time\tasc", "tags.`a"),
        *("attributes.run_name", "run.end_time desc", "attr.user_id", "artifact_uri", "`status`"),
    ],
    "experiments": [
        *("name", "name DESC", "attribute.name", "tags.x", "foo", "experiment_id asc", "name x"),
        *("creation_time", "last_update_time DESC", "metrics.a"),
    ],
    "registered_models": [
        *("name", "timestamp", "timestamp DESC", "last_updated_timestamp ASC", "attribute.name"),
        *("foo", "creation_timestamp", "tags.a", "name foo"),
    ],
    "model_versions": [
        *("name", "version_number DESC", "attribute.creation_timestamp", "tags.foo", "run_id"),
        *("last_updated_timestamp", "foo"),
    ],
    "logged_models": [
        *(("name", True), ("creation_time", False), ("creation_timestamp", True)),
        *(("metrics.acc", False), ("metrics.a.b", True), ("params.a", True), ("foo", True)),
    ],
}


@pytest.fixture(scope="module")
def mlflow_parsers(tmp_path_factory) -> MlflowParsers:
    return MlflowParsers(tmp_path_factory.mktemp("mlflow"))


@pytest.mark.parametrize("thing", SEARCHES)
def test_filters_are_read_as_mlflow_reads_them(mlflow_parsers, thing):
    filters = [*HAND_PICKED, *generated(thing)]
    if thing == "experiments":
        filters += IDS

    theirs = {text: mlflow_filter(mlflow_parsers, thing, text) for text in filters}
    ours = {text: own_filter(thing, text) for text in filters}

    assert ours == theirs
    # Both verdicts are well represented, so that agreeing means something.
    assert sum(tree is None for tree in theirs.values()) > 50
    assert sum(tree is not None for tree in theirs.values()) > 50


@pytest.mark.parametrize(("thing", "text", "tree"), DIFFERENCES)
def test_the_differences_are_the_ones_intended(mlflow_parsers, thing, text, tree):
    assert own_filter(thing, text) == tree
    assert mlflow_filter(mlflow_parsers, thing, text) != tree


@pytest.mark.parametrize("thing", SEARCHES)
def test_orders_are_read_as_mlflow_reads_them(mlflow_parsers, thing):
    orders = [[clause] for clause in ORDERS[thing]] + [ORDERS[thing][:2]]

    for order in orders:
        try:
            theirs = mlflow_parsers.parse_order(thing, order)
        except RefusedByMlflow:
            theirs = None
        assert own_order(thing, order) == theirs, order


def mlflow_filter(mlflow_parsers: MlflowParsers, thing: str, text: str) -> list[Comparison] | None:
    try:
        return mlflow_parsers.parse_filter(thing, text)
    except RefusedByMlflow:
        return None


def own_filter(thing: str, text: str) -> list[Comparison] | None:
    try:
        return SEARCHES[thing].parse_filter(text)
    except FilterError:
        return None


def own_order(thing: str, order: list):
    try:
        return SEARCHES[thing].parse_order(order)
    except FilterError:
        return None
