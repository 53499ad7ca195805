"""The rules for names in the registry, and MLflow's words for what breaks them."""

import re

from core.errors import Invalid
from core.names import MAX_KEY_LENGTH, check_key, check_length, invalid_value
from registry.models import Stage

MAX_NAME_LENGTH = 256
MAX_ALIAS_LENGTH = 255
MAX_TAG_LENGTH = 100_000
MAX_DESCRIPTION_LENGTH = 100_000
MAX_SOURCE_LENGTH = 4096

# What is never given as a number, and what a database's column can hold.
_LARGEST_VERSION = 2**31 - 1

_ALIAS = re.compile(r"[\w\-]+")
_VERSION_ALIAS = re.compile(r"[vV][0-9]+")


class BadModelName(Invalid):
    """A registered model's name could not stand in a URI, or is blank."""


class BadAlias(Invalid):
    """An alias could not stand in a URI, or would read like something else there."""


class NotAVersion(Invalid):
    """A version is named by a whole number."""


class NoSuchStage(Invalid):
    """MLflow has four stages, and this is none of them."""


def check_model_name(name: str, *, path: str = "name") -> None:
    """Raises ``BadModelName`` or ``TooLong`` unless a model may be called that.

    ``path`` is what the request calls the name.
    """
    check_model_name_form(name, path=path)
    check_length(name, MAX_NAME_LENGTH, what=path)


def check_model_name_form(name: str, *, path: str = "name") -> None:
    """Raises ``BadModelName`` for what no model, however long its name, is called."""
    if not name.strip():
        raise BadModelName(f"Missing value for required parameter '{path}'.")
    if "/" in name or ":" in name:
        raise BadModelName(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    if name == "." or name.startswith(".."):
        raise BadModelName(
            invalid_value(
                path,
                name,
                "Names may be treated as files in certain cases, and must not resolve to other "
                f"names when treated as such. This name would resolve to '{name}'",
            )
        )


def check_alias(alias: str) -> None:
    """Raises ``BadAlias`` or ``TooLong`` unless a version may be called that."""
    check_alias_form(alias)
    if alias.lower() == "latest":
        raise BadAlias("'latest' alias name (case insensitive) is reserved.")
    if _VERSION_ALIAS.fullmatch(alias):
        raise BadAlias(f"Version alias name '{alias}' is reserved.")


def check_alias_form(alias: str) -> None:
    """Raises ``BadAlias`` or ``TooLong`` for what is no alias, reserved or not."""
    if not alias:
        raise BadAlias("Registered model alias name cannot be empty.")
    if not _ALIAS.fullmatch(alias):
        raise BadAlias(
            f"Invalid alias name: '{alias}'. Names may only contain alphanumerics, "
            "underscores (_), and dashes (-)."
        )
    check_length(alias, MAX_ALIAS_LENGTH, what="Registered model alias name")


def check_tag(key: str, value: str) -> None:
    """Raises ``BadName`` or ``TooLong``; a value is never cut short."""
    check_key(key, path="key")
    check_length(key, MAX_KEY_LENGTH, what="key")
    check_length(value, MAX_TAG_LENGTH, what="value")


def version_number(version: str | int) -> int:
    """The number that a request names; 0, which none has, for what no version can have.

    Raises ``NotAVersion``.
    """
    try:
        number = int(version)
    except ValueError:
        raise NotAVersion(f"Parameter 'version' must be an integer, got '{version}'.") from None
    return number if 0 < number <= _LARGEST_VERSION else 0


def stage_named(stage: str) -> Stage:
    """The stage that is meant, in any case. Raises ``NoSuchStage``."""
    for known in Stage:
        if known.lower() == stage.lower():
            return known
    raise NoSuchStage(
        f"Invalid Model Version stage: {stage}. Value must be one of {', '.join(Stage.values)}."
    )
