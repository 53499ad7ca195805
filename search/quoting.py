"""Names that an expression should have in quotes, put into them."""

import re
from collections.abc import Callable, Collection

from search.conjuncts import PREFIXES, Unwritable, written_name

# What is in quotes already, so that nothing in it is a name; or where a name begins.
_PLACE = re.compile(
    rf"""'(?:[^'\\]|\\.)*' | "[^"]*" | `[^`]*`
    | (?<![\w.]) (?P<prefix> {"|".join(PREFIXES.values())} ) \. (?! ["'`] )""",
    re.VERBOSE | re.IGNORECASE,
)
_NO_NAME_GOES_ON = re.compile(r"\s*(?:[<>=!~@)]|$)|\s+(?:not|in|is|like|ilike|between)\b", re.I)


def with_quotes(text: str, names: Callable[[str], Collection[str]]) -> str:
    """``text`` with each of ``names`` (of an entity) that needs quotes in them, where it has none.

    Of names of which one begins like another, the longest that fits is meant.
    """
    entities = {prefix: entity for entity, prefix in PREFIXES.items()}
    known: dict[str, _Names] = {}
    parts, done = [], 0
    for match in _PLACE.finditer(text):
        if match["prefix"] is None or match.start() < done:
            continue
        entity = entities[match["prefix"].lower()]
        if entity not in known:
            known[entity] = _Names(names(entity))
        name = known[entity].longest_at(match.end(), text)
        if not name:
            continue
        try:
            written = written_name(entity, name)
        except Unwritable:
            continue
        parts += [text[done : match.start()], written]
        done = match.end() + len(name)
    return "".join([*parts, text[done:]])


class _Names:
    """Names to be found in a text. What that takes depends on how many lengths they have."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)
        self._lengths = sorted(set(map(len, self._names)), reverse=True)

    def longest_at(self, place: int, text: str) -> str:
        """The longest of the names that stands there, and behind which no name goes on; or ""."""
        for length in self._lengths:
            name = text[place : place + length]
            if name in self._names and _NO_NAME_GOES_ON.match(text, place + len(name)):
                return name
        return ""
