"""runs/*: MLflow's calls on runs and what is logged to them."""

import json
from collections.abc import Iterable

from django.http import HttpRequest

from core.errors import Invalid
from core.names import SEE_DOCS, invalid_value
from experiments.access import experiment_key, get_experiment
from mlflow_api.assemble import (
    new_run_message,
    newest_first_keys,
    run_info,
    run_message,
    run_messages,
    run_rows,
)
from mlflow_api.endpoint import call, endpoint
from mlflow_api.limits import check_max_results, enum_word, in_view, page_of
from mlflow_api.schemas.common import Empty
from mlflow_api.schemas.runs import (
    CreateRun,
    DeleteTag,
    LogBatch,
    LogInputs,
    LogMetric,
    LogModel,
    LogOutputs,
    LogParam,
    MetricPoint,
    RunReference,
    RunResponse,
    SearchRuns,
    SearchRunsResponse,
    SetTag,
    UpdateRun,
    UpdateRunResponse,
)
from runs.access import check_run_id, get_logged_models, get_run
from runs.actions import datasets, ingest
from runs.actions import runs as actions
from runs.models import Run, RunStatus
from runs.search import NEWEST_FIRST, order_runs, run_conditions
from workspaces.access import get_workspace

MAX_RESULTS = 50_000

_STATUS_NUMBERS = dict(enumerate(["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"], start=1))


class MissingModelFields(Invalid):
    """A model's description lacks what MLflow asks of one."""


class NoSuchStatus(Invalid):
    """A number that stands for no status of a run."""


class HalfNamedDataset(Invalid):
    """A point says the name or the digest of its data set without the other."""


@endpoint
def create_run(request: HttpRequest, body: CreateRun) -> RunResponse:
    run = actions.create_run(
        experiment=get_experiment(request, body.experiment_id),
        name=body.run_name,
        user_id=body.user_id,
        start_time=body.start_time,
        tags={tag.key: tag.value for tag in body.tags},
    )
    return RunResponse(new_run_message(run))


@endpoint
def get_run_(request: HttpRequest, body: RunReference) -> RunResponse:
    return RunResponse(run_message(get_run(request, body.run_id)))


@endpoint
def update_run(request: HttpRequest, body: UpdateRun) -> UpdateRunResponse:
    run = get_run(request, body.run_id)
    status = enum_word(body.status, _STATUS_NUMBERS)
    if isinstance(status, int):
        raise NoSuchStatus(
            f"{invalid_value('status', status)}:  Hint: Value was of type 'int'. {SEE_DOCS}"
        )
    actions.update_run(
        run,
        # MLflow ignores a word that it does not know.
        status=status if status in RunStatus.values else None,
        end_time=body.end_time,
        name=body.run_name,
    )
    return UpdateRunResponse(run_info(run))


@endpoint
def delete_run(request: HttpRequest, body: RunReference) -> Empty:
    actions.delete_run(get_run(request, body.run_id))
    return Empty()


@endpoint
def restore_run(request: HttpRequest, body: RunReference) -> Empty:
    actions.restore_run(get_run(request, body.run_id))
    return Empty()


@endpoint
def search_runs(request: HttpRequest, body: SearchRuns) -> SearchRunsResponse:
    check_max_results(body.max_results, MAX_RESULTS)
    experiments = [experiment_key(each) for each in body.experiment_ids]
    conditions = run_conditions(body.filter)
    visible = Run.objects.filter(
        experiment__workspace=get_workspace(request),
        experiment__in=[key for key in experiments if 0 <= key < 2**63],
    )
    found = order_runs(in_view(visible, body.run_view_type).filter(*conditions), body.order_by)
    rows, token = page_of(
        run_rows(found),
        token=body.page_token,
        size=body.max_results,
        keyset=None if body.order_by else NEWEST_FIRST,
        keys_of=newest_first_keys,
    )
    return SearchRunsResponse(run_messages(rows), token)


@endpoint
def log_metric(request: HttpRequest, body: LogMetric) -> Empty:
    check_run_id(body.run_id)
    _check_datasets([body])
    ingest.log_metric(get_run(request, body.run_id), body)
    return Empty()


@endpoint
def log_param(request: HttpRequest, body: LogParam) -> Empty:
    check_run_id(body.run_id)
    ingest.log_param(get_run(request, body.run_id), body)
    return Empty()


@endpoint
def log_batch(request: HttpRequest, body: LogBatch) -> Empty:
    check_run_id(body.run_id)
    _check_datasets(body.metrics)
    ingest.log_batch(
        get_run(request, body.run_id), metrics=body.metrics, params=body.params, tags=body.tags
    )
    return Empty()


@endpoint
def set_tag(request: HttpRequest, body: SetTag) -> Empty:
    actions.set_tag(get_run(request, body.run_id), key=body.key, value=body.value)
    return Empty()


@endpoint
def delete_tag(request: HttpRequest, body: DeleteTag) -> Empty:
    actions.delete_tag(get_run(request, body.run_id), key=body.key)
    return Empty()


@endpoint
def log_inputs(request: HttpRequest, body: LogInputs) -> Empty:
    run = get_run(request, body.run_id)
    models = get_logged_models(request, [each.model_id for each in body.models])
    datasets.log_inputs(
        run,
        datasets=[
            datasets.UsedDataset(
                name=used.dataset.name,
                digest=used.dataset.digest,
                source_type=used.dataset.source_type,
                source=used.dataset.source,
                schema=used.dataset.schema,
                profile=used.dataset.profile,
                tags={tag.key: tag.value for tag in used.tags},
            )
            for used in body.datasets
        ],
        models=models,
    )
    return Empty()


@endpoint
def log_outputs(request: HttpRequest, body: LogOutputs) -> Empty:
    run = get_run(request, body.run_id)
    models = get_logged_models(request, [each.model_id for each in body.models])
    steps = [each.step for each in body.models]
    datasets.log_outputs(run, models=list(zip(models, steps, strict=True)))
    return Empty()


@endpoint
def log_model(request: HttpRequest, body: LogModel) -> Empty:
    """What 2.x clients send after they uploaded a model's files."""
    run = get_run(request, body.run_id)
    try:
        description = json.loads(body.model_json)
    except (ValueError, RecursionError):
        shown = body.model_json[:1000]
        raise MissingModelFields(f"Malformed model info. \n {shown}") from None
    wanted = {"artifact_path", "flavors", "utc_time_created", "run_id"}
    missing = wanted - set(description if isinstance(description, dict) else ())
    if missing:
        raise MissingModelFields(f"Model json is missing mandatory fields: {missing}")
    actions.add_to_model_history(run, description)
    return Empty()


def _check_datasets(points: Iterable[LogMetric | MetricPoint]) -> None:
    """Raises ``HalfNamedDataset``."""
    if any(bool(point.dataset_name) != bool(point.dataset_digest) for point in points):
        raise HalfNamedDataset(
            "Both dataset_name and dataset_digest must be provided if one is provided"
        )


urlpatterns = [
    call("runs/create", POST=create_run),
    call("runs/get", GET=get_run_),
    call("runs/update", POST=update_run),
    call("runs/delete", POST=delete_run),
    call("runs/restore", POST=restore_run),
    call("runs/search", POST=search_runs),
    call("runs/log-metric", POST=log_metric),
    call("runs/log-parameter", POST=log_param),
    call("runs/log-batch", POST=log_batch),
    call("runs/log-model", POST=log_model),
    call("runs/log-inputs", POST=log_inputs),
    call("runs/outputs", POST=log_outputs),
    call("runs/set-tag", POST=set_tag),
    call("runs/delete-tag", POST=delete_tag),
]
