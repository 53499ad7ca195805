"""What filters mean: the text, and the comparisons that come out of it."""

import pytest

from search import experiments, logged_models, model_versions, registered_models, runs
from search.tree import Comparison


@pytest.mark.parametrize(
    "parse",
    [
        runs.parse_filter,
        experiments.parse_filter,
        registered_models.parse_filter,
        model_versions.parse_filter,
        logged_models.parse_filter,
    ],
)
@pytest.mark.parametrize("text", [None, ""])
def test_no_text_is_no_filter(parse, text):
    assert parse(text) == []


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("metrics.acc > 0.5", Comparison("metric", "acc", ">", 0.5)),
        ("metric.acc>=-1", Comparison("metric", "acc", ">=", -1.0)),
        ("metrics.`a b` < .5", Comparison("metric", "a b", "<", 0.5)),
        ('metrics."a b" <= 1.', Comparison("metric", "a b", "<=", 1.0)),
        ("metrics.'a b' != 1e-3", Comparison("metric", "a b", "!=", 0.001)),
        ("`metrics`.acc = 1E5", Comparison("metric", "acc", "=", 1e5)),
        ("metrics.val/loss < 1e+20", Comparison("metric", "val/loss", "<", 1e20)),
        ("metrics.10-k = +3", Comparison("metric", "10-k", "=", 3.0)),
        ("metrics.flops > 99999999999999999999", Comparison("metric", "flops", ">", 1e20)),
        ("params.lr = '0.1'", Comparison("param", "lr", "=", "0.1")),
        ('param.lr != "0.1"', Comparison("param", "lr", "!=", "0.1")),
        ("parameter.a.b.c LIKE '%x_'", Comparison("param", "a.b.c", "LIKE", "%x_")),
        ("parameters.select ilike 'Y'", Comparison("param", "select", "ILIKE", "Y")),
        ("params.and = ''", Comparison("param", "and", "=", "")),
        ("params.日本 = 'é'", Comparison("param", "日本", "=", "é")),
        ('params.q = "it\'s"', Comparison("param", "q", "=", "it's")),
        ("params.q = 'it''s'", Comparison("param", "q", "=", "it''s")),
        (r"params.q = 'C:\'", Comparison("param", "q", "=", "C:\\")),
        ("params.q = 'a OR b; -- AND'", Comparison("param", "q", "=", "a OR b; -- AND")),
        ("tags.mlflow.runName = 'x'", Comparison("tag", "mlflow.runName", "=", "x")),
        ("tag.`mlflow.user` = 'x'", Comparison("tag", "mlflow.user", "=", "x")),
        ("tags.a IS NULL", Comparison("tag", "a", "IS NULL", None)),
        ("params.a is\n not  null", Comparison("param", "a", "IS NOT NULL", None)),
        ("status = 'FINISHED'", Comparison("attribute", "status", "=", "FINISHED")),
        ("attribute.status = 'x'", Comparison("attribute", "status", "=", "x")),
        ("attr.user_id = 'x'", Comparison("attribute", "user_id", "=", "x")),
        ("run.artifact_uri = 'x'", Comparison("attribute", "artifact_uri", "=", "x")),
        ("`run name` = 'x'", Comparison("attribute", "run_name", "=", "x")),
        ("\"Run name\" = 'x'", Comparison("attribute", "run_name", "=", "x")),
        ("attributes.`Run Name` = 'x'", Comparison("attribute", "run_name", "=", "x")),
        ("start_time > 1000", Comparison("attribute", "start_time", ">", 1000)),
        ("end_time <= 10.5", Comparison("attribute", "end_time", "<=", 10.5)),
        ("created = 1", Comparison("attribute", "start_time", "=", 1)),
        ("attributes.Created != -1", Comparison("attribute", "start_time", "!=", -1)),
        ("run_id IN ('a')", Comparison("attribute", "run_id", "IN", ("a",))),
        ("run_id not in('a', \"b\",)", Comparison("attribute", "run_id", "NOT IN", ("a", "b"))),
        ("dataset.name = 'x'", Comparison("dataset", "name", "=", "x")),
        ("datasets.digest IN ('x')", Comparison("dataset", "digest", "IN", ("x",))),
        ("dataset.context LIKE 'tr%'", Comparison("dataset", "context", "LIKE", "tr%")),
    ],
)
def test_a_filter_of_runs_is_read(text, comparison):
    assert runs.parse_filter(text) == [comparison]


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("name = 'x'", Comparison("attribute", "name", "=", "x")),
        ("attribute.name like 'x%'", Comparison("attribute", "name", "LIKE", "x%")),
        ("attributes.name = 'x'", Comparison("attribute", "name", "=", "x")),
        ("experiment_id = '1'", Comparison("attribute", "experiment_id", "=", "1")),
        ("experiment_id IN ('1','2')", Comparison("attribute", "experiment_id", "IN", ("1", "2"))),
        ("creation_time > 1000", Comparison("attribute", "creation_time", ">", 1000)),
        ("last_update_time <= 5", Comparison("attribute", "last_update_time", "<=", 5)),
        ("tags.team ILIKE 'x'", Comparison("tag", "team", "ILIKE", "x")),
        ("tag.`a b` IS NULL", Comparison("tag", "a b", "IS NULL", None)),
    ],
)
def test_a_filter_of_experiments_is_read(text, comparison):
    assert experiments.parse_filter(text) == [comparison]


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("name = 'x'", Comparison("attribute", "name", "=", "x")),
        ("attribute.name ilike 'x'", Comparison("attribute", "name", "ILIKE", "x")),
        ("name NOT IN ('x')", Comparison("attribute", "name", "NOT IN", ("x",))),
        ("tag.a != 'x'", Comparison("tag", "a", "!=", "x")),
        (
            "tags.`mlflow.prompt.is_prompt` = 'true'",
            Comparison("tag", "mlflow.prompt.is_prompt", "=", "true"),
        ),
    ],
)
def test_a_filter_of_registered_models_is_read(text, comparison):
    assert registered_models.parse_filter(text) == [comparison]
    # Model versions have all that registered models have.
    assert model_versions.parse_filter(text) == [comparison]


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("version_number >= 2", Comparison("attribute", "version_number", ">=", 2)),
        ("version_number = '2'", Comparison("attribute", "version_number", "=", 2)),
        ("run_id IN ('a','b')", Comparison("attribute", "run_id", "IN", ("a", "b"))),
        ("source_path LIKE 's3:%'", Comparison("attribute", "source_path", "LIKE", "s3:%")),
    ],
)
def test_a_filter_of_model_versions_is_read(text, comparison):
    assert model_versions.parse_filter(text) == [comparison]


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("name = 'x'", Comparison("attribute", "name", "=", "x")),
        ("attributes.model_id IN ('m-1')", Comparison("attribute", "model_id", "IN", ("m-1",))),
        ("status = 'READY'", Comparison("attribute", "status", "=", "READY")),
        ("creation_time > 5", Comparison("attribute", "creation_timestamp", ">", 5)),
        (
            "attributes.last_updated_time < 5.5",
            Comparison("attribute", "last_updated_timestamp", "<", 5.5),
        ),
        ("metrics.val-loss < 5", Comparison("metric", "val-loss", "<", 5.0)),
        ("params.lr = 0.01", Comparison("param", "lr", "=", "0.01")),
        ("params.optimizer = adam", Comparison("param", "optimizer", "=", "adam")),
        ("params.`a b` NOT IN ('x')", Comparison("param", "a b", "NOT IN", ("x",))),
        ("tags.a ilike 'x'", Comparison("tag", "a", "ILIKE", "x")),
    ],
)
def test_a_filter_of_logged_models_is_read(text, comparison):
    assert logged_models.parse_filter(text) == [comparison]


@pytest.mark.parametrize(
    "text",
    [
        "metrics.a > 1 AND params.b = 'x'",
        "metrics.a > 1 and\n\tparams.b = 'x'",
        "metrics.a > 1 And params.b='x'AND",
        "AND metrics.a > 1 AND AND params.b = 'x'",
        "metrics.a > 1 params.b = 'x'",
    ],
)
def test_clauses_are_joined_by_and_however_many_there_are(text):
    assert runs.parse_filter(text) == [
        Comparison("metric", "a", ">", 1.0),
        Comparison("param", "b", "=", "x"),
    ]
