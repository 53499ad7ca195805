"""The fields of a run: all their spellings, and what each of them means."""

from collections.abc import Mapping

from search.fields import Name, entity_of, known_key

ENTITIES = {
    "attribute": "attribute",
    "attributes": "attribute",
    "attr": "attribute",
    "run": "attribute",
    "metric": "metric",
    "metrics": "metric",
    "parameter": "param",
    "parameters": "param",
    "param": "param",
    "params": "param",
    "tag": "tag",
    "tags": "tag",
    "dataset": "dataset",
    "datasets": "dataset",
}
VALID_ENTITIES = "Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"

ORDER_ATTRIBUTES = {
    "artifact_uri": "artifact_uri",
    "end_time": "end_time",
    "run_id": "run_id",
    "run_name": "run_name",
    "start_time": "start_time",
    "status": "status",
    "user_id": "user_id",
    "created": "start_time",
    "Created": "start_time",
}
FILTER_ATTRIBUTES = {
    **ORDER_ATTRIBUTES,
    "run name": "run_name",
    "Run name": "run_name",
    "Run Name": "run_name",
}
TIMES = {"start_time", "end_time"}
DATASET_KEYS = {"name": "name", "digest": "digest", "context": "context"}


def run_field(name: Name, attributes: Mapping[str, str]) -> tuple[str, str]:
    """The entity and the key that a name means. Raises ``FilterError`` for an unknown one."""
    entity = entity_of(name, ENTITIES, valid=VALID_ENTITIES)
    match entity:
        case "attribute":
            return entity, known_key(name, attributes, kind="attribute")
        case "dataset":
            return entity, known_key(name, DATASET_KEYS, kind="dataset")
    return entity, name.key
