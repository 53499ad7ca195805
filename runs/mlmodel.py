"""What the file ``MLmodel`` of a model folder says of the model.

MLflow writes it with PyYAML's plain block style. Only that style is read here, by hand: what
a general YAML reader adds (tags, anchors, aliases) is what makes one dangerous, and a model
folder is a user's upload.
"""

import re
import sys
from dataclasses import dataclass, field

from core.errors import Invalid
from runs.schemas import Column, columns

MODEL_FILE = "MLmodel"
MAX_MODEL_FILE_BYTES = 1_000_000

_MAX_DEPTH = 20

# The flavor that every Python model has besides its own.
_GENERIC_FLAVOR = "python_function"

_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)

Node = dict[str, "Node"] | list["Node"] | str | None


class NotAModelFile(Invalid):
    """A file is called ``MLmodel`` and does not read like one."""


@dataclass(frozen=True)
class Flavor:
    """One way to load a model: its library and what it needs to know."""

    name: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ModelDescription:
    """What a model is, how it is loaded, what it takes and what it gives."""

    flavors: tuple[Flavor, ...] = ()
    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()
    params: tuple[Column, ...] = ()
    mlflow_version: str = ""
    created: str = ""
    size: int | None = None
    metadata: tuple[tuple[str, str], ...] = field(default=())

    @property
    def has_signature(self) -> bool:
        return bool(self.inputs or self.outputs or self.params)

    @property
    def flavor(self) -> str:
        """The library that made the model, such as ``sklearn``; empty if there is none."""
        names = [flavor.name for flavor in self.flavors]
        own = [name for name in names if name != _GENERIC_FLAVOR]
        return (own or names or [""])[0]

    @property
    def is_python(self) -> bool:
        """Whether ``mlflow.pyfunc`` can load it."""
        return any(flavor.name == _GENERIC_FLAVOR for flavor in self.flavors)


def describe_model(text: str) -> ModelDescription:
    """What the text of an ``MLmodel`` file says. Raises ``NotAModelFile``."""
    said = read_block(text)
    flavors = said.get("flavors")
    if not isinstance(flavors, dict):
        raise NotAModelFile("The file names no flavors.")
    signature = _mapping(said.get("signature"))
    size = _text(said.get("model_size_bytes"))
    return ModelDescription(
        flavors=tuple(Flavor(name, _facts(facts)) for name, facts in flavors.items()),
        inputs=columns(_text(signature.get("inputs"))),
        outputs=columns(_text(signature.get("outputs"))),
        params=columns(_text(signature.get("params"))),
        mlflow_version=_text(said.get("mlflow_version")),
        created=_text(said.get("utc_time_created")).partition(".")[0],
        size=int(size) if re.fullmatch(r"[0-9]{1,18}", size) else None,
        metadata=_facts(said.get("metadata")),
    )


def read_block(text: str) -> dict[str, Node]:
    """The mapping that block-style YAML spells: scalars as text, ``null`` as None.

    Raises ``NotAModelFile`` for anything that PyYAML does not write of its own accord.
    """
    if len(text) > MAX_MODEL_FILE_BYTES:
        raise NotAModelFile("The file is too long for a description of a model.")
    reader = _Reader(text.replace("\r\n", "\n").split("\n"))
    node = reader.node(0, depth=0)
    if not isinstance(node, dict) or reader.line is not None:
        raise NotAModelFile(f"Line {reader.at + 1} does not read like a description of a model.")
    return node


def _mapping(node: Node) -> dict[str, Node]:
    return node if isinstance(node, dict) else {}


def _text(node: Node) -> str:
    return node if isinstance(node, str) else ""


def _facts(node: Node, prefix: str = "") -> tuple[tuple[str, str], ...]:
    """The leaves of ``node`` with dotted names, without those that are null."""
    if isinstance(node, str):
        return ((prefix, node),)
    if isinstance(node, list):
        leaves = [leaf for item in node for leaf in _facts(item, prefix)]
        if all(name == prefix for name, _ in leaves):
            return ((prefix, ", ".join(value for _, value in leaves)),) if leaves else ()
        return tuple(leaves)
    return tuple(
        leaf
        for key, child in _mapping(node).items()
        for leaf in _facts(child, f"{prefix}.{key}" if prefix else key)
    )


