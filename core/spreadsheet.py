"""Lines of CSV that scripts read as they are and that no spreadsheet runs."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

from core.formatting import exact_text, is_number

# What Excel, LibreOffice and Sheets may take for the start of a formula, blanks before it or not
# (OWASP, CSV Injection).
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")

# Signs stand before plain numbers, too, and those are only numbers.
_PLAIN_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)

_INFINITIES = {"∞": "Infinity", "-∞": "-Infinity"}


def cell_text(value: object) -> str:
    """A value as one cell: numbers whole, NaN and infinities in words, texts made harmless."""
    if value is None:
        return ""
    if is_number(value):
        text = exact_text(value)
        return _INFINITIES.get(text, text)
    text = str(value)
    if _FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def csv_lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a table, one at a time."""
    writer = csv.writer(_Echo())
    yield writer.writerow([cell_text(name) for name in head])
    for row in rows:
        yield writer.writerow([cell_text(value) for value in row])


class _Echo:
    """A file for the csv module that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text
