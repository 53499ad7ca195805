"""AND, OR, NOT and parentheses: how an expression holds its conditions together.

MLflow's grammar is a list of comparisons; this is what people may write beyond it. NOT binds
closest, then AND, then OR. What a condition means is for the thing that is searched to say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from search.clauses import MAX_CLAUSES, NAMES
from search.errors import FilterError
from search.fields import Name, nearest, read_name
from search.tokens import Kind, Token, cut
from search.tree import And, Node, Not, Or

MAX_DEPTH = 50
# In all lists together: what a database takes with one statement.
MAX_VALUES = 10_000

_OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "~", "!~")
_WORD_OPERATORS = ("LIKE", "ILIKE", "IN", "NOT IN", "BETWEEN", "NOT BETWEEN", "IS NULL")
_NEGATABLE = {"LIKE", "ILIKE", "IN", "BETWEEN"}
# What people write out of habit.
_HABITS = {"==": "=", "<>": "!=", "=~": "~", "!": "!=", "=>": ">=", "=<": "<=", "~=": "~"}
_HABITUAL_WORDS = {"RLIKE": "~", "REGEXP": "~"}


@dataclass(frozen=True)
class Operand:
    """One value on the right of a condition, such as ``0.5``, ``'adam'``, ``-7d``."""

    kind: Kind
    text: str  # as it was written
    start: int

    @property
    def is_text(self) -> bool:
        return self.kind in {Kind.TEXT, Kind.QUOTED}


@dataclass(frozen=True)
class Condition:
    """``name@statistic operator operands``, before anyone asks whether there is such a field."""

    name: Name
    statistic: str | None
    statistic_start: int
    operator: str
    operator_start: int
    operands: tuple[Operand, ...]


def read_expression(text: str | None, meaning: Callable[[Condition], Node]) -> Node | None:
    """What ``text`` asks, its conditions read by ``meaning``; None if it asks nothing.

    Raises ``FilterError``, which says where the trouble is.
    """
    tokens = cut(text or "")
    if not tokens:
        return None
    return _Reader(tokens, len(text), meaning).everything()


class _Reader:
    """Walks through the tokens once, from left to right."""

    def __init__(
        self, tokens: Sequence[Token], length: int, meaning: Callable[[Condition], Node]
    ) -> None:
        self._tokens = tokens
        self._last = length - 1
        self._meaning = meaning
        self._index = 0
        self._conditions = 0
        self._values = 0

    def everything(self) -> Node:
        node = self._any(depth=0)
        if self._token is not None:
            raise self._trouble("AND or OR", words=("AND", "OR"))
        return node

    def _any(self, *, depth: int) -> Node:
        nodes = [self._all(depth=depth)]
        while self._takes("OR"):
            nodes.append(self._all(depth=depth))
        return Or(tuple(nodes)) if len(nodes) > 1 else nodes[0]

    def _all(self, *, depth: int) -> Node:
        nodes = [self._one(depth=depth)]
        while self._takes("AND"):
            nodes.append(self._one(depth=depth))
        return And(tuple(nodes)) if len(nodes) > 1 else nodes[0]

    def _one(self, *, depth: int) -> Node:
        is_negated = False
        while self._takes("NOT"):
            is_negated = not is_negated
        node = self._group(depth=depth) if self._is_sign("(") else self._condition()
        return Not(node) if is_negated else node

    def _group(self, *, depth: int) -> Node:
        if depth == MAX_DEPTH:
            raise FilterError(
                f"Invalid filter: parentheses stand in each other more than {MAX_DEPTH} deep.",
                position=self._position,
            )
        opened = self._token.start
        self._index += 1
        node = self._any(depth=depth + 1)
        if self._token is None:
            raise FilterError("Invalid filter: '(' is never closed.", position=opened)
        if not self._is_sign(")"):
            raise self._trouble("AND, OR or ')'", words=("AND", "OR"))
        self._index += 1
        return node

    def _condition(self) -> Node:
        token = self._token
        if token is None or token.kind not in NAMES:
            raise self._trouble("a field, such as metrics.loss")
        self._conditions += 1
        if self._conditions > MAX_CLAUSES:
            raise FilterError(
                f"Invalid filter: it has more than {MAX_CLAUSES} conditions.",
                position=token.start,
            )
        self._index += 1
        statistic, statistic_start = self._statistic()
        start = self._position
        operator = self._operator()
        condition = Condition(
            name=read_name(token),
            statistic=statistic,
            statistic_start=statistic_start,
            operator=operator,
            operator_start=start,
            operands=self._operands(operator),
        )
        return self._meaning(condition)

    def _statistic(self) -> tuple[str | None, int]:
        if not self._is_sign("@"):
            return None, self._position
        self._index += 1
        token = self._token
        if token is None or token.kind is not Kind.NAME:
            raise self._trouble("a statistic, such as min")
        self._index += 1
        return token.text, token.start

    def _operator(self) -> str:
        token = self._token
        if token is not None and token.kind is Kind.SIGN and token.text in _OPERATORS:
            self._index += 1
            return token.text
        if self._takes("IS"):
            is_negated = self._takes("NOT")
            if not self._takes("NULL"):
                raise self._trouble("NULL")
            return "IS NOT NULL" if is_negated else "IS NULL"
        is_negated = self._takes("NOT")
        for word in _NEGATABLE:
            if self._takes(word):
                return f"NOT {word}" if is_negated else word
        raise self._trouble(
            "a comparison: " + " ".join(_OPERATORS) + " " + ", ".join(_WORD_OPERATORS),
            words=_WORD_OPERATORS,
        )

    def _operands(self, operator: str) -> tuple[Operand, ...]:
        if operator.startswith("IS"):
            return ()
        if operator.endswith("IN"):
            return self._list()
        first = self._operand()
        if not operator.endswith("BETWEEN"):
            return (first,)
        if not self._takes("AND"):
            raise self._trouble("AND and a second value", words=("AND",))
        return (first, self._operand())

    def _list(self) -> tuple[Operand, ...]:
        if not self._is_sign("("):
            raise self._trouble("a list, such as ('a', 'b')")
        self._index += 1
        operands = [self._operand()]
        while self._is_sign(","):
            self._index += 1
            operands.append(self._operand())
        if not self._is_sign(")"):
            raise self._trouble("',' or ')'")
        self._index += 1
        return tuple(operands)

    def _operand(self) -> Operand:
        token = self._token
        if token is None:
            raise self._trouble("a value")
        self._values += 1
        if self._values > MAX_VALUES:
            raise FilterError(
                f"Invalid filter: it has more than {MAX_VALUES} values.", position=token.start
            )
        self._index += 1
        if token.kind in {Kind.TEXT, Kind.QUOTED, Kind.NUMBER}:
            return Operand(token.kind, token.text, token.start)
        if token.kind is Kind.NAME:
            return Operand(Kind.NAME, token.text, token.start)
        following = self._token
        if token.text == "-" and following is not None and following.kind is Kind.NAME:
            self._index += 1
            return Operand(Kind.NAME, f"-{following.text}", token.start)
        self._index -= 1
        raise self._trouble("a value: a number, or a text in 'quotes'")

    @property
    def _token(self) -> Token | None:
        return self._tokens[self._index] if self._index < len(self._tokens) else None

    @property
    def _position(self) -> int:
        return self._token.start if self._token is not None else self._last

    def _is_sign(self, text: str) -> bool:
        return self._token is not None and self._token.text == text

    def _takes(self, word: str) -> bool:
        token = self._token
        if token is None or token.kind is not Kind.WORD or token.text.upper() != word:
            return False
        self._index += 1
        return True

    def _trouble(self, expected: str, *, words: Sequence[str] = ()) -> FilterError:
        token = self._token
        if token is None:
            return FilterError(
                f"Invalid filter: it ends where {expected} was expected.", position=self._last
            )
        written = token.text.upper()
        suggestion = _HABITS.get(written) or _HABITUAL_WORDS.get(written)
        if suggestion is None and words and token.kind in {Kind.NAME, Kind.WORD}:
            near = nearest(written, [word.lower() for word in words])
            suggestion = near and near.upper()
        if token.text in {"'", '"', "`"}:
            return FilterError(
                f"Invalid filter: the quote {token.text} is never closed.", position=token.start
            )
        return FilterError(
            f"Invalid filter: expected {expected}, and found {token.text[:40]}.",
            position=token.start,
            suggestion=suggestion,
        )
