"""All cases, a module an area."""

from tests.golden.cases import (
    aliases,
    artifacts,
    batches,
    calls,
    datasets,
    experiments,
    logged_models,
    measured,
    metrics,
    registry,
    runs,
    search_runs,
    workspaces,
)

CASES = [
    *experiments.CASES,
    *runs.CASES,
    *metrics.CASES,
    *measured.CASES,
    *batches.CASES,
    *search_runs.CASES,
    *datasets.CASES,
    *logged_models.CASES,
    *artifacts.CASES,
    *registry.CASES,
    *aliases.CASES,
    *calls.CASES,
]

# These are asked of an MLflow server that has workspaces.
WORKSPACE_CASES = workspaces.CASES
