"""From the bytes or the query of a request to a message, in one pass where all is well.

Only when that pass fails is the request looked at slowly, to do what MLflow does with it
(forgive nulls, old field names and twice-encoded JSON) or to say what is wrong in its words.
"""

import json
import re
from functools import cache
from typing import TypeVar, get_args

import msgspec
from django.http import QueryDict

from core.errors import Invalid
from core.names import SEE_DOCS, missing_value

T = TypeVar("T", bound=msgspec.Struct)

_WHERE = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"^Object missing required field `(.+?)`")
_ESCAPED_NUL = b"\\u0000"


class BadRequest(Invalid):
    """The request does not fit the message; the text says which field and why."""


def decode_body(body: bytes, kind: type[T]) -> T:
    """The message in a JSON body. Raises ``BadRequest``."""
    try:
        message = _decoder(kind).decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        message = _decode_slowly(body, kind)
    else:
        # A large body without a capital is passed in a fifth of the time that the marks take.
        if not body.islower() and any(mark in body for mark in _camel_marks(kind)):
            message = _decode_slowly(body, kind)
    if _ESCAPED_NUL in body:
        _refuse_nul(msgspec.to_builtins(message))
    _refuse_blank(message)
    return message


def decode_query(query: QueryDict, kind: type[T]) -> T:
    """The message in a query string; a repeated field is a list. Raises ``BadRequest``."""
    lists = _list_fields(kind)
    given = {
        # Of what is no list the first one counts.
        name: values if name in lists else values[0]
        for name, values in query.lists()
        # What a query names and leaves empty counts as absent.
        if name in lists or values[0] != ""
    }
    _refuse_nul(given)
    message = _convert(given, kind)
    _refuse_blank(message)
    return message


@cache
def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(kind, strict=False)


@cache
def _list_fields(kind: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(
        field.name
        for field in msgspec.structs.fields(kind)
        if getattr(field.type, "__origin__", None) is list
    )


@cache
def _required(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.required)


@cache
def _required_texts(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(
        field.name
        for field in msgspec.structs.fields(kind)
        if field.required and (field.type is str or str in get_args(field.type))
    )


def _refuse_blank(message: msgspec.Struct) -> None:
    for name in _required_texts(type(message)):
        if getattr(message, name) == "":
            raise BadRequest(missing_value(name))


def _refuse_nul(value: object) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise BadRequest("A text may not contain the character NUL.")
    elif isinstance(value, dict):
        for name, part in value.items():
            _refuse_nul(name)
            _refuse_nul(part)
    elif isinstance(value, list):
        for part in value:
            _refuse_nul(part)


def _decode_slowly(body: bytes, kind: type[T]) -> T:
    given, fault = _parse(body)
    if not isinstance(given, dict):
        given, fault = {}, "it is not an object"
    try:
        message = _convert(_in_snake_case(_tidied(given), kind, whole=True), kind)
    except RecursionError:
        raise BadRequest("The request is nested too deeply.") from None
    if fault and body.strip():
        raise BadRequest(f"The body of the request is not JSON that can be read: {fault}.")
    return message


def _parse(body: bytes) -> tuple[object, str]:
    """What the body holds, and, if it cannot be read, why."""
    try:
        # Python's parser also reads the bare NaN and Infinity that some clients write.
        given = json.loads(body)
        if isinstance(given, str):
            # Old clients encode twice.
            given = json.loads(given)
        json.dumps(given, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadRequest("A text in the request has half a surrogate pair.") from None
    except RecursionError:
        raise BadRequest("The request is nested too deeply.") from None
    except ValueError:
        return {}, "it is malformed"
    return given, ""


def _tidied(given: dict) -> dict:
    """``given`` without nulls, which count as absent, and with run_uuid as run_id."""
    tidy = {name: _without_nulls(value) for name, value in given.items() if value is not None}
    if "run_uuid" in tidy:
        tidy.setdefault("run_id", tidy["run_uuid"])
    return tidy


@cache
def _camel_marks(kind: type[msgspec.Struct]) -> tuple[bytes, ...]:
    """How names in camelCase would look in a body: ``"maxResults"`` and so on."""
    own = {f'"{camel}"'.encode() for camel in _camel_names(kind)}
    for inner in _inner_kinds(kind).values():
        own |= set(_camel_marks(inner))
    return tuple(sorted(own))


@cache
def _camel_names(kind: type[msgspec.Struct]) -> dict[str, str]:
    """From the camelCase spelling, which protobuf reads too, to the name of each field."""
    names = {}
    for name in kind.__struct_fields__:
        first, *others = name.split("_")
        if others:
            names[first + "".join(word.capitalize() for word in others)] = name
    return names


@cache
def _inner_kinds(kind: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """The messages that are fields of a message, or stand in its lists."""
    inner = {}
    for field in msgspec.structs.fields(kind):
        for part in (field.type, *get_args(field.type)):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                inner[field.name] = part
    return inner


def _in_snake_case(given: dict, kind: type[msgspec.Struct], *, whole: bool) -> dict:
    """``given`` with the names that the message has. Raises ``BadRequest`` for a name twice.

    As in MLflow, what a ``whole`` request must have it must have under its own name.
    """
    names = _camel_names(kind)
    must = set(_required(kind)) if whole else set()
    found = {}
    for spelling, value in given.items():
        name = names.get(spelling, spelling)
        if name in must:
            name = spelling
        if name in found:
            camel = next(camel for camel, own in names.items() if own == name)
            raise BadRequest(
                f"Request specifies both '{name}' and '{camel}'; provide only one of them."
            )
        found[name] = value
    for name, inner in _inner_kinds(kind).items():
        match found.get(name):
            case dict() as part:
                found[name] = _in_snake_case(part, inner, whole=False)
            case list() as parts:
                found[name] = [
                    _in_snake_case(part, inner, whole=False) if isinstance(part, dict) else part
                    for part in parts
                ]
    return found


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    return value


def _convert(given: dict, kind: type[T]) -> T:
    if "run_uuid" in given:
        given.setdefault("run_id", given["run_uuid"])
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(_explain(str(error), given)) from None


def _explain(fault: str, given: dict) -> str:
    """MLflow's sentence for what msgspec found."""
    found = _WHERE.search(fault)
    where = found.group(1) if found else ""
    missing = _MISSING.match(fault)
    if missing:
        name = f"{where}.{missing.group(1)}" if where else missing.group(1)
        return missing_value(name)
    value = _at(given, where)
    if value == "":
        return missing_value(where)
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr)
    if len(shown) > 1000:
        shown = shown[:1000] + "…"
    return (
        f"Invalid value {shown} for parameter '{where}' supplied:  Hint: Value was of type "
        f"'{type(value).__name__}'. {SEE_DOCS}"
    )


def _at(given: object, where: str) -> object:
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", where):
        try:
            given = given[int(index)] if index else given[name]
        except (KeyError, IndexError, TypeError):
            return given
    return given
