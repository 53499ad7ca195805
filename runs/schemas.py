"""What columns a dataset or a model has, as MLflow's clients describe them in JSON.

The text is a client's, so every function takes whatever it is and answers with what can be
read of it, which may be nothing.
"""

import json
from dataclasses import dataclass

MAX_SCHEMA_CHARACTERS = 1_000_000

# How deep a type such as a list of lists is written out.
_MAX_TYPE_DEPTH = 5


@dataclass(frozen=True)
class Column:
    """One column, tensor or parameter: unnamed ones have the empty name."""

    name: str
    type: str
    required: bool = True
    default: str = ""


def columns(text: str | None) -> tuple[Column, ...]:
    """The columns of a signature or of a dataset's schema; none if it cannot be read."""
    described = _decoded(text)
    if isinstance(described, dict):
        described = _of_dataset(described)
    if not isinstance(described, list):
        return ()
    return tuple(_column(entry) for entry in described if isinstance(entry, dict))


def row_count(profile: str | None) -> int | None:
    """How many rows a dataset's profile says it has; None if it does not say."""
    described = _decoded(profile)
    if not isinstance(described, dict):
        return None
    count = described.get("num_rows", described.get("num_elements"))
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _decoded(text: str | None) -> object:
    if not text or len(text) > MAX_SCHEMA_CHARACTERS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _of_dataset(described: dict) -> object:
    if "mlflow_colspec" in described:
        return described["mlflow_colspec"]
    tensors = described.get("mlflow_tensorspec")
    if not isinstance(tensors, dict):
        return None
    found = []
    for part in ("features", "targets"):
        specs = tensors.get(part)
        specs = _decoded(specs) if isinstance(specs, str) else specs
        for spec in specs if isinstance(specs, list) else ():
            if isinstance(spec, dict):
                found.append({"name": part, **spec})
    return found


def _column(entry: dict) -> Column:
    default = entry.get("default")
    return Column(
        name=_text(entry.get("name")),
        type=_type(entry, _MAX_TYPE_DEPTH),
        required=entry.get("required", entry.get("optional") is not True) is not False,
        default="" if default is None else _text(json.dumps(default, ensure_ascii=False)),
    )


def _type(entry: object, depth: int) -> str:
    """A type as a person writes it: ``double``, ``list of long``, ``float64 (-1, 10)``."""
    if not isinstance(entry, dict) or depth == 0:
        return "…"
    name = _text(entry.get("type")) or "any"
    tensor = entry.get("tensor-spec")
    if isinstance(tensor, dict):
        return f"{_text(tensor.get('dtype'))}{_shape(tensor.get('shape'))}"
    if name == "array":
        return f"list of {_type(entry.get('items'), depth - 1)}"
    if name == "map":
        return f"map of {_type(entry.get('values'), depth - 1)}"
    if name == "object" and isinstance(entry.get("properties"), dict):
        inner = [
            f"{_text(key)}: {_type(kind, depth - 1)}" for key, kind in entry["properties"].items()
        ]
        return f"{{{', '.join(inner)}}}"
    return f"{name}{_shape(entry.get('shape'))}"


def _shape(shape: object) -> str:
    if not isinstance(shape, list):
        return ""
    return f" ({', '.join('any' if size == -1 else _text(size) for size in shape)})"


def _text(value: object) -> str:
    if value is None:
        return ""
    # JSON can spell half of a surrogate pair, which no page can hold.
    return str(value).encode(errors="backslashreplace").decode()
