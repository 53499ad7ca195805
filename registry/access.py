"""The one gate from a name in a request to a registered model, and to a version of it."""

from django.http import HttpRequest

from core.errors import Invalid, Missing
from registry.models import ModelVersion, RegisteredModel
from registry.names import version_number
from workspaces.access import get_workspace, workspace_slug


class NoSuchModel(Missing):
    """There is no such registered model, or it is not for the one who asks."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Registered Model with name={name} not found")


class NoSuchVersion(Missing):
    """The model has no such version, or had it deleted."""

    def __init__(self, name: str, version: str | int) -> None:
        super().__init__(f"Model Version (name={name}, version={version}) not found")


class NoVersionYet(Missing):
    """The latest version is asked for, and there is none."""


class NoSuchAlias(Invalid):
    """The model has no such alias. MLflow calls that a bad value rather than a missing thing."""


def get_model(request: HttpRequest, name: str) -> RegisteredModel:
    """The registered model of the request's workspace with exactly that name.

    Its ``workspace`` comes with it. Raises ``NoSuchModel``.
    """
    # PostgreSQL cannot even be asked for a text with a NUL in it.
    models = RegisteredModel.objects.none() if "\x00" in name else RegisteredModel.objects.all()
    model = (
        models.select_related("workspace")
        .filter(name=name, workspace__slug=workspace_slug(request))
        .first()
    )
    if model is None:
        get_workspace(request)
        raise NoSuchModel(name)
    return model


def get_version(request: HttpRequest, name: str, version: str | int) -> ModelVersion:
    """That version of that model, which was not deleted; its model and workspace come with it.

    Raises ``NoSuchVersion``, also where there is no such model, or ``NotAVersion``.
    """
    number = version_number(version)
    try:
        model = get_model(request, name)
    except NoSuchModel:
        raise NoSuchVersion(name, version) from None
    found = model.versions.live().filter(version=number).first()
    if found is None:
        raise NoSuchVersion(name, version)
    found.model = model
    return found


def get_version_by_alias(request: HttpRequest, name: str, alias: str) -> ModelVersion:
    """The version that an alias points at; ``latest``, in any case, is the highest number.

    Raises ``NoSuchModel``, ``NoSuchAlias`` or ``NoVersionYet``.
    """
    model = get_model(request, name)
    if alias.lower() == "latest":
        found = model.versions.live().newest_first().first()
        if found is None:
            raise NoVersionYet(f"Latest version not found for model {name}.")
    else:
        found = model.versions.live().filter(aliases__alias=alias).first()
        if found is None:
            raise NoSuchAlias(f"Registered model alias {alias} not found.")
    found.model = model
    return found
