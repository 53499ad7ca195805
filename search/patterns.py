"""Regular expressions that take bounded time on every engine.

A pattern is read with Python's own parser and must need no memory: no back reference and no
look around. So it is a regular language, and a text is matched one character at a time, in
time proportional to its length whatever the pattern: nothing is ever tried again. For
PostgreSQL the same pattern is written in the words that its engine shares with Python.
"""

import re
from functools import lru_cache
from re import _constants as codes
from re import _parser

MAX_LENGTH = 200
# What PostgreSQL counts to.
MAX_ROUNDS = 255
# A counted repetition is as many steps as it may have rounds.
MAX_STEPS = 500
# What a text has led to is remembered; a hostile text could lead anywhere.
_MAX_REMEMBERED = 5_000

_CLASSES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
_STARTS = {codes.AT_BEGINNING, codes.AT_BEGINNING_STRING}
_ENDS = {codes.AT_END, codes.AT_END_STRING}


class BadPattern(Exception):
    """A regular expression that cannot be read, or could not be bounded in time."""


class Pattern:
    """A regular expression that a text matches if it does so anywhere.

    ``portable`` is the same expression in the words that PostgreSQL understands.
    """

    def __init__(self, text: str) -> None:
        """Raises ``BadPattern``."""
        if len(text) > MAX_LENGTH:
            raise BadPattern(f"it has {len(text)} characters, and at most {MAX_LENGTH} are allowed")
        try:
            parsed = _parser.parse(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise BadPattern(str(error)) from None
        self._ignores_case = bool(parsed.state.flags & re.IGNORECASE)
        if parsed.state.flags & ~(re.IGNORECASE | re.UNICODE):
            raise BadPattern("the only flag is (?i), which ignores case")
        # What each step tests, and the steps that follow it. A test of None is always passed.
        self._tests: list[str | None] = ["match"]
        self._next: list[tuple[int, ...]] = [()]
        self._first, written = self._sequence(list(parsed), after=0)
        self.portable = f"(?i){written}" if self._ignores_case else f"(?:{written})"
        self._known: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._start = self._reached([self._first], at_start=True)
        self._again = self._reached([self._first], at_start=False)

    def matches(self, text: str) -> bool:
        """Whether any part of ``text`` is what the pattern describes."""
        now, known = self._start, self._known
        for character in text:
            if 0 in now:
                return True
            following = known.get((now, character))
            if following is None:
                following = self._follow(now, character)
            now = following
        return 0 in self._reached(now, at_start=not text, at_end=True)

    def _follow(self, now: frozenset[int], character: str) -> frozenset[int]:
        steps = [
            self._next[step][0]
            for step in now
            if (test := self._tests[step]) is not None
            and test.startswith("[")
            and _compiled(test, self._ignores_case).match(character)
        ]
        following = self._reached(steps, at_start=False) | self._again
        if len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        self._known[now, character] = following
        return following

    def _reached(self, steps, *, at_start: bool, at_end: bool = False) -> frozenset[int]:
        """``steps`` and all that follow from them without another character."""
        found: set[int] = set()
        waiting = list(steps)
        while waiting:
            step = waiting.pop()
            if step in found:
                continue
            found.add(step)
            test = self._tests[step]
            if test is None or (test == "start" and at_start) or (test == "end" and at_end):
                waiting += self._next[step]
        return frozenset(found)

    def _step(self, test: str | None, *following: int) -> int:
        if len(self._tests) >= MAX_STEPS:
            raise BadPattern("it is too large: a repetition counts as often as it may occur")
        self._tests.append(test)
        self._next.append(following)
        return len(self._tests) - 1

    def _sequence(self, parts: list, *, after: int) -> tuple[int, str]:
        """The first step of all ``parts`` in a row, and how they are written."""
        written = []
        for part in reversed(parts):
            after, text = self._part(*part, after=after)
            written.append(text)
        return after, "".join(reversed(written))

    def _part(self, code, argument, *, after: int) -> tuple[int, str]:
        if code in {codes.MAX_REPEAT, codes.MIN_REPEAT}:
            return self._repetition(*argument, after=after)
        if code is codes.BRANCH:
            branches = [self._sequence(list(each), after=after) for each in argument[1]]
            first = self._step(None, *(first for first, _ in branches))
            return first, f"(?:{'|'.join(written for _, written in branches)})"
        if code is codes.SUBPATTERN:
            _, added, removed, parts = argument
            if added or removed:
                raise BadPattern("(?i) can only stand at its beginning")
            first, written = self._sequence(list(parts), after=after)
            return first, f"(?:{written})"
        if code is codes.AT and argument in _STARTS:
            return self._step("start", after), r"\A"
        if code is codes.AT and argument in _ENDS:
            return self._step("end", after), r"\Z"
        written = _one_character(code, argument)
        return self._step(written, after), written

    def _repetition(self, least: int, most: int, parts, *, after: int) -> tuple[int, str]:
        parts = list(parts)
        if least > MAX_ROUNDS or (most is not codes.MAXREPEAT and most > MAX_ROUNDS):
            raise BadPattern(f"a repetition can count to {MAX_ROUNDS} at most")
        if most is codes.MAXREPEAT:
            loop = self._step(None)
            first, written = self._sequence(parts, after=loop)
            self._next[loop] = (first, after)
            after, counts = loop, f"{{{least},}}"
        else:
            counts = f"{{{least},{most}}}"
            written, done = "", after
            for _ in range(most - least):
                first, written = self._sequence(parts, after=after)
                after = self._step(None, first, done)
        for _ in range(least):
            after, written = self._sequence(parts, after=after)
        return after, f"(?:{written}){counts}" if written else ""


@lru_cache(maxsize=200)
def compile_pattern(text: str) -> Pattern:
    """The pattern that ``text`` is. Raises ``BadPattern``."""
    return Pattern(text)


def _one_character(code, argument) -> str:
    """What matches exactly one character, as a bracket expression of both engines."""
    if code is codes.LITERAL:
        return f"[{_literal(argument)}]"
    if code is codes.NOT_LITERAL:
        return f"[^{_literal(argument)}]"
    if code is codes.ANY:
        return r"[^\n]"
    if code is codes.IN:
        is_negated = argument[0][0] is codes.NEGATE
        members = "".join(_member(*each) for each in argument if each[0] is not codes.NEGATE)
        return f"[{'^' if is_negated else ''}{members}]"
    raise BadPattern(
        "it may have no back references, no look around, no word boundaries and nothing possessive"
    )


def _member(code, argument) -> str:
    if code is codes.LITERAL:
        return _literal(argument)
    if code is codes.RANGE:
        return f"{_literal(argument[0])}-{_literal(argument[1])}"
    return _CLASSES[argument]


def _literal(number: int) -> str:
    character = chr(number)
    if number == 0 or 0xD800 <= number <= 0xDFFF:
        raise BadPattern(f"it has a character that cannot be part of any text: {character!r}")
    return character if character.isalnum() or number > 127 else f"\\{character}"


@lru_cache(maxsize=2_000)
def _compiled(test: str, ignores_case: bool) -> re.Pattern[str]:
    return re.compile(test, re.IGNORECASE if ignores_case else 0)
