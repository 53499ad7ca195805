"""The kinds of refusal there are.

Every room raises its own exceptions, derived from one of these and named for what
happened. What a kind means to an MLflow client stands in ``mlflow_api.errors``, what it
means on a page in ``core.pages``. The message is for the person at the other end: it
names the field, the value and the limit, and never an SQL statement, path or traceback.
"""


class Refused(Exception):
    """Something that was asked for is not done, and nothing of it was."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(Refused):
    """The request itself is wrong: a bad value, a limit passed, a broken filter."""


class Missing(Refused):
    """What is named does not exist, or is not for the one who asks."""


class Taken(Refused):
    """What was to be created is there already."""


class Forbidden(Refused):
    """The one who asks may see it, and may not do this with it."""


class Unavailable(Refused):
    """The disk, the database or the object store cannot serve now; a retry may succeed."""


class NotSupported(Refused):
    """This server does not offer what was asked for, and a client should fall back."""
