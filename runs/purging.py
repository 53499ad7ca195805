"""Removing runs for good: their rows, then their files, some hundred runs at a time.

Rows go first. Whatever happens then, no row speaks of files that are gone; at worst files stay
that nothing leads to.
"""

import logging
from collections.abc import Sequence

from artifacts.paths import ArtifactPath
from core.errors import Unavailable
from experiments.actions import purge_experiment
from experiments.models import Experiment
from runs.actions.bulk import purge_runs
from runs.files import artifact_store, experiment_folder, run_folder
from runs.models import Run

log = logging.getLogger(__name__)

# Long enough to be quick, short enough to let others write in between.
_AT_ONCE = 200


def purge(runs: Sequence[Run]) -> int:
    """Remove those of the runs that are still in the trash; how many that were."""
    purged = 0
    for start in range(0, len(runs), _AT_ONCE):
        piece = runs[start : start + _AT_ONCE]
        gone = set(purge_runs([run.pk for run in piece]))
        purged += len(gone)
        for run in piece:
            if run.pk in gone:
                _remove_files(run_folder(run), run.run_id)
    return purged


def purge_with_runs(experiment: Experiment, runs: Sequence[Run]) -> int:
    """Remove an experiment in the trash with all that is in it; how many items that were.

    Raises ``ExperimentNotInTrash`` or ``DefaultExperiment``.
    """
    folder = experiment_folder(experiment)
    name = experiment.name
    purged = purge(runs)
    purge_experiment(experiment)
    _remove_files(folder, name)
    return purged + 1


def _remove_files(folder: ArtifactPath | None, name: str) -> None:
    if folder is None:
        return
    try:
        artifact_store().delete(folder)
    except Unavailable:
        log.warning("The files of %s stay in %s: the store does not answer", name, folder)
