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
    parts, done = [], 0
    for match in _PLACE.finditer(text):
        if match["prefix"] is None or match.start() < done:
            continue
        entity = entities[match["prefix"].lower()]
        rest = text[match.end() :]
        fitting = [
            name
            for name in names(entity)
            if rest.startswith(name) and _NO_NAME_GOES_ON.match(rest, len(name))
        ]
        if not fitting:
            continue
        name = max(fitting, key=len)
        try:
            written = written_name(entity, name)
        except Unwritable:
            continue
        parts += [text[done : match.start()], written]
        done = match.end() + len(name)
    return "".join([*parts, text[done:]])
