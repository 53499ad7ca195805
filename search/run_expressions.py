"""What the conditions of an expression can ask of runs: MLflow's fields, and more of each."""

import re
from collections.abc import Callable, Collection, Sequence

from search.errors import FilterError
from search.expressions import Condition, Operand
from search.fields import Name, nearest
from search.moments import length_of_time, span_of_date
from search.patterns import BadPattern, compile_pattern
from search.run_fields import DATASET_KEYS, ENTITIES, FILTER_ATTRIBUTES, TIMES
from search.tokens import Kind
from search.tree import Comparison
from search.values import LARGEST_INTEGER, MAX_PATTERN_LENGTH, is_integer

STATISTICS = ("last", "min", "max", "mean", "first", "count")
ATTRIBUTES = {**FILTER_ATTRIBUTES, "duration": "duration"}

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_ORDERS = {">", ">=", "<", "<=", "BETWEEN", "NOT BETWEEN"}
_PATTERNS = {"~", "!~"}
_LIKES = {"LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE"}
_PREFIXES = {"metric": "metrics", "param": "params", "tag": "tags"}

# The names of an experiment's metrics, params or tags.
KnownKeys = Callable[[str], Collection[str]]


class UnknownKey(FilterError):
    """A metric, param or tag that no run of the experiment has, though one much like it."""


def run_comparison(condition: Condition, *, known: KnownKeys | None, now: int) -> Comparison:
    """What ``condition`` asks of a run; relative times are counted back from ``now``.

    Raises ``FilterError``.
    """
    entity, key = _field(condition.name, known)
    _require_statistic(condition, entity)
    operator, operands = condition.operator, condition.operands
    if not operands:
        return Comparison(entity, key, operator, None)
    if known is not None and entity in _PREFIXES:
        _require_known(condition.name, entity, known(entity))
    if entity == "metric":
        value = _numbers(condition, _metric_number)
        return Comparison(entity, key, operator, value, condition.statistic or "last")
    if key == "duration" and entity == "attribute":
        return Comparison(entity, key, operator, _numbers(condition, _duration))
    if key in TIMES and entity == "attribute":
        return _time_comparison(condition, key, now)
    if entity in {"param", "tag"} and _are_numbers(operator, operands):
        return Comparison(entity, key, operator, _numbers(condition, _text_number))
    value = _texts(condition, entity)
    if entity == "attribute" and key == "status" and operator not in _PATTERNS:
        value = value.upper() if isinstance(value, str) else tuple(map(str.upper, value))
    return Comparison(entity, key, operator, value)


def _field(name: Name, known: KnownKeys | None) -> tuple[str, str]:
    if name.entity is None:
        if name.key in ATTRIBUTES:
            return "attribute", ATTRIBUTES[name.key]
        raise _no_field(name, name.key, _nearest_field(name.key, known))
    entity = ENTITIES.get(name.entity) or ENTITIES.get(name.entity.lower())
    if entity is None:
        near = nearest(name.entity, ENTITIES)
        raise _no_field(
            name, f"{name.entity}.{name.key}", f"{near}.{_written(name.key)}" if near else None
        )
    keys = {"attribute": ATTRIBUTES, "dataset": DATASET_KEYS}.get(entity)
    if keys is None:
        return entity, name.key
    if name.key in keys:
        return entity, keys[name.key]
    near = nearest(name.key, keys)
    prefix = "dataset." if entity == "dataset" else ""
    raise _no_field(name, f"{name.entity}.{name.key}", near and prefix + near)


def _nearest_field(word: str, known: KnownKeys | None) -> str | None:
    """A metric, param or tag of just this name, or else the field most like it."""
    for entity, prefix in _PREFIXES.items():
        if known is not None and word in known(entity):
            return f"{prefix}.{_written(word)}"
    return nearest(word, ATTRIBUTES)


def _no_field(name: Name, written: str, suggestion: str | None) -> FilterError:
    return FilterError(
        f"Invalid filter: runs have no field {written[:80]}.",
        position=name.start,
        suggestion=suggestion,
    )


def _require_known(name: Name, entity: str, keys: Collection[str]) -> None:
    if name.key in keys:
        return
    # A name unlike all others may be one that the next run brings.
    spelled = {key.lower(): key for key in keys}
    near = nearest(name.key, spelled)
    if near is not None:
        prefix = _PREFIXES[entity]
        raise UnknownKey(
            f"Invalid filter: no run here has {prefix}.{_written(name.key)[:80]}.",
            position=name.start,
            suggestion=f"{prefix}.{_written(spelled[near])}",
        )


def _written(key: str) -> str:
    """A key as it has to be written behind its prefix."""
    return key if key.isidentifier() else f"`{key}`"


