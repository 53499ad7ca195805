"""What the installed mlflow package makes of a filter or an order.

The trees come from its parsers. Whether it accepts a text is asked of its stores, because
the parsers leave part of the checking to them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as TrackingStore
from mlflow.utils.search_logged_model_utils import parse_filter_string
from mlflow.utils.search_utils import (
    SearchExperimentsUtils,
    SearchModelUtils,
    SearchModelVersionUtils,
    SearchUtils,
)

from search.tree import Comparison, Ordering


class RefusedByMlflow(Exception):
    """MLflow answers with an error of its own, or falls over."""


class MlflowParsers:
    """MLflow's side of the comparison, with an empty database below it."""

    def __init__(self, folder) -> None:
        url = f"sqlite:///{folder}/mlflow.db"
        self.tracking = TrackingStore(url, f"file://{folder}/artifacts")
        self.registry = RegistryStore(url)

    def search(self, thing: str, *, text: str | None = None, order=()) -> None:
        order = list(order)
        match thing:
            case "runs":
                self.tracking.search_runs(["0"], text, ViewType.ALL, order_by=order)
            case "experiments":
                self.tracking.search_experiments(max_results=1, filter_string=text, order_by=order)
            case "registered_models":
                self.registry.search_registered_models(text, max_results=1, order_by=order)
            case "model_versions":
                self.registry.search_model_versions(text, max_results=1, order_by=order)
            case "logged_models":
                self.tracking.search_logged_models(
                    ["0"],
                    text,
                    max_results=1,
                    order_by=[{"field_name": name, "ascending": way} for name, way in order],
                )

    def parse_filter(self, thing: str, text: str) -> list[Comparison]:
        with refusals():
            self.search(thing, text=text)
            return FILTER_TREES[thing](text)

    def parse_order(self, thing: str, order) -> list[Ordering]:
        with refusals():
            self.search(thing, order=order)
            return [ORDER_TREES[thing](clause) for clause in order]


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except MlflowException as error:
        raise RefusedByMlflow(error.message) from error
    except Exception as error:
        # A filter that makes the server fall over is refused as well, with status 500.
        raise RefusedByMlflow(f"{type(error).__name__}: {error}") from error


def run_filter(text: str) -> list[Comparison]:
    return [_comparison(parsed) for parsed in SearchUtils.parse_search_filter(text)]


def experiment_filter(text: str) -> list[Comparison]:
    return [_comparison(parsed) for parsed in SearchExperimentsUtils.parse_search_filter(text)]


def registered_model_filter(text: str) -> list[Comparison]:
    return [_comparison(parsed) for parsed in SearchModelUtils.parse_search_filter(text)]


def model_version_filter(text: str) -> list[Comparison]:
    return [_comparison(parsed) for parsed in SearchModelVersionUtils.parse_search_filter(text)]


def logged_model_filter(text: str) -> list[Comparison]:
    return [
        Comparison(
            parsed.entity.type.value.removesuffix("s"),
            parsed.entity.key.removesuffix("_ms"),
            parsed.op,
            parsed.value,
        )
        for parsed in parse_filter_string(text)
    ]


def _comparison(parsed: dict) -> Comparison:
    entity = _entity(parsed["type"])
    key, value = SearchUtils.translate_key_alias(parsed["key"]), parsed["value"]
    if entity == "metric":
        value = float(value)
    if key == "version_number":
        value = int(value)
    return Comparison(entity, key, parsed["comparator"].upper(), value)


def run_order(clause: str) -> Ordering:
    entity, key, ascending = SearchUtils.parse_order_by_for_search_runs(clause)
    return Ordering(_entity(entity), SearchUtils.translate_key_alias(key), ascending)


def experiment_order(clause: str) -> Ordering:
    return Ordering(*SearchExperimentsUtils.parse_order_by_for_search_experiments(clause))


def registered_model_order(clause: str) -> Ordering:
    key, ascending = SearchUtils.parse_order_by_for_search_registered_models(clause)
    return Ordering("attribute", "name" if key == "name" else "last_updated_timestamp", ascending)


def model_version_order(clause: str) -> Ordering:
    return Ordering(*SearchModelVersionUtils.parse_order_by_for_search_model_versions(clause))


def logged_model_order(field: tuple[str, bool]) -> Ordering:
    name, ascending = field
    if name.startswith("metrics."):
        return Ordering("metric", name.removeprefix("metrics."), ascending)
    return Ordering("attribute", {"creation_time": "creation_timestamp"}.get(name, name), ascending)


def _entity(entity: str) -> str:
    return "param" if entity == "parameter" else entity


FILTER_TREES = {
    "runs": run_filter,
    "experiments": experiment_filter,
    "registered_models": registered_model_filter,
    "model_versions": model_version_filter,
    "logged_models": logged_model_filter,
}
ORDER_TREES = {
    "runs": run_order,
    "experiments": experiment_order,
    "registered_models": registered_model_order,
    "model_versions": model_version_order,
    "logged_models": logged_model_order,
}
