"""What the searches of the model registry have in common."""

from collections.abc import Mapping

from search.clauses import Clause, left_name
from search.errors import FilterError
from search.fields import Name, entity_of, known_key
from search.values import EXISTENCE_OPERATORS, TEXT_OPERATORS, refuse_operator, text_value

# Unlike everywhere else, "attributes" is not among them.
ENTITIES = {"attribute": "attribute", "tag": "tag", "tags": "tag"}
VALID_ENTITIES = "Valid entity types are ('attribute', 'tag', 'tags')"


def field(clause: Clause, attributes: Mapping[str, str]) -> tuple[str, str]:
    """The entity and key that a clause speaks of."""
    return named_field(left_name(clause), attributes)


def named_field(name: Name, attributes: Mapping[str, str]) -> tuple[str, str]:
    entity = entity_of(name, ENTITIES, valid=VALID_ENTITIES)
    if entity == "attribute":
        return entity, known_key(name, attributes, kind="attribute")
    return entity, name.key


def tag_value(clause: Clause) -> str:
    """The text a tag is held against."""
    text = text_value(clause, expected="Expected a quoted string value for tag (e.g. 'my-value')")
    if clause.operator not in TEXT_OPERATORS:
        raise refuse_operator(clause, "tag")
    return text


def refuse_existence(clause: Clause, search: str) -> None:
    if clause.operator in EXISTENCE_OPERATORS:
        raise FilterError(
            f"IS NULL / IS NOT NULL is not supported for {search}.",
            position=clause.operator_start,
        )
