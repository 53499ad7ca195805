"""How values read on a page: short, to four digits, and never an exception.

Every function takes whatever a client may have logged and answers plain text; what HTML
stands around it is ``core.templatetags.core``'s business.
"""

import math
from datetime import datetime
from decimal import Decimal

from core.time import as_datetime

ABSENT = "–"
ELLIPSIS = "…"

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# From here on a date says more than a count of days.
RELATIVE_LIMIT = 7 * DAY

# How numbers may be written, and with how many digits at least and at most. What counts seconds,
# milliseconds or bytes is written in the unit that fits it, and has no digits to choose.
STYLES = {
    "decimals": (0, 10),
    "significant": (1, 12),
    "percent": (0, 6),
    "seconds": None,
    "milliseconds": None,
    "bytes": None,
}
# A number with more digits than a float knows is better off in scientific notation.
_LARGEST_STYLED = 1e15

# The largest amount of text in which one Python integer is worth writing out.
_LONGEST_EXACT_DIGITS = 40


def is_number(value: object) -> bool:
    """Whether ``value`` is something to be shown as a number; True and False are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_finite(value: object) -> bool:
    """Whether ``value`` is a number other than NaN and the infinities."""
    if isinstance(value, float):
        return math.isfinite(value)
    # math.isfinite turns an integer into a float, which the largest ones are too big for.
    return isinstance(value, int)


def number_text(value: int | float, digits: int = 4) -> str:
    """``value`` to four significant digits; scientific below 0.001 and from a million.

    Whole numbers stay whole, since 3 epochs are not 3.000 epochs, and nothing from a
    thousand up shows a fraction. NaN and the infinities have their signs. With other ``digits``
    the bounds move along.
    """
    if not is_finite(value):
        return _special_text(value)
    if abs(value) < 1_000_000 and value == int(value):
        return f"{int(value):,}"
    number = Decimal(value) if isinstance(value, int) else value
    # The digits first, the range after: 999,999.6 must not become 1,000,000.
    rounded = Decimal(f"{number:.{digits - 1}e}")
    size = abs(rounded)
    if size >= max(1_000_000, 10**digits) or size < Decimal("0.001"):
        mantissa, exponent = f"{number:.{digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{number:,.{max(digits - 1 - rounded.adjusted(), 0)}f}"


def styled_text(value: int | float, style: str) -> str:
    """``value`` as ``style`` says, such as "percent 1", "decimals 3" or "bytes".

    Raises ``ValueError`` for what is no style.
    """
    notation, digits = parse_style(style)
    if not is_finite(value) or abs(value) >= _LARGEST_STYLED:
        return number_text(value)
    match notation:
        case "percent":
            return f"{value * 100:,.{digits}f} %"
        case "decimals":
            return f"{value:,.{digits}f}"
        case "seconds":
            return duration_text(value * SECOND)
        case "milliseconds":
            return duration_text(value)
        case "bytes":
            return f"{'-' if value < 0 else ''}{bytes_text(abs(value))}"
        case _:
            return number_text(value, digits)


def parse_style(style: str) -> tuple[str, int]:
    """The notation and its number of digits, 0 if it has none. Raises ``ValueError``."""
    notation, _, digits = style.partition(" ")
    if notation in STYLES and STYLES[notation] is None and not digits:
        return notation, 0
    low, high = STYLES.get(notation) or (0, -1)
    if not (digits.isascii() and digits.isdigit() and low <= int(digits[:3]) <= high):
        raise ValueError(f"There is no number format {style!r}.")
    return notation, int(digits)


def rough_text(value: float) -> str:
    """``value`` to two digits, whole from a hundred: how wide an interval is, or a difference."""
    if not is_finite(value):
        return _special_text(value)
    text = f"{value:.2g}"
    if "e" not in text:
        return text
    if 100 <= abs(value) < 1_000_000:
        return f"{value:,.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def exact_text(value: int | float) -> str:
    """``value`` with all its digits, as Python would read it back."""
    if not is_finite(value):
        return _special_text(value)
    if isinstance(value, int) and value.bit_length() > _LONGEST_EXACT_DIGITS * 3:
        return f"{Decimal(value):.15e}"
    return str(value)


def _special_text(value: float) -> str:
    if value != value:
        return "NaN"
    return "∞" if value > 0 else "-∞"


def duration_text(ms: float | None) -> str:
    """A span of time in its two largest units: "2 h 14 m", "3.2 s", "420 ms"."""
    if not is_finite(ms):
        return ABSENT
    ms = round(ms)
    sign = "-" if ms < 0 else ""
    ms = abs(ms)
    if ms < SECOND:
        return f"{sign}{ms} ms"
    # 59.96 s would round to 60.0 s.
    if ms < MINUTE - 50:
        return f"{sign}{ms / SECOND:.1f} s"
    if ms < HOUR - SECOND // 2:
        minutes, seconds = divmod(round(ms / SECOND), 60)
        return f"{sign}{minutes} m {seconds} s" if seconds else f"{sign}{minutes} m"
    if ms < DAY - MINUTE // 2:
        hours, minutes = divmod(round(ms / MINUTE), 60)
        return f"{sign}{hours} h {minutes} m" if minutes else f"{sign}{hours} h"
    days, hours = divmod((ms + HOUR // 2) // HOUR, 24)
    return f"{sign}{days:,} d {hours} h" if hours else f"{sign}{days:,} d"


def relative_text(ms: int | None, *, now: int) -> str:
    """How long before ``now`` it was: "3 min ago", "in 2 h", or its date if that is far.

    ``static/js/app.js`` says the same words, to keep them true while a page stays open.
    """
    moment = as_datetime(ms)
    if moment is None:
        return ABSENT
    distance = abs(now - ms)
    if distance < 10 * SECOND:
        return "just now"
    if distance >= RELATIVE_LIMIT:
        return date_text(moment)
    if distance < MINUTE:
        span = f"{distance // SECOND} s"
    elif distance < HOUR:
        span = f"{distance // MINUTE} min"
    elif distance < DAY:
        span = f"{distance // HOUR} h"
    else:
        span = f"{distance // DAY} d"
    return f"in {span}" if ms > now else f"{span} ago"


def date_text(moment: datetime) -> str:
    """A day, such as "3 Mar 2026"."""
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def bytes_text(count: float | None) -> str:
    """An amount of data in decimal units, as disks and networks count: "1.2 MB"."""
    if not is_finite(count) or count < 0:
        return ABSENT
    if count < 1000:
        return f"{int(count)} B"
    size = Decimal(count)
    units = iter(("kB", "MB", "GB", "TB", "PB", "EB"))
    unit = "B"
    while size >= Decimal("999.5") and (larger := next(units, None)):
        size, unit = size / 1000, larger
    return f"{size:.1f} {unit}" if size < Decimal("99.95") else f"{size:,.0f} {unit}"


def middle_text(text: str, length: int) -> str:
    """``text`` in at most ``length`` characters: what is left out is left out of the middle.

    Keys such as ``train/layers/0/loss`` differ at their ends, so the end keeps the larger part.
    """
    if len(text) <= length:
        return text
    kept = max(length - len(ELLIPSIS), 2)
    end = (kept * 3 + 2) // 5
    return f"{text[: kept - end]}{ELLIPSIS}{text[len(text) - end :]}"
