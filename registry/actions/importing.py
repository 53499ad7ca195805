"""Writing registered models as another MLflow store kept them, numbers and times included."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.db import action, copied
from core.errors import Taken
from registry.actions.models import lock_model
from registry.models import (
    ModelAlias,
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelTag,
    Stage,
)
from runs.models import LoggedModel, Run
from workspaces.models import Workspace

# What is taken over as it is.
_VERSION_FIELDS = (
    "version description user_id source storage_location source_run_id source_model_id run_link"
    " status status_message stage creation_time last_update_time"
)


class AnotherModel(Taken):
    """A registered model or version of that name is here that did not come from that source."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is here already and was not copied from this source. Rename one of the two."
        )


@dataclass(frozen=True)
class ImportedVersion:
    """A model version as its source has it, but for where its files are now.

    ``logged_model_id`` is the logged model that the files belong to, if they belong to one.
    """

    version: int
    description: str
    user_id: str
    source: str
    storage_location: str
    source_run_id: str
    source_model_id: str
    logged_model_id: str
    run_link: str
    status: str
    status_message: str
    stage: Stage
    creation_time: int
    last_update_time: int
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ImportedRegisteredModel:
    """A registered model as its source has it; ``last_version`` is the highest number given."""

    name: str
    description: str
    creation_time: int
    last_update_time: int
    last_version: int
    tags: Mapping[str, str]
    aliases: Mapping[str, int]
    versions: Sequence[ImportedVersion]


@action
def import_registered_model(*, workspace: Workspace, imported: ImportedRegisteredModel) -> int:
    """Write the model, or those of its versions that a model copied before lacks.

    Returns how many versions are new. An alias or tag that is here stays as it is. Raises
    ``AnotherModel`` when the name, or one of the numbers, is taken by something else.
    """
    model, is_new = RegisteredModel.objects.get_or_create(
        workspace=workspace,
        name=imported.name,
        defaults=copied(imported, "description creation_time last_update_time"),
    )
    # The time of its making, to the millisecond, is the only thing of it that never changes.
    if model.creation_time != imported.creation_time:
        raise AnotherModel(f"The registered model '{model.name}'")
    lock_model(model)
    there = dict(model.versions.values_list("version", "creation_time"))
    for version in imported.versions:
        if there.get(version.version, version.creation_time) != version.creation_time:
            raise AnotherModel(f"Version {version.version} of '{model.name}'")

    new = [version for version in imported.versions if version.version not in there]
    if is_new:
        RegisteredModelTag.objects.bulk_create(
            RegisteredModelTag(model=model, key=key, value=value)
            for key, value in imported.tags.items()
        )
    _write_versions(model, new)
    _write_aliases(model, imported.aliases, {version.version for version in new})
    if imported.last_version > model.last_version:
        model.last_version = imported.last_version
        model.save(update_fields=["last_version"])
    return len(new)


def _write_versions(model: RegisteredModel, versions: Sequence[ImportedVersion]) -> None:
    runs = dict(
        Run.objects.in_workspace(model.workspace)
        .filter(run_id__in={version.source_run_id for version in versions})
        .values_list("run_id", "pk")
    )
    logged = dict(
        LoggedModel.objects.filter(
            model_id__in={version.logged_model_id for version in versions},
            experiment__workspace=model.workspace_id,
        ).values_list("model_id", "pk")
    )
    rows = ModelVersion.objects.bulk_create(
        ModelVersion(
            model=model,
            run_id=runs.get(version.source_run_id),
            logged_model_id=logged.get(version.logged_model_id),
            **copied(version, _VERSION_FIELDS),
        )
        for version in versions
    )
    ModelVersionTag.objects.bulk_create(
        ModelVersionTag(model_version=row, key=key, value=value)
        for row, version in zip(rows, versions, strict=True)
        for key, value in version.tags.items()
    )


def _write_aliases(model: RegisteredModel, aliases: Mapping[str, int], new: set[int]) -> None:
    """Those that point at a version that has just come, and that nobody uses here yet."""
    there = set(model.aliases.values_list("alias", flat=True))
    wanted = {alias: version for alias, version in aliases.items() if version in new}
    pks = dict(model.versions.filter(version__in=wanted.values()).values_list("version", "pk"))
    ModelAlias.objects.bulk_create(
        ModelAlias(model=model, alias=alias, model_version_id=pks[version])
        for alias, version in wanted.items()
        if alias not in there
    )
