"""What can go wrong when models and versions are written."""

from core.errors import Invalid, Taken
from registry.models import RegisteredModel


class ModelNameTaken(Taken):
    """Another registered model of the workspace has that name."""

    def __init__(self, model: RegisteredModel, *, as_prompt: bool) -> None:
        wanted, there = (
            "prompt" if is_prompt else "registered model"
            for is_prompt in (as_prompt, model.is_prompt)
        )
        if wanted == there:
            message = f"{wanted.title()} (name={model.name}) already exists."
        else:
            message = (
                f"Tried to create a {wanted} with name {model.name!r}, but the name is already "
                f"taken by a {there}. MLflow does not allow creating a model and a prompt with "
                "the same name."
            )
        super().__init__(message)
        self.model = model


class BadSource(Invalid):
    """A version's source is not where the server can vouch that its run or model put it."""


class CannotArchive(Invalid):
    """Existing versions give way only to one that goes to Staging or Production."""
