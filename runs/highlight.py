"""Code as HTML, one element a line, its words in the few colors that the style sheet has."""

from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, String, _TokenType

MAX_HIGHLIGHTED_CHARACTERS = 200_000
MAX_NUMBERED_LINES = 5_000

# Lexers are regular expressions that a hostile file may be written against: long lines are
# what they choke on, and only the languages that come with training runs are offered.
_MAX_LINE = 2_000

_LANGUAGES = {
    "python": "py py3 pyi",
    "yaml": "yaml yml mlmodel mlproject",
    "json": "json jsonl ndjson ipynb geojson",
    "toml": "toml lock",
    "ini": "ini cfg conf cnf cf properties prop env",
    "bash": "sh bash",
    "sql": "sql",
    "r": "r",
    "diff": "diff patch",
}
_LANGUAGE_OF_ENDING = {
    ending: language for language, endings in _LANGUAGES.items() for ending in endings.split()
}

_CLASSES = {
    Keyword: "k",
    Operator.Word: "ow",
    Name.Tag: "nt",
    Name.Function: "nf",
    Name.Class: "nc",
    Name.Builtin: "nb",
    Name.Attribute: "na",
    Name.Decorator: "nf",
    Name.Label: "nt",
    String: "s",
    Literal.Scalar: "s",
    Number: "m",
    Comment: "c",
}


def can_be_numbered(text: str) -> bool:
    """Whether ``text`` is short enough to be shown line by line."""
    return len(text) <= MAX_HIGHLIGHTED_CHARACTERS and text.count("\n") < MAX_NUMBERED_LINES


def highlighted(text: str, name: str) -> SafeString:
    """``text`` as lines of HTML, colored if the file's ``name`` tells its language."""
    language = _LANGUAGE_OF_ENDING.get(name.lower().rpartition(".")[2])
    if language is None or any(len(line) > _MAX_LINE for line in text.split("\n")):
        lines = (str(escape(line)) for line in text.split("\n"))
    else:
        lines = _colored_lines(text, language)
    whole = list(lines)
    if len(whole) > 1 and whole[-1] == "":
        # The line break at the end of a file ends its last line and begins no other.
        whole.pop()
    return mark_safe("".join(f'<span class="line">{line}</span>' for line in whole))


def _colored_lines(text: str, language: str) -> Iterator[str]:
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    line: list[str] = []
    for kind, value in lexer.get_tokens(text):
        css = _class(kind)
        for number, part in enumerate(value.split("\n")):
            if number:
                yield "".join(line)
                line = []
            if part:
                shown = str(escape(part))
                line.append(f'<span class="{css}">{shown}</span>' if css else shown)
    yield "".join(line)


def _class(kind: _TokenType) -> str:
    while kind is not None:
        if kind in _CLASSES:
            return _CLASSES[kind]
        kind = kind.parent
    return ""
