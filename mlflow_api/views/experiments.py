"""experiments/*: MLflow's calls on experiments."""

from django.http import HttpRequest

from core.errors import Taken
from experiments import actions
from experiments.access import NoSuchExperiment, get_experiment, get_experiment_by_name
from experiments.models import Experiment
from experiments.search import NEWEST_FIRST
from experiments.search import search_experiments as found_experiments
from mlflow_api.assemble import experiment_messages_of
from mlflow_api.endpoint import call, endpoint
from mlflow_api.errors import CodedRefusal
from mlflow_api.limits import check_max_results, in_view, page_of
from mlflow_api.schemas.common import Empty
from mlflow_api.schemas.experiments import (
    CreateExperiment,
    CreateExperimentResponse,
    DeleteExperimentTag,
    GetExperiment,
    GetExperimentByName,
    GetExperimentResponse,
    SearchExperiments,
    SearchExperimentsResponse,
    SetExperimentTag,
    UpdateExperiment,
)
from workspaces.access import get_workspace

MAX_RESULTS = 50_000


@endpoint
def create_experiment(request: HttpRequest, body: CreateExperiment) -> CreateExperimentResponse:
    experiment = actions.create_experiment(
        workspace=get_workspace(request),
        name=body.name,
        artifact_location=body.artifact_location,
        tags={tag.key: tag.value for tag in body.tags},
    )
    return CreateExperimentResponse(str(experiment.pk))


@endpoint
def get_experiment_(request: HttpRequest, body: GetExperiment) -> GetExperimentResponse:
    return _response(get_experiment(request, body.experiment_id))


@endpoint
def get_by_name(request: HttpRequest, body: GetExperimentByName) -> GetExperimentResponse:
    return _response(get_experiment_by_name(request, body.experiment_name))


@endpoint
def search_experiments(request: HttpRequest, body: SearchExperiments) -> SearchExperimentsResponse:
    check_max_results(body.max_results, MAX_RESULTS)
    visible = Experiment.objects.filter(workspace=get_workspace(request)).select_related(
        "workspace"
    )
    found = found_experiments(
        in_view(visible, body.view_type), filter_text=body.filter, order_by=body.order_by
    )
    page, token = page_of(
        found,
        token=body.page_token,
        size=body.max_results,
        keyset=None if body.order_by else NEWEST_FIRST,
        keys_of=lambda experiment: (experiment.creation_time, experiment.pk),
    )
    return SearchExperimentsResponse(experiment_messages_of(page), token)


@endpoint
def update_experiment(request: HttpRequest, body: UpdateExperiment) -> Empty:
    experiment = get_experiment(request, body.experiment_id)
    try:
        actions.rename_experiment(experiment, name=body.new_name)
    except actions.ExperimentNotActive:
        raise CodedRefusal(
            "Cannot rename a non-active experiment.", code="INVALID_STATE", status=400
        ) from None
    except Taken as taken:
        raise CodedRefusal(taken.message, code="BAD_REQUEST", status=400) from None
    return Empty()


@endpoint
def delete_experiment(request: HttpRequest, body: GetExperiment) -> Empty:
    experiment = get_experiment(request, body.experiment_id)
    if not experiment.is_active:
        raise NoSuchExperiment(f"No Experiment with id={body.experiment_id} exists")
    actions.delete_experiment(experiment)
    return Empty()


@endpoint
def restore_experiment(request: HttpRequest, body: GetExperiment) -> Empty:
    experiment = get_experiment(request, body.experiment_id)
    if experiment.is_active:
        raise NoSuchExperiment(f"No Experiment with id={body.experiment_id} exists")
    actions.restore_experiment(experiment)
    return Empty()


@endpoint
def set_experiment_tag(request: HttpRequest, body: SetExperimentTag) -> Empty:
    actions.set_tag(get_experiment(request, body.experiment_id), key=body.key, value=body.value)
    return Empty()


@endpoint
def delete_experiment_tag(request: HttpRequest, body: DeleteExperimentTag) -> Empty:
    actions.delete_tag(get_experiment(request, body.experiment_id), key=body.key)
    return Empty()


def _response(experiment: Experiment) -> GetExperimentResponse:
    return GetExperimentResponse(experiment_messages_of([experiment])[0])


urlpatterns = [
    call("experiments/create", POST=create_experiment),
    call("experiments/get", GET=get_experiment_),
    call("experiments/get-by-name", GET=get_by_name),
    call("experiments/search", GET=search_experiments, POST=search_experiments),
    call("experiments/update", POST=update_experiment),
    call("experiments/delete", POST=delete_experiment),
    call("experiments/restore", POST=restore_experiment),
    call("experiments/set-experiment-tag", POST=set_experiment_tag),
    call("experiments/delete-experiment-tag", POST=delete_experiment_tag),
]
