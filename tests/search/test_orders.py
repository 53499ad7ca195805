"""What orders mean."""

import pytest

from search import experiments, logged_models, model_versions, registered_models, runs
from search.tree import Ordering


@pytest.mark.parametrize(
    ("clause", "ordering"),
    [
        ("metrics.acc", Ordering("metric", "acc", True)),
        ("metrics.acc DESC", Ordering("metric", "acc", False)),
        ("metric.`a b`\tdesc", Ordering("metric", "a b", False)),
        ('params."a b" Asc', Ordering("param", "a b", True)),
        ("tags.mlflow.user", Ordering("tag", "mlflow.user", True)),
        (" status ", Ordering("attribute", "status", True)),
        ("attributes.run_name desc", Ordering("attribute", "run_name", False)),
        ("Created", Ordering("attribute", "start_time", True)),
        ("metrics.val/loss", Ordering("metric", "val/loss", True)),
    ],
)
def test_an_order_of_runs_is_read(clause, ordering):
    assert runs.parse_order([clause]) == [ordering]


@pytest.mark.parametrize(
    ("parse", "clauses", "orderings"),
    [
        (runs.parse_order, [], []),
        (runs.parse_order, ("params.a", "metrics.a desc"),
         [Ordering("param", "a", True), Ordering("metric", "a", False)]),
        (experiments.parse_order, ["name", "attributes.creation_time DESC", "name DESC"],
         [Ordering("attribute", "name", True), Ordering("attribute", "creation_time", False),
          Ordering("attribute", "name", False)]),
        (registered_models.parse_order, ["timestamp DESC", "name"],
         [Ordering("attribute", "last_updated_timestamp", False),
          Ordering("attribute", "name", True)]),
        (model_versions.parse_order, ["attribute.version_number DESC", "creation_timestamp"],
         [Ordering("attribute", "version_number", False),
          Ordering("attribute", "creation_timestamp", True)]),
        (logged_models.parse_order,
         [("metrics.a.b", False), ("creation_time", True), ("metrics.`c d`", True)],
         [Ordering("metric", "a.b", False), Ordering("attribute", "creation_timestamp", True),
          Ordering("metric", "c d", True)]),
    ],
)  # fmt: skip
def test_orders_keep_their_sequence(parse, clauses, orderings):
    assert parse(clauses) == orderings


def test_an_order_may_come_from_anything_that_can_be_walked_through():
    assert len(runs.parse_order(clause for clause in ["status", "run_id"])) == 2
