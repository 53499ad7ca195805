"""What LIKE means: % is any run of characters, _ is exactly one, and nothing escapes them."""

import re

GLOB_SPECIALS = {"%": "*", "_": "?", "[": "[[]", "*": "[*]", "?": "[?]"}


def like_to_regex(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    """A regular expression that matches exactly the texts that are LIKE ``pattern``.

    It is anchored at both ends, so ``match``, ``search`` and ``fullmatch`` agree.
    """
    first, *rest = (_literal(piece) for piece in pattern.split("%"))
    expression = rf"\A{first}"
    if rest:
        *middle, last = rest
        # What stands between two % may be taken where it first occurs and never looked for
        # again: no later place leaves more room for the rest. The atomic groups say so, and
        # keep a hostile pattern from trying every combination of places.
        expression += "".join(f"(?>.*?{piece})" for piece in middle if piece)
        expression += f".*{last}"
    flags = re.DOTALL | re.IGNORECASE if ignore_case else re.DOTALL
    return re.compile(expression + r"\Z", flags)


def like_to_glob(pattern: str) -> str:
    """The SQLite GLOB pattern that matches what LIKE ``pattern`` does, minding case."""
    return "".join(GLOB_SPECIALS.get(character, character) for character in pattern)


def _literal(piece: str) -> str:
    return re.escape(piece).replace("_", ".")
