"""The left side of a comparison: which field of which entity is meant."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from search.errors import FilterError
from search.tokens import Token


@dataclass(frozen=True)
class Name:
    """``entity.key`` as it was written, without quotes; a lone key has no entity."""

    entity: str | None
    key: str
    start: int


def read_name(token: Token) -> Name:
    """The parts of a name, split at its first dot and without their quotes."""
    if token.key is None:
        return Name(None, unquoted(token.text), token.start)
    entity = token.text.removesuffix(f".{token.key}")
    return Name(entity.strip("`"), unquoted(token.key), token.start)


def unquoted(text: str) -> str:
    return text[1:-1] if text[0] in "`\"'" else text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` may have been meant to be."""
    matches = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def in_braces(words: Iterable[str]) -> str:
    """As MLflow prints its sets of words, but always in the same order."""
    return "{" + ", ".join(repr(word) for word in words) + "}"


def entity_of(name: Name, entities: Mapping[str, str], *, valid: str) -> str:
    """The entity a name speaks of; ``entities`` maps all its spellings to the canonical one."""
    if name.entity is None:
        return "attribute"
    if name.entity in entities:
        return entities[name.entity]
    raise FilterError(
        f"Invalid entity type '{name.entity}'. {valid}",
        position=name.start,
        suggestion=nearest(name.entity, entities),
    )


def known_key(name: Name, keys: Mapping[str, str], *, kind: str) -> str:
    """The canonical key a name means; ``keys`` maps all spellings that there are to it."""
    if name.key in keys:
        return keys[name.key]
    raise FilterError(
        f"Invalid {kind} key '{name.key}' specified. Valid keys are '{in_braces(keys)}'",
        position=name.start,
        suggestion=nearest(name.key, keys),
    )
