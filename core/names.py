"""The rules for keys and values that clients send, and MLflow's words for what breaks them.

The words are MLflow's because its clients' users, and their tests, know them.
"""

import json
import posixpath
import re

from core.errors import Invalid

MAX_KEY_LENGTH = 250
MAX_PARAM_LENGTH = 6000
MAX_RUN_TAG_LENGTH = 8000
MAX_EXPERIMENT_TAG_LENGTH = 20_000
MAX_EXPERIMENT_NAME_LENGTH = 500

SEE_DOCS = "See the API docs for more information about request parameters."

_KEY = re.compile(r"[/\w.\- :]*")
_BAD_CHARACTERS = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), "
    "spaces ( ), colon(:) and slashes (/)."
)


class BadName(Invalid):
    """A key that MLflow's clients could not use again, as a file name or in a filter."""


class TooLong(Invalid):
    """A text beyond its limit; the message names the field and the limit."""


def invalid_value(path: str, value: object, reason: str = "") -> str:
    """MLflow's sentence for a value that cannot be what it is."""
    try:
        shown = json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError):
        shown = repr(value)
    sentence = f"Invalid value {shown} for parameter '{path}' supplied"
    return f"{sentence}: {reason}" if reason else sentence


def missing_value(path: str) -> str:
    """MLflow's sentence for a value that must be there."""
    return f"Missing value for required parameter '{path}'. {SEE_DOCS}"


def check_key(key: str, *, path: str) -> None:
    """Raises ``BadName`` unless ``key`` may name a metric, param or tag.

    ``path`` is where in the request it stands, such as ``metrics[3].name``.
    """
    # Almost every key passes at once: one pattern, no dots or slashes to resolve.
    if key.isidentifier():
        return
    if not key:
        # A metric's name is called its key as long as there is none.
        where = path.replace("].name", "].key")
        raise BadName(missing_value(where))
    if not _KEY.fullmatch(key) or key.endswith("\n"):
        raise BadName(invalid_value(path, key, _BAD_CHARACTERS))
    resolved = posixpath.normpath(key)
    if resolved != key or resolved == "." or resolved.startswith(("..", "/")):
        raise BadName(
            invalid_value(
                path,
                key,
                "Names may be treated as files in certain cases, and must not resolve to other "
                f"names when treated as such. This name would resolve to {resolved!r}",
            )
        )


def check_length(text: str, limit: int, *, what: str) -> None:
    """Raises ``TooLong`` if ``text`` has more than ``limit`` characters."""
    if len(text) > limit:
        raise TooLong(f"'{what}' exceeds the maximum length of {limit} characters")