class _Reader:
    """Reads a document from the top; ``at`` is the line that is next."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self._skip_blank()

    @property
    def line(self) -> str | None:
        return self.lines[self.at] if self.at < len(self.lines) else None

    def node(self, indent: int, depth: int) -> Node:
        """The mapping or list whose lines begin at ``indent``."""
        if depth > _MAX_DEPTH:
            raise NotAModelFile("The file is nested too deep for a description of a model.")
        if self.line is not None and _is_item(self.line[indent:]):
            return self._list(indent, depth)
        return self._mapping(indent, depth)

    def _mapping(self, indent: int, depth: int) -> dict[str, Node]:
        found = {}
        while self.line is not None and _indent(self.line) == indent:
            entry = re.match(r"""('(?:[^']|'')*'|"[^"\\]*"|[^\s'"#&*!|>%@`?][^#]*?):(?: |$)""",
                             self.line[indent:])  # fmt: skip
            if entry is None or _is_item(self.line[indent:]):
                self._refuse()
            key = entry.group(1).strip("'\"")
            rest = self.line[indent + entry.end() :].strip(" ")
            if rest:
                found[key] = self._scalar(rest, indent)
                continue
            self._next()
            below = _indent(self.line) if self.line is not None else -1
            if below > indent:
                found[key] = self.node(below, depth + 1)
            elif below == indent and _is_item(self.line[indent:]):
                found[key] = self._list(indent, depth + 1)
            else:
                found[key] = None
        return found

    def _list(self, indent: int, depth: int) -> list[Node]:
        found = []
        while self.line is not None and _indent(self.line) == indent:
            if not _is_item(self.line[indent:]):
                break
            rest = self.line[indent + 1 :].strip(" ")
            if not rest:
                self._next()
                below = _indent(self.line) if self.line is not None else -1
                found.append(self.node(below, depth + 1) if below > indent else None)
            elif _is_item(rest) or re.match(r"[\w.\-]+:( |$)", rest):
                # What stands behind the dash is a line of its own, two columns further in.
                self.lines[self.at] = " " * (indent + 2) + rest
                found.append(self.node(indent + 2, depth + 1))
            else:
                found.append(self._scalar(rest, indent))
        return found

    def _scalar(self, text: str, indent: int) -> Node:
        """A value that begins with ``text`` on this line and may go on, further in, below."""
        if text in {"{}", "[]"}:
            self._next()
            return {} if text == "{}" else []
        if text[0] in "'\"":
            return self._quoted(text)
        if text[0] in "&*!|>%@`":
            self._refuse()
        parts = [text]
        self._next()
        while self.line is not None and _indent(self.line) > indent:
            parts.append(self.line.strip(" "))
            self._next()
        whole = " ".join(parts)
        return None if whole in {"null", "~"} else whole

    def _quoted(self, text: str) -> str:
        quote, parts, marks = text[0], [text], _quotes(text)
        # Each line is looked at once: a signature of 10,000 columns is one long quotation.
        while marks % 2 or not parts[-1].endswith(quote):
            self.at += 1
            if self.line is None or (quote == '"' and marks >= 2):
                self._refuse()
            parts.append(self.line.strip(" "))
            marks += _quotes(parts[-1], quote)
        self._next()
        whole = "\n".join(parts)[1:-1]
        if quote == "'":
            return _folded(whole).replace("''", "'")
        return _ESCAPE.sub(_unescaped, _folded(whole.replace("\\\n", "")))

    def _next(self) -> None:
        self.at += 1
        self._skip_blank()

    def _skip_blank(self) -> None:
        while self.line is not None and (
            not self.line.strip(" ") or self.line.lstrip(" ").startswith("#")
        ):
            self.at += 1

    def _refuse(self) -> None:
        raise NotAModelFile(f"Line {self.at + 1} does not read like a description of a model.")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _quotes(line: str, quote: str = "") -> int:
    """How many quotation marks of the kind in ``line`` are no part of an escape."""
    quote = quote or line[0]
    return (re.sub(r"\\.", "", line) if quote == '"' else line).count(quote)


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _folded(text: str) -> str:
    """One line break is a space; of several, each but the first is a line break."""
    return re.sub(r"\n+", lambda run: "\n" * (len(run.group()) - 1) or " ", text)


def _unescaped(match: re.Match) -> str:
    code = match.group(1)
    if code[0] not in "xuU" or len(code) == 1:
        return _ESCAPES.get(code, code)
    point = int(code[1:], 16)
    is_character = point <= sys.maxunicode and not 0xD800 <= point < 0xE000
    return chr(point) if is_character else "\ufffd"
