"""What an experiment says of itself, and the view it opens with, changed together."""

from collections.abc import Collection, Mapping, Sequence

from core.db import action
from experiments.actions import MetricSetting, change_experiment
from experiments.models import Experiment
from runs.actions.views import set_default_view


@action
def change_settings(
    experiment: Experiment,
    *,
    name: str,
    tags: Mapping[str, str],
    removed: Collection[str],
    replicate_keys: Sequence[str],
    stalled_after_minutes: int | None,
    metrics: Mapping[str, MetricSetting],
    default_view: str,
) -> None:
    """All of it or nothing. Raises as ``change_experiment`` and ``set_default_view`` do."""
    change_experiment(
        experiment,
        name=name,
        tags=tags,
        removed=removed,
        replicate_keys=replicate_keys,
        stalled_after_minutes=stalled_after_minutes,
        metrics=metrics,
    )
    set_default_view(experiment, slug=default_view)
