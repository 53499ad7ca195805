"""What a run read and what it made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.db import action, upsert_rows
from core.errors import Invalid
from core.names import check_length
from runs.actions.errors import RunNotActive
from runs.models import Dataset, LoggedModel, Run, RunInput, RunOutput
from runs.models.datasets import CONTEXT_TAG

MAX_DATASETS = 1000

_LIMITS = {"name": 500, "digest": 36, "schema": 1_048_575, "source": 65_535, "profile": 16_777_215}
_MAX_TAG_KEY = 255
_MAX_TAG_VALUE = 500


class TooManyDatasets(Invalid):
    """One call names more data sets than it may."""


@dataclass(frozen=True)
class UsedDataset:
    """A data set as a client described it, and the tags of its use, such as its context."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str
    profile: str
    tags: Mapping[str, str]


@action
def log_inputs(
    run: Run, *, datasets: Sequence[UsedDataset] = (), models: Sequence[LoggedModel] = ()
) -> None:
    """Note what a run read. What is noted already stays as it was, so a retry is harmless.

    Raises ``RunNotActive``, ``TooManyDatasets`` or ``TooLong``.
    """
    if not run.is_active:
        raise RunNotActive(run)
    _check(datasets)
    _write_datasets(run, datasets)
    RunInput.objects.bulk_create(
        [RunInput(run=run, model=model) for model in models], ignore_conflicts=True
    )


@action
def log_outputs(run: Run, *, models: Sequence[tuple[LoggedModel, int]]) -> None:
    """Note the logged models that a run made, each with its step.

    What is noted already is not noted again, so a retry is harmless. Raises ``RunNotActive``.
    """
    if not run.is_active:
        raise RunNotActive(run)
    noted = set(run.outputs.values_list("model_id", "step"))
    RunOutput.objects.bulk_create(
        RunOutput(run=run, model=model, step=step)
        for model, step in dict.fromkeys(models)
        if (model.pk, step) not in noted
    )


def _write_datasets(run: Run, datasets: Sequence[UsedDataset]) -> None:
    if not datasets:
        return
    upsert_rows(
        Dataset._meta.db_table,
        {
            "experiment_id": "bigint",
            "name": "varchar",
            "digest": "varchar",
            "source_type": "varchar",
            "source": "text",
            "schema": "text",
            "profile": "text",
        },
        [
            (
                run.experiment_id,
                used.name,
                used.digest,
                used.source_type,
                used.source,
                used.schema,
                used.profile,
            )
            for used in datasets
        ],
        on_conflict="DO NOTHING",
    )
    there = {
        (name, digest): pk
        for pk, name, digest in Dataset.objects.filter(
            experiment=run.experiment_id, digest__in={used.digest for used in datasets}
        ).values_list("pk", "name", "digest")
    }
    RunInput.objects.bulk_create(
        [
            RunInput(
                run=run,
                dataset_id=there[used.name, used.digest],
                context=used.tags.get(CONTEXT_TAG, ""),
                tags=dict(used.tags),
            )
            for used in datasets
        ],
        ignore_conflicts=True,
    )


def _check(datasets: Sequence[UsedDataset]) -> None:
    if len(datasets) > MAX_DATASETS:
        raise TooManyDatasets(
            f"A request can name at most {MAX_DATASETS} datasets. Got {len(datasets)} datasets."
        )
    for used in datasets:
        for field, limit in _LIMITS.items():
            check_length(getattr(used, field), limit, what=field)
        check_length(used.source_type, 36, what="source_type")
        for key, value in used.tags.items():
            check_length(key, _MAX_TAG_KEY, what="key")
            check_length(value, _MAX_TAG_VALUE, what="value")