def _require_statistic(condition: Condition, entity: str) -> None:
    statistic = condition.statistic
    if statistic is None or (entity == "metric" and statistic in STATISTICS):
        return
    if entity != "metric":
        raise FilterError(
            "Invalid filter: only metrics have statistics, such as metrics.loss@min.",
            position=condition.statistic_start,
        )
    raise FilterError(
        f"Invalid filter: metrics have no statistic {statistic[:40]}, "
        f"they have {', '.join(STATISTICS)}.",
        position=condition.statistic_start,
        suggestion=nearest(statistic, STATISTICS),
    )


def _numbers(condition: Condition, read: Callable[[Operand], float]):
    """The numbers on the right, for a field that is one: a pair, a list or just the number."""
    if condition.operator in _PATTERNS | _LIKES:
        raise FilterError(
            f"Invalid filter: {condition.operator} compares texts, and this field is numeric.",
            position=condition.operator_start,
        )
    values = tuple(read(operand) for operand in condition.operands)
    if condition.operator.endswith(("IN", "BETWEEN")):
        return values
    return values[0]


def _metric_number(operand: Operand) -> float:
    if operand.kind is not Kind.NUMBER:
        raise _wrong(operand, "a numeric value, such as 0.5")
    return float(operand.text)


def _duration(operand: Operand) -> int | float:
    if operand.kind is Kind.NUMBER:
        return float(operand.text)
    length = length_of_time(_bare(operand))
    if length is None:
        raise _wrong(operand, "a length of time, such as '90s', '5m' or '2h'")
    return length


def _text_number(operand: Operand) -> float:
    """A number that a param or tag is held against; quotes around it change nothing."""
    number = _as_number(operand)
    if number is None:
        raise _wrong(operand, "a numeric value, such as 0.01")
    return number


def _as_number(operand: Operand) -> float | None:
    text = _bare(operand)
    return float(text) if _NUMBER.fullmatch(text) else None


def _are_numbers(operator: str, operands: Sequence[Operand]) -> bool:
    """Whether a param or tag is compared as a number: by order, or with an unquoted number."""
    if operator in _ORDERS:
        return True
    is_all = all(operand.kind is Kind.NUMBER for operand in operands)
    return is_all and operator in {"=", "!=", "IN", "NOT IN"}


def _time_comparison(condition: Condition, key: str, now: int) -> Comparison:
    operator, operands = condition.operator, condition.operands
    if operator in {"=", "!="} and operands[0].is_text:
        # A date names a whole day, and = asks for any time in it.
        span = span_of_date(_bare(operands[0]))
        if span is not None:
            between = "BETWEEN" if operator == "=" else "NOT BETWEEN"
            return Comparison("attribute", key, between, span)
    return Comparison(
        "attribute", key, operator, _numbers(condition, lambda operand: _time(operand, now))
    )


def _time(operand: Operand, now: int) -> int | float:
    text = _bare(operand)
    if operand.kind is Kind.NUMBER:
        if is_integer(text):
            return int(text)
        number = float(text)
        if abs(number) > LARGEST_INTEGER:
            raise _wrong(operand, "milliseconds since 1970, of at most 64 bits")
        return number
    if text.startswith("-"):
        length = length_of_time(text[1:])
        if length is not None:
            return now - length
    elif operand.is_text:
        span = span_of_date(text)
        if span is not None:
            return span[0]
    raise _wrong(operand, "a time, such as -7d or '2026-11-24 13:00', or numeric milliseconds")


def _texts(condition: Condition, entity: str) -> str | tuple[str, ...]:
    operator = condition.operator
    if operator in _ORDERS:
        raise FilterError(
            f"Invalid filter: {operator} compares numbers and times, and this field is a text.",
            position=condition.operator_start,
        )
    values = tuple(_text(operand) for operand in condition.operands)
    if operator.endswith("IN"):
        return values
    operand, value = condition.operands[0], values[0]
    if operator in _PATTERNS:
        try:
            compile_pattern(value)
        except BadPattern as reason:
            raise FilterError(
                f"Invalid filter: the regular expression cannot be used: {reason}.",
                position=operand.start,
            ) from None
    if operator in _LIKES and len(value) > MAX_PATTERN_LENGTH:
        raise FilterError(
            f"Invalid filter: a pattern has at most {MAX_PATTERN_LENGTH} characters.",
            position=operand.start,
        )
    return value


def _text(operand: Operand) -> str:
    if not operand.is_text:
        raise FilterError(
            f"Invalid filter: expected a text in quotes, and found {operand.text[:40]}.",
            position=operand.start,
            suggestion=f"'{operand.text[:40]}'",
        )
    return _bare(operand)


def _bare(operand: Operand) -> str:
    return operand.text[1:-1] if operand.is_text else operand.text


def _wrong(operand: Operand, expected: str) -> FilterError:
    return FilterError(
        f"Invalid filter: expected {expected}, and found {operand.text[:40]}.",
        position=operand.start,
    )
