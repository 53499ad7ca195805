"""Where an artifact lies below its root, as a type that cannot name anything outside.

A path is kept fully decoded. MLflow's own client sends file names unquoted, and decodes
what a listing answers until nothing is left to decode, so ``a%20b`` and ``a b`` are one
file to it. Decoding here to the same end makes that true on disk: what is listed can be
asked for, and no second decoding further on can turn a checked path into another one.
A per cent sign that begins no escape (``100%``, ``5%-sample``) is an ordinary character.
An escape that does not spell UTF-8 (``50%ab``) is refused rather than stored under
another name.
"""

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from core.errors import Invalid

MAX_PATH_BYTES = 4096
MAX_NAME_BYTES = 255
# Whatever makes or reads a folder in a folder in a folder comes back from this many.
MAX_PARTS = 250

# A name encoded more often than this is an attempt at something, not a name.
_MAX_DECODINGS = 10

_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
# Most names, which need no closer look: a folder may have 20,000 of them.
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._ -]{0,200}")
_DRIVE = re.compile(r"[A-Za-z]:")


class UnsafePath(Invalid):
    """A path that could name something other than one artifact below the root."""

    def __init__(self, text: str, reason: str) -> None:
        shown = text if len(text) <= 100 else text[:100] + "…"
        super().__init__(f"Invalid path: {shown!r} {reason}")


@dataclass(frozen=True, order=True)
class ArtifactPath:
    """A relative, decoded, slash-separated path; without parts it is the root itself.

    However it is made, its parts hold: none is blank, ``.`` or ``..``, none has a slash, a
    back-slash, a ``#``, a control character or anything left to decode, and all of it fits
    a file system. Therefore ``ArtifactPath.parse(str(path)) == path``.
    """

    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part in self.parts:
            if reason := _fault(part):
                raise UnsafePath(str(self), reason)
        if self.parts and _DRIVE.match(self.parts[0]):
            raise UnsafePath(str(self), "begins with a drive letter")
        if len(str(self).encode()) > MAX_PATH_BYTES:
            raise UnsafePath(str(self), f"has more than {MAX_PATH_BYTES} bytes")
        if len(self.parts) > MAX_PARTS:
            raise UnsafePath(str(self), f"has more than {MAX_PARTS} parts")

    @classmethod
    def parse(cls, text: str, *, allow_root: bool = False) -> Self:
        """The path that ``text`` spells, decoded. Raises ``UnsafePath``.

        The empty text is the root, for those who allow it.
        """
        decoded = _decoded(text)
        if decoded == "":
            if allow_root:
                return cls()
            raise UnsafePath(text, "is empty")
        if decoded.startswith("/"):
            raise UnsafePath(text, "is absolute")
        if decoded.endswith("/"):
            raise UnsafePath(text, "ends with '/', so it names no file")
        return cls(tuple(decoded.split("/")))

    def __str__(self) -> str:
        return "/".join(self.parts)

    def __truediv__(self, below: "str | ArtifactPath") -> Self:
        """The path that ``below`` names inside this one."""
        if isinstance(below, str):
            below = ArtifactPath.parse(below)
        return type(self)(self.parts + below.parts)

    @property
    def is_root(self) -> bool:
        return not self.parts

    @property
    def name(self) -> str:
        """The last part; empty for the root."""
        return self.parts[-1] if self.parts else ""

    @property
    def parent(self) -> Self:
        """The folder around it; the root is its own parent."""
        return type(self)(self.parts[:-1])

    def relative_to(self, folder: "ArtifactPath") -> Self:
        """What is left of this path inside ``folder``. Raises ``ValueError`` if it is elsewhere."""
        depth = len(folder.parts)
        if self.parts[:depth] != folder.parts:
            raise ValueError(f"{str(self)!r} is not inside {str(folder)!r}")
        return type(self)(self.parts[depth:])


def is_same_name(name: str, other: str) -> bool:
    """Whether a file system that overlooks case and spelling may take two names for one.

    macOS does; so a name that is kept for ourselves must not be told from others by ``==``.
    """
    return _folded(name) == _folded(other)


def _folded(name: str) -> str:
    spelled = unicodedata.normalize("NFKD", name)
    return "".join(c for c in spelled if unicodedata.category(c) != "Cf").casefold()


def locate(root: Path, path: ArtifactPath) -> Path:
    """The place of ``path`` below ``root``: the only way from an artifact path to a file.

    ``root`` must be resolved. Raises ``UnsafePath`` when a symbolic link stands anywhere on
    the way: the store never makes one, so whoever did meant to lead elsewhere.
    """
    place = root.joinpath(*path.parts)
    if os.path.realpath(place) != str(place):
        raise UnsafePath(str(path), "leads through a link")
    return place


def _decoded(text: str) -> str:
    # Escaped through and through, the longest path has three characters for a byte.
    if len(text) > 3 * MAX_PATH_BYTES:
        raise UnsafePath(text, f"has more than {MAX_PATH_BYTES} bytes")
    decoded = text
    for _ in range(_MAX_DECODINGS):
        if not _ESCAPE.search(decoded):
            return decoded
        try:
            decoded = unquote(decoded, errors="strict")
        except UnicodeDecodeError:
            raise UnsafePath(text, "has percent escapes that are not UTF-8") from None
    raise UnsafePath(text, "is percent-encoded too many times")


def _fault(part: str) -> str | None:
    """What is wrong with one part of a path, in words that follow the path itself."""
    if _PLAIN.fullmatch(part):
        return None
    if not part.strip():
        return "has an empty part"
    if part in {".", ".."}:
        return f"has a part {part!r}"
    for character in part:
        if character in "/\\#":
            return f"has a {character!r} inside a name"
        category = unicodedata.category(character)
        if category == "Cc":
            return "has a control character"
        if category == "Cs":
            return "has half of a surrogate pair, which is no text"
    if _ESCAPE.search(part):
        return "has percent escapes"
    if len(part.encode()) > MAX_NAME_BYTES:
        return f"has a name of more than {MAX_NAME_BYTES} bytes"
    return None
