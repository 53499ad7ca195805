"""An expression taken apart at its outermost ANDs, and conditions written as text again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from search.errors import FilterError
from search.run_expressions import STATISTICS
from search.runs import parse_expression
from search.tokens import Kind, cut
from search.tree import Comparison, Node

PREFIXES = {"metric": "metrics", "param": "params", "tag": "tags", "dataset": "dataset"}

_PLAIN = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


class Unwritable(FilterError):
    """A name or a value that holds every kind of quote: the grammar has no words for it."""


@dataclass(frozen=True)
class Conjunct:
    """One of the conditions that all must hold, as it was written and as it was read."""

    text: str
    node: Node

    @property
    def comparison(self) -> Comparison | None:
        """The condition if it is a single comparison; None for OR, NOT and parentheses."""
        return self.node if isinstance(self.node, Comparison) else None


def conjuncts(text: str | None, *, now: int | None = None) -> list[Conjunct]:
    """The conditions that ``text`` joins with its outermost ANDs; itself if it joins none.

    Raises ``FilterError``.
    """
    whole = parse_expression(text, now=now)
    if whole is None:
        return []
    parts = _parts(text)
    try:
        return [Conjunct(part, parse_expression(part, now=now)) for part in parts]
    except FilterError:
        # MLflow forgives a whole what its parts would be refused for.
        return [Conjunct(text.strip(), whole)]


def joined(texts: Sequence[str]) -> str:
    """One expression that asks for all of ``texts``."""
    texts = [text.strip() for text in texts if text.strip()]
    if len(texts) < 2:
        return "".join(texts)
    return " AND ".join(f"({text})" if _has_outer_or(text) else text for text in texts)


def written_name(entity: str, key: str, statistic: str | None = None) -> str:
    """The field as an expression names it. Raises ``Unwritable``."""
    if entity == "attribute":
        return key
    suffix = f"@{statistic}" if statistic and statistic != "last" else ""
    return f"{PREFIXES[entity]}.{_quoted_key(key)}{suffix}"


def read_field(text: str) -> tuple[str | None, str, str | None]:
    """The entity, the key and the statistic that a field means, its quotes not needed.

    The entity is None where none is named.
    """
    text = text.strip()
    prefix, dot, key = text.partition(".")
    entities = {plural: entity for entity, plural in PREFIXES.items()}
    entity = entities.get(prefix.lower()) if dot else None
    if entity is None:
        return None, _unquoted(text), None
    statistic = None
    if entity == "metric":
        name, at, last = key.rpartition("@")
        if at and last in STATISTICS:
            key, statistic = name, last
    return entity, _unquoted(key), statistic


def written_text(value: str) -> str:
    """A text in the quotes that it does not hold. Raises ``Unwritable``."""
    for quote in "'\"":
        # A backslash before the last quote would take it for a part of the text.
        if quote not in value and not value.endswith("\\"):
            return f"{quote}{value}{quote}"
    raise Unwritable(f"Invalid filter: {value[:40]!r} holds both kinds of quotes.")


def written_number(value: float) -> str:
    """A finite number in the fewest digits that read as the same."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))


def is_number(text: str) -> bool:
    """Whether the grammar reads ``text`` as a number."""
    return _NUMBER.fullmatch(text.strip()) is not None


def _parts(text: str) -> list[str]:
    """``text`` cut at its outermost ANDs; whole if an OR stands beside them."""
    parts, start, depth, is_between = [], 0, 0, False
    for token in cut(text):
        if token.text == "(":
            depth += 1
        elif token.text == ")":
            depth -= 1
        elif depth == 0 and token.kind is Kind.WORD:
            match token.text.upper():
                case "OR":
                    return [text.strip()]
                case "BETWEEN":
                    is_between = True
                case "AND" if is_between:
                    is_between = False
                case "AND":
                    parts.append(text[start : token.start])
                    start = token.start + len(token.text)
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _has_outer_or(text: str) -> bool:
    depth = 0
    for token in cut(text):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and token.kind is Kind.WORD and token.text.upper() == "OR":
            return True
    return False


def _quoted_key(key: str) -> str:
    if _PLAIN.fullmatch(key):
        return key
    for quote in "`\"'":
        if quote not in key and not key.endswith("\\"):
            return f"{quote}{key}{quote}"
    raise Unwritable(f"Invalid filter: the name {key[:40]!r} holds every kind of quote.")


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "`\"'":
        return text[1:-1]
    return text
