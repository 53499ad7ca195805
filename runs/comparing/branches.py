"""Names with dots and slashes as a tree: ``optimizer.lr`` and ``optimizer.beta`` below one line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runs.comparing.tables import Row

_PARTED = re.compile(r"(?<=[./])(?=[^./])")


@dataclass(frozen=True)
class Line:
    """One line of the tree: a row, or, without one, the beginning that the lines below share."""

    label: str
    depth: int
    before: str = ""
    row: Row | None = None
    count: int = 0
    differs: bool = False


def tree_lines(rows: Sequence[Row]) -> list[Line]:
    """The rows in their order, below a line for each beginning that several of them share.

    A beginning ends with a dot or a slash; one that only leads to a longer one is not a line of
    its own.
    """
    return list(_lines([(row, _PARTED.split(row.key)) for row in rows], at=0, depth=0, before=""))


def _lines(
    rows: Sequence[tuple[Row, list[str]]], *, at: int, depth: int, before: str
) -> Iterator[Line]:
    start = 0
    while start < len(rows):
        row, parts = rows[start]
        end = start + 1
        # The last part is the name itself, not a beginning.
        if at < len(parts) - 1:
            while end < len(rows) and _shares(rows[end][1], parts, at):
                end += 1
        if end - start < 2:
            yield Line("".join(parts[at:]), depth, before=before, row=row, differs=row.differs)
            start = end
            continue
        below = rows[start:end]
        until = at + 1
        while all(_shares(each, parts, until) for _, each in below) and until < len(parts) - 1:
            until += 1
        label = "".join(parts[at:until])
        yield Line(
            label,
            depth,
            before=before,
            count=len(below),
            differs=any(each.differs for each, _ in below),
        )
        yield from _lines(below, at=until, depth=depth + 1, before=before + label)
        start = end


def _shares(parts: Sequence[str], others: Sequence[str], at: int) -> bool:
    return at < len(parts) - 1 and at < len(others) - 1 and parts[at] == others[at]
