"""Where the comparisons are in a filter, before anyone asks what they are about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from search.errors import FilterError
from search.fields import Name, read_name
from search.tokens import MAX_LENGTH, Kind, Token, tokenize

MAX_CLAUSES = 500
MAX_ORDERINGS = 50

NAMES = {Kind.NAME, Kind.QUOTED}
OPERANDS = {*NAMES, Kind.TEXT, Kind.NUMBER, Kind.GROUP}
LIKES = {"LIKE", "ILIKE", "RLIKE", "REGEXP"}


@dataclass(frozen=True)
class Clause:
    """``left operator right``. Of IS NULL and IS NOT NULL the right side is the last word."""

    left: Token
    operator: str
    right: Token
    operator_start: int


@dataclass(frozen=True)
class Direction:
    """One item of an order: a name and which way."""

    name: Name
    ascending: bool


def invalid_clauses(text: str, strays: list[Token]) -> FilterError:
    """What most searches say of the parts of a filter that are no comparison."""
    return FilterError(
        f"Invalid clause(s) in filter string: {', '.join(stray.text for stray in strays)}",
        position=strays[0].start,
    )


def unparsable(text: str) -> FilterError:
    return FilterError(f"Invalid filter '{text}'. Could not be parsed.")


def read_clauses(
    text: str | None,
    *,
    blank: Callable[[str], FilterError] = unparsable,
    stray: Callable[[str, list[Token]], FilterError] = invalid_clauses,
) -> list[Clause]:
    """The comparisons that ``text`` joins with AND; none for no text.

    ``blank`` and ``stray`` word the refusals of a text with nothing in it and of parts that
    are no comparison. As in MLflow, AND only separates: one too many, or one too few, does
    not change what is asked.
    """
    if not text:
        return []
    tokens = tokenize(text)
    if not tokens:
        raise blank(text)
    _refuse_several_statements(text, tokens)

    clauses: list[Clause] = []
    strays: list[Token] = []
    index = 0
    while index < len(tokens):
        clause, length = _clause_at(tokens, index)
        if clause is not None:
            clauses.append(clause)
        elif not _is_word(tokens[index], "AND"):
            strays.append(tokens[index])
        index += length
    if strays:
        raise stray(text, strays)
    if len(clauses) > MAX_CLAUSES:
        raise FilterError(
            f"Filter has too many clauses: {len(clauses)}, and at most {MAX_CLAUSES} are allowed.",
            position=clauses[MAX_CLAUSES].left.start,
        )
    return clauses


def left_name(clause: Clause) -> Name:
    """The name on the left of a clause, for only a name can stand there."""
    if clause.left.kind not in NAMES:
        raise FilterError(
            f"Invalid comparison clause. Expected 'Identifier' found '{clause.left.text}'",
            position=clause.left.start,
        )
    return read_name(clause.left)


def read_directions(texts: Iterable[str]) -> list[Direction]:
    """What each of ``texts`` says: a name, and perhaps ASC or DESC."""
    texts = list(texts)
    if len(texts) > MAX_ORDERINGS:
        raise FilterError(
            f"`order_by` has too many fields: {len(texts)}, and at most {MAX_ORDERINGS} "
            "are allowed."
        )
    return [_direction(text) for text in texts]


def duplicate_fields(texts: Iterable[str]) -> FilterError:
    return FilterError(f"`order_by` contains duplicate fields: {list(texts)}")


def _direction(text: str) -> Direction:
    if len(text) > MAX_LENGTH:
        raise FilterError(
            f"order_by clause is too long: {len(text)} characters, and at most {MAX_LENGTH} "
            "are read."
        )
    name, *words = tokenize(text) or [None]
    if name is not None and name.kind in NAMES:
        match words:
            case []:
                return Direction(read_name(name), ascending=True)
            case [word] if word.text.upper() in {"ASC", "DESC"}:
                return Direction(read_name(name), ascending=word.text.upper() == "ASC")
            case [word] if word.kind in {Kind.NAME, Kind.WORD}:
                raise FilterError(
                    f"Invalid ordering key in order_by clause '{text}'.", position=word.start
                )
    raise FilterError(f"Invalid order_by clause '{text}'. Could not be parsed.")


def _refuse_several_statements(text: str, tokens: list[Token]) -> None:
    # A semicolon at the very end is only a stray one.
    for token in tokens[:-1]:
        if token.text == ";":
            raise FilterError(
                f"Search filter contained multiple expression {text!r}. "
                "Provide AND-ed expression list.",
                position=token.start,
            )


def _clause_at(tokens: list[Token], index: int) -> tuple[Clause | None, int]:
    """The clause that begins at ``index``, and the number of tokens it (or nothing) takes."""
    left = tokens[index]
    if left.kind not in OPERANDS and not _is_word(left, "NULL"):
        return None, 1
    operator, length = _operator_at(tokens, index + 1)
    # IS NULL has its right side in it.
    last = index + length + (0 if operator.startswith("IS") else 1)
    if not operator or last >= len(tokens):
        return None, 1
    right = tokens[last]
    if operator in {"IN", "NOT IN"}:
        fits = left.kind in NAMES and right.kind is Kind.GROUP
    else:
        fits = right.kind in OPERANDS or _is_word(right, "NULL")
    if not fits:
        return None, 1
    return Clause(left, operator, right, tokens[index + 1].start), last + 1 - index


def _operator_at(tokens: list[Token], index: int) -> tuple[str, int]:
    """The operator that begins at ``index``, in capitals, and the number of its tokens."""
    if index < len(tokens) and tokens[index].kind is Kind.SIGN:
        return tokens[index].text, 1
    words = [
        token.text.upper() if token.kind is Kind.WORD else "" for token in tokens[index : index + 3]
    ]
    match words:
        case ["IN", *_]:
            return "IN", 1
        case [like, *_] if like in LIKES:
            return like, 1
        case ["NOT", word, *_] if word == "IN" or word in LIKES:
            return f"NOT {word}", 2
        case ["IS", "NULL", *_]:
            return "IS NULL", 2
        case ["IS", "NOT", "NULL"]:
            return "IS NOT NULL", 3
    return "", 0


def _is_word(token: Token, word: str) -> bool:
    return token.kind is Kind.WORD and token.text.upper() == word
