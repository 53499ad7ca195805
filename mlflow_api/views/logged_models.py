"""logged-models/*: what MLflow 3's log_model makes."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence

import msgspec
from django.http import HttpRequest

from core.errors import Invalid
from experiments.access import experiment_key, get_experiment
from mlflow_api.endpoint import call, endpoint
from mlflow_api.limits import check_max_results, enum_word, page_of
from mlflow_api.schemas.common import Empty, NoBody, Pair, wire_float
from mlflow_api.schemas.logged_models import (
    CreateLoggedModel,
    FinalizeLoggedModel,
    LoggedModel,
    LoggedModelData,
    LoggedModelInfo,
    LoggedModelResponse,
    LogLoggedModelParams,
    Registration,
    SearchLoggedModels,
    SearchLoggedModelsResponse,
    SetLoggedModelTags,
)
from mlflow_api.schemas.runs import Metric
from runs import models
from runs.access import get_logged_model
from runs.actions import logged_models as actions
from runs.logged_model_search import NEWEST_FIRST, MeasuredOn, ModelOrder, search_logged_models
from workspaces.access import get_workspace

MAX_RESULTS = 50_000

_STATUS_NUMBERS = dict(enumerate(models.LoggedModelStatus.values, start=1))


class BadStatus(Invalid):
    """A logged model becomes ready, or its upload has failed; nothing else."""


@endpoint
def create(request: HttpRequest, body: CreateLoggedModel) -> LoggedModelResponse:
    model = actions.create_logged_model(
        experiment=get_experiment(request, body.experiment_id),
        name=body.name,
        model_type=body.model_type,
        source_run_id=body.source_run_id,
        params={param.key: param.value for param in body.params},
        tags={tag.key: tag.value for tag in body.tags},
    )
    return _response(model)


@endpoint
def get(request: HttpRequest, body: NoBody, model_id: str) -> LoggedModelResponse:
    return _response(get_logged_model(request, model_id))


@endpoint
def finalize(request: HttpRequest, body: FinalizeLoggedModel, model_id: str) -> LoggedModelResponse:
    model = get_logged_model(request, model_id)
    status = enum_word(body.status, _STATUS_NUMBERS)
    if status not in models.LoggedModelStatus.values:
        raise BadStatus(
            f"Invalid model status: {status}. Expected statuses: "
            f"{models.LoggedModelStatus.READY}, {models.LoggedModelStatus.UPLOAD_FAILED}"
        )
    actions.finalize(model, status=models.LoggedModelStatus(status))
    return _response(model)


@endpoint
def delete(request: HttpRequest, body: NoBody, model_id: str) -> Empty:
    actions.delete_logged_model(get_logged_model(request, model_id, with_deleted=True))
    return Empty()


@endpoint
def log_params(request: HttpRequest, body: LogLoggedModelParams, model_id: str) -> Empty:
    actions.log_params(
        get_logged_model(request, model_id),
        params={param.key: param.value for param in body.params},
    )
    return Empty()


@endpoint
def set_tags(request: HttpRequest, body: SetLoggedModelTags, model_id: str) -> Empty:
    model = get_logged_model(request, model_id)
    actions.set_tags(model, tags={tag.key: tag.value for tag in body.tags})
    return Empty()


@endpoint
def delete_tag(request: HttpRequest, body: NoBody, model_id: str, tag_key: str) -> Empty:
    actions.delete_tag(get_logged_model(request, model_id), key=tag_key)
    return Empty()


@endpoint
def search(request: HttpRequest, body: SearchLoggedModels) -> SearchLoggedModelsResponse:
    size = body.max_results or 50
    check_max_results(size, MAX_RESULTS)
    keys = [experiment_key(each) for each in body.experiment_ids]
    visible = models.LoggedModel.objects.filter(
        experiment__workspace=get_workspace(request),
        experiment__in=[key for key in keys if 0 <= key < 2**63],
        deleted_time=None,
    )
    found = search_logged_models(
        visible,
        filter_text=body.filter,
        datasets=[MeasuredOn(each.dataset_name, each.dataset_digest) for each in body.datasets],
        order_by=[
            ModelOrder(
                each.field_name,
                each.ascending,
                MeasuredOn(each.dataset_name, each.dataset_digest) if each.dataset_name else None,
            )
            for each in body.order_by
        ],
    )
    page, token = page_of(
        found,
        token=body.page_token,
        size=size,
        keyset=None if body.order_by else NEWEST_FIRST,
        keys_of=lambda model: (model.creation_time, model.model_id),
        question=_question(body),
    )
    return SearchLoggedModelsResponse(_messages(page), token)


def _question(body: SearchLoggedModels) -> str:
    """What must be the same in every page of one search, in a few characters."""
    asked = msgspec.json.encode([body.experiment_ids, body.filter, body.datasets, body.order_by])
    return hashlib.blake2b(asked, digest_size=8).hexdigest()


def _response(model: models.LoggedModel) -> LoggedModelResponse:
    return LoggedModelResponse(_messages([model])[0])


def _messages(found: Sequence[models.LoggedModel]) -> list[LoggedModel]:
    """The models with their params, tags and points, in three queries."""
    keys = [model.pk for model in found]
    params: dict[int, list[Pair]] = defaultdict(list)
    tags: dict[int, list[Pair]] = defaultdict(list)
    points: dict[int, list[Metric]] = defaultdict(list)
    for pairs, table in ((params, models.LoggedModelParam), (tags, models.LoggedModelTag)):
        rows = table.objects.filter(model__in=keys).values_list("model_id", "key", "value")
        for model, key, value in rows:
            pairs[model].append(Pair(key, value))
    for point in models.LoggedModelMetric.objects.filter(model__in=keys).order_by("pk"):
        points[point.model_id].append(_point(point))
    for model in found:
        for point in points[model.pk]:
            point.model_id = model.model_id
    return [
        LoggedModel(
            _info(model, tags[model.pk]), LoggedModelData(params[model.pk], points[model.pk])
        )
        for model in found
    ]


def _info(model: models.LoggedModel, tags: list[Pair]) -> LoggedModelInfo:
    versions = next((tag.value for tag in tags if tag.key == actions.VERSIONS_TAG), "[]")
    return LoggedModelInfo(
        model_id=model.model_id,
        experiment_id=str(model.experiment_id),
        name=model.name,
        creation_timestamp_ms=model.creation_time,
        last_updated_timestamp_ms=model.last_update_time,
        artifact_uri=model.artifact_uri,
        status=model.status,
        model_type=model.model_type,
        source_run_id=model.source_run_id,
        status_message=model.status_message,
        tags=tags,
        registrations=_registrations(versions),
    )


def _registrations(text: str) -> list[Registration]:
    """What the tag says; a client may have written anything there.

    A version stands there twice, as a number and as a text, if the client noted it too.
    """
    try:
        noted = [(str(each["name"]), str(each["version"])) for each in json.loads(text)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return [Registration(name, version) for name, version in dict.fromkeys(noted)]


def _point(point: models.LoggedModelMetric) -> Metric:
    return Metric(
        key=point.key,
        value="NaN" if point.is_nan else wire_float(point.value),
        timestamp=point.timestamp,
        step=point.step,
        run_id=point.run_id,
        dataset_name=point.dataset_name,
        dataset_digest=point.dataset_digest,
    )


urlpatterns = [
    call("logged-models", POST=create),
    call("logged-models/search", POST=search),
    call("logged-models/<str:model_id>", GET=get, PATCH=finalize, DELETE=delete),
    call("logged-models/<str:model_id>/params", POST=log_params),
    call("logged-models/<str:model_id>/tags", PATCH=set_tags),
    call("logged-models/<str:model_id>/tags/<path:tag_key>", DELETE=delete_tag),
]
