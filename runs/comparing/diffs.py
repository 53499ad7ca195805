"""Two texts held against each other: lines, and the words within a line, that differ.

``difflib`` finds what stayed (Ratcliff and Obershelp's gestalt pattern matching, 1988). Its time
grows with the product of the lengths, so what is longer than the limits here is compared more
coarsely, never not at all.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

MAX_LINES = 2_000
MAX_WORDS = 400
# Lines of context around a change; what lies between is folded away.
CONTEXT = 3

# A word, a run of spaces, or one sign.
_WORD = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Line:
    """One line of a diff. ``kind`` is "same", "removed", "added" or "skipped"."""

    kind: str
    html: SafeString


@dataclass(frozen=True)
class Diff:
    """The lines to show, how many were added and removed, and what is left out, if anything."""

    lines: Sequence[Line]
    added: int
    removed: int
    notice: str = ""

    @property
    def is_same(self) -> bool:
        return not self.added and not self.removed


def word_diff(old: str, new: str) -> SafeString:
    """``new`` with what it has and ``old`` has not in ``<ins>``, and the reverse in ``<del>``."""
    before, after = _words(old), _words(new)
    if len(before) > MAX_WORDS or len(after) > MAX_WORDS:
        return mark_safe(f"<del>{escape(old)}</del> <ins>{escape(new)}</ins>")
    parts = []
    for kind, i, j, k, m in _steps(before, after):
        gone, come = escape("".join(before[i:j])), escape("".join(after[k:m]))
        if kind == "equal":
            parts.append(come)
            continue
        if gone:
            parts.append(f"<del>{gone}</del>")
        if come:
            parts.append(f"<ins>{come}</ins>")
    return mark_safe("".join(parts))


def line_diff(old: str, new: str, *, context: int = CONTEXT) -> Diff:
    """What became of the lines of ``old``; in a changed line its words are marked."""
    before, after = old.splitlines(), new.splitlines()
    notice = ""
    if len(before) > MAX_LINES or len(after) > MAX_LINES:
        notice = f"Only the first {MAX_LINES:,} lines are compared."
        before, after = before[:MAX_LINES], after[:MAX_LINES]
    lines: list[Line] = []
    added = removed = 0
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    if len(before) * len(after) > 400_000:
        # The quick way leaves the commonest lines out of the search.
        matcher = difflib.SequenceMatcher(None, before, after)
    shown_until = 0
    for group in matcher.get_grouped_opcodes(context):
        if group[0][1] > shown_until:
            lines.append(_skipped(group[0][1] - shown_until))
        for kind, i, j, k, m in group:
            if kind == "equal":
                lines += [Line("same", escape(line)) for line in after[k:m]]
                continue
            removed += j - i
            added += m - k
            lines += _changed(before[i:j], after[k:m])
        shown_until = group[-1][2]
    if lines and shown_until < len(before):
        lines.append(_skipped(len(before) - shown_until))
    return Diff(lines, added, removed, notice)


def _changed(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """The lines that went and those that came; where they pair, with their words marked."""
    pairs = [_marked(old, new) for old, new in zip(before, after, strict=False)]
    for number, line in enumerate(before):
        yield Line("removed", pairs[number][0] if number < len(pairs) else escape(line))
    for number, line in enumerate(after):
        yield Line("added", pairs[number][1] if number < len(pairs) else escape(line))


def _marked(old: str, new: str) -> tuple[SafeString, SafeString]:
    before, after = _words(old), _words(new)
    if len(before) > MAX_WORDS or len(after) > MAX_WORDS:
        return escape(old), escape(new)
    gone, come = [], []
    same = 0
    for kind, i, j, k, m in _steps(before, after):
        left, right = escape("".join(before[i:j])), escape("".join(after[k:m]))
        if kind == "equal":
            same += len(left)
            gone.append(left)
            come.append(right)
            continue
        gone.append(f"<b>{left}</b>" if left else "")
        come.append(f"<b>{right}</b>" if right else "")
    if same < min(len(old), len(new)) / 4:
        # Two lines that merely stand in the same place have no words in common to speak of.
        return escape(old), escape(new)
    return mark_safe("".join(gone)), mark_safe("".join(come))


def _steps(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _skipped(count: int) -> Line:
    return Line("skipped", escape(f"{count:,} equal lines" if count > 1 else "1 equal line"))
