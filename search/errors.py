"""How the grammar says no."""

from core.errors import Invalid


class FilterError(Invalid):
    """A filter or an order that cannot be read, or that asks for what there is not.

    The message is MLflow's own wherever MLflow has one, because clients match on it.
    ``position`` is the offset of the trouble in the text, ``suggestion`` the known word
    that was perhaps meant.
    """

    def __init__(
        self, message: str, *, position: int | None = None, suggestion: str | None = None
    ) -> None:
        super().__init__(message)
        self.position = position
        self.suggestion = suggestion
