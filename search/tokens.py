"""A filter cut into words, quoted texts, numbers and signs, each with its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from search.errors import FilterError

MAX_LENGTH = 100_000


class Kind(StrEnum):
    NAME = "name"  # metrics.loss, tags.`a b`, status
    QUOTED = "quoted"  # "double quotes": a name on the left, a text on the right
    TEXT = "text"  # 'single quotes'
    NUMBER = "number"
    SIGN = "sign"  # = != <= and the like, also those that do not exist
    WORD = "word"  # AND, LIKE, IN and so on: never a name
    GROUP = "group"  # whatever stands between matching parentheses
    OTHER = "other"  # a character that means nothing here


@dataclass(frozen=True)
class Token:
    kind: Kind
    text: str  # as it was written, quotes and all
    start: int
    key: str | None = None  # of a name with a dot: what stands after the first one
    members: tuple["Token", ...] = ()  # of a group: what it holds


WORDS = frozenset("AND OR NOT IN IS NULL LIKE ILIKE RLIKE REGEXP BETWEEN ASC DESC".split())

# A quote that is doubled, or that follows a backslash, does not end a quoted text if the
# text can end later. Both characters stay part of it: there is no escaping, only a rule for
# where a text ends, and it is MLflow's.
_SINGLE_QUOTED = r"'(?:[^'\\]|''|\\'?)*'"
_DOUBLE_QUOTED = r'"(?:[^"\\]|""|\\"?)*"'
_BACK_QUOTED = r"`(?:[^`]|``)*`"
# MLflow reads val/loss and val-loss without quotes only for logged models. Nothing else can
# be meant by them, so they are read everywhere.
_NAME = rf"""
    (?: \w+ | {_BACK_QUOTED} | {_DOUBLE_QUOTED} )
    (?: \. (?P<key> \w+ (?: [./-] \w+ )* | {_BACK_QUOTED} | {_DOUBLE_QUOTED} | {_SINGLE_QUOTED} ) )?
"""
_NUMBER = r"[+-]? (?: [0-9]+ (?: \. [0-9]* )? | \. [0-9]+ ) (?: [eE] [+-]? [0-9]+ )? (?! [\w.] )"
_TOKEN = re.compile(
    rf"""
      (?P<blank> \s+ )
    | (?P<number> {_NUMBER} )
    | (?P<name> {_NAME} )
    | (?P<text> {_SINGLE_QUOTED} )
    | (?P<sign> [<>=~!]+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
# No database stores the first as text, and the others are halves of characters.
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


def tokenize(text: str) -> list[Token]:
    """The tokens of ``text`` in their order, parentheses gathered into groups.

    Raises ``FilterError`` as ``cut`` does.
    """
    return _grouped(cut(text), text)


def cut(text: str) -> list[Token]:
    """The tokens of ``text`` in their order, each parenthesis one of its own.

    Anything can be cut up, in time proportional to its length. Raises ``FilterError`` only
    for what is too long or cannot be text.
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(
            f"Filter is too long: {len(text)} characters, and at most {MAX_LENGTH} are read."
        )
    if unreadable := _NOT_TEXT.search(text):
        raise FilterError(
            f"Filter contains a character that cannot be part of any text: {unreadable.group()!r}.",
            position=unreadable.start(),
        )
    return list(_flat(text))


def _flat(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "blank":
            continue
        written, key = match.group(), match["key"]
        kind = Kind(match.lastgroup)
        if kind is Kind.NAME and key is None:
            if written.startswith('"'):
                kind = Kind.QUOTED
            elif written.upper() in WORDS:
                kind = Kind.WORD
        yield Token(kind, written, match.start(), key=key)


def _grouped(flat: list[Token], text: str) -> list[Token]:
    """Put what stands between outermost matching parentheses into one token each."""
    closing: dict[int, int] = {}
    open_at: list[int] = []
    for index, token in enumerate(flat):
        if token.text == "(":
            open_at.append(index)
        elif token.text == ")" and open_at:
            closing[open_at.pop()] = index

    tokens = []
    index = 0
    while index < len(flat):
        token = flat[index]
        if index in closing:
            end = closing[index]
            written = text[token.start : flat[end].start + 1]
            token = Token(Kind.GROUP, written, token.start, members=tuple(flat[index + 1 : end]))
            index = end
        tokens.append(token)
        index += 1
    return tokens
