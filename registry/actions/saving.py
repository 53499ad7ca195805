"""Saving a run as an ML model: the model, its version and the alias in one step."""

from collections.abc import Mapping

from core.db import action
from registry.actions.models import create_model, set_alias
from registry.actions.versions import create_version
from registry.models import ModelVersion, RegisteredModel
from runs.actions.errors import RunNotActive
from runs.models import Run


@action
def save_run(
    run: Run,
    *,
    source: str,
    model_id: str | None = None,
    model: RegisteredModel | None = None,
    new_name: str = "",
    description: str = "",
    alias: str = "",
    tags: Mapping[str, str] | None = None,
) -> ModelVersion:
    """Make what ``run`` put at ``source`` a version of ``model``, or of a new one.

    ``alias``, if there is one, points at the new version afterwards. All of it is done, or, when
    any of it is refused, nothing. Raises ``RunNotActive`` and what making each part raises.
    """
    if not run.is_active:
        raise RunNotActive(run)
    if model is None:
        model = create_model(workspace=run.experiment.workspace, name=new_name)
    version = create_version(
        model,
        source=source,
        run_id=run.run_id,
        model_id=model_id,
        description=description,
        tags=tags,
    )
    if alias:
        set_alias(version, alias=alias)
    return version
