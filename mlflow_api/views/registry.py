"""registered-models/* and model-versions/*: MLflow's calls on the model registry."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from artifacts.paths import ArtifactPath
from core.errors import Missing
from mlflow_api.assemble_registry import model_messages, version_messages
from mlflow_api.endpoint import call, endpoint, guarded
from mlflow_api.limits import BadLimit, check_max_results, page_of
from mlflow_api.schemas.common import Empty, Pair
from mlflow_api.schemas.registry import (
    CreateModelVersion,
    CreateRegisteredModel,
    DeleteModelVersionTag,
    DeleteRegisteredModelTag,
    GetLatestVersions,
    GetModelVersionDownloadUriResponse,
    ModelVersionReference,
    ModelVersionResponse,
    ModelVersionsResponse,
    RegisteredModelAliasReference,
    RegisteredModelReference,
    RegisteredModelResponse,
    RenameRegisteredModel,
    SearchModelVersions,
    SearchRegisteredModels,
    SearchRegisteredModelsResponse,
    SetModelVersionTag,
    SetRegisteredModelAlias,
    SetRegisteredModelTag,
    TransitionModelVersionStage,
    UpdateModelVersion,
    UpdateRegisteredModel,
)
from registry.access import get_model, get_version, get_version_by_alias
from registry.actions import models as model_actions
from registry.actions import versions as version_actions
from registry.files import version_store
from registry.models import ModelVersion, RegisteredModel
from registry.names import check_alias_form, check_model_name_form, stage_named
from registry.search import BY_NAME, LAST_CHANGED_FIRST, search_models, search_versions
from runs.downloads import file_response
from workspaces.access import get_workspace

MAX_MODELS = 1000
MAX_VERSIONS = 200_000


class NoFilesHere(Missing):
    """The version's files are in a store of the user's own, which this server cannot read."""


# ------------------------------------------------------------------ registered-models/…


@endpoint
def create_model(request: HttpRequest, body: CreateRegisteredModel) -> RegisteredModelResponse:
    model = model_actions.create_model(
        workspace=get_workspace(request),
        name=body.name,
        description=body.description,
        tags=_tags(body.tags),
    )
    return _model_response(model)


@endpoint
def get_model_(request: HttpRequest, body: RegisteredModelReference) -> RegisteredModelResponse:
    return _model_response(_model(request, body.name))


@endpoint
def rename_model(request: HttpRequest, body: RenameRegisteredModel) -> RegisteredModelResponse:
    model = _model(request, body.name)
    model_actions.rename_model(model, name=body.new_name)
    return _model_response(model)


@endpoint
def update_model(request: HttpRequest, body: UpdateRegisteredModel) -> RegisteredModelResponse:
    model = _model(request, body.name)
    model_actions.describe_model(model, description=body.description)
    return _model_response(model)


@endpoint
def delete_model(request: HttpRequest, body: RegisteredModelReference) -> Empty:
    model_actions.delete_model(_model(request, body.name))
    return Empty()


@endpoint
def search_models_(
    request: HttpRequest, body: SearchRegisteredModels
) -> SearchRegisteredModelsResponse:
    if body.max_results < 1:
        return SearchRegisteredModelsResponse()
    check_max_results(body.max_results, MAX_MODELS)
    visible = RegisteredModel.objects.filter(workspace=get_workspace(request))
    found = search_models(visible, filter_text=body.filter, order_by=body.order_by)
    page, token = page_of(
        found,
        token=body.page_token,
        size=body.max_results,
        keyset=None if body.order_by else BY_NAME,
        keys_of=lambda model: (model.name,),
    )
    return SearchRegisteredModelsResponse(model_messages(page), token)


@endpoint
def get_latest_versions(request: HttpRequest, body: GetLatestVersions) -> ModelVersionsResponse:
    """The highest version of each stage that is named; of all stages, if none is."""
    versions = _model(request, body.name).versions.live().latest_of_each_stage()
    found = versions.select_related("model").order_by("version")
    wanted = {stage_named(stage) for stage in body.stages}
    named = [each for each in found if not wanted or each.stage in wanted]
    return ModelVersionsResponse(version_messages(named, with_aliases=True))


@endpoint
def set_model_tag(request: HttpRequest, body: SetRegisteredModelTag) -> Empty:
    model_actions.set_model_tag(_model(request, body.name), key=body.key, value=body.value)
    return Empty()


@endpoint
def delete_model_tag(request: HttpRequest, body: DeleteRegisteredModelTag) -> Empty:
    model_actions.delete_model_tag(_model(request, body.name), key=body.key)
    return Empty()


@endpoint
def set_alias(request: HttpRequest, body: SetRegisteredModelAlias) -> Empty:
    model_actions.set_alias(_version(request, body.name, body.version), alias=body.alias)
    return Empty()


@endpoint
def delete_alias(request: HttpRequest, body: RegisteredModelAliasReference) -> Empty:
    model_actions.delete_alias(_model(request, body.name), alias=body.alias)
    return Empty()


@endpoint
def get_by_alias(request: HttpRequest, body: RegisteredModelAliasReference) -> ModelVersionResponse:
    check_model_name_form(body.name)
    check_alias_form(body.alias)
    return _version_response(get_version_by_alias(request, body.name, body.alias))


# ------------------------------------------------------------------ model-versions/…


@endpoint
def create_version(request: HttpRequest, body: CreateModelVersion) -> ModelVersionResponse:
    version = version_actions.create_version(
        _model(request, body.name),
        source=body.source,
        run_id=body.run_id,
        model_id=body.model_id,
        run_link=body.run_link,
        description=body.description,
        tags=_tags(body.tags),
    )
    return _version_response(version)


@endpoint
def get_version_(request: HttpRequest, body: ModelVersionReference) -> ModelVersionResponse:
    return _version_response(_version(request, body.name, body.version))


@endpoint
def update_version(request: HttpRequest, body: UpdateModelVersion) -> ModelVersionResponse:
    version = _version(request, body.name, body.version)
    version_actions.describe_version(version, description=body.description)
    return _version_response(version)


@endpoint
def move_to_stage(request: HttpRequest, body: TransitionModelVersionStage) -> ModelVersionResponse:
    version = _version(request, body.name, body.version)
    version_actions.move_to_stage(
        version,
        stage=stage_named(body.stage),
        archive_existing=body.archive_existing_versions,
    )
    return _version_response(version)


@endpoint
def delete_version(request: HttpRequest, body: ModelVersionReference) -> Empty:
    version_actions.delete_version(_version(request, body.name, body.version))
    return Empty()


@endpoint
def search_versions_(request: HttpRequest, body: SearchModelVersions) -> ModelVersionsResponse:
    if body.max_results < 1:
        raise BadLimit(
            "Invalid value for max_results. It must be a positive integer, "
            f"but got {body.max_results}"
        )
    check_max_results(body.max_results, MAX_VERSIONS)
    visible = ModelVersion.objects.live().filter(model__workspace=get_workspace(request))
    found = search_versions(
        visible.select_related("model"), filter_text=body.filter, order_by=body.order_by
    )
    page, token = page_of(
        found,
        token=body.page_token,
        size=body.max_results,
        keyset=None if body.order_by else LAST_CHANGED_FIRST,
        keys_of=lambda version: (version.last_update_time, version.model.name, version.version),
    )
    return ModelVersionsResponse(version_messages(page), token)


@endpoint
def get_download_uri(
    request: HttpRequest, body: ModelVersionReference
) -> GetModelVersionDownloadUriResponse:
    version = _version(request, body.name, body.version)
    return GetModelVersionDownloadUriResponse(version.storage_location or version.source)


@endpoint
def set_version_tag(request: HttpRequest, body: SetModelVersionTag) -> Empty:
    version = _version(request, body.name, body.version)
    version_actions.set_version_tag(version, key=body.key, value=body.value)
    return Empty()


@endpoint
def delete_version_tag(request: HttpRequest, body: DeleteModelVersionTag) -> Empty:
    version = _version(request, body.name, body.version)
    version_actions.delete_version_tag(version, key=body.key)
    return Empty()


@guarded
def get_artifact(request: HttpRequest, workspace: str = "") -> HttpResponseBase:
    """One file of a version, for MLflow's own pages."""
    query = request.GET
    path = ArtifactPath.parse(query.get("path", ""))
    version = get_version(request, query.get("name", ""), query.get("version", ""))
    store, root = version_store(version)
    if root is None:
        raise NoFilesHere(f"The files of {version} are not kept by this server.")
    return file_response(request, store, root / path)


def _model(request: HttpRequest, name: str) -> RegisteredModel:
    # As in MLflow, what cannot be a name is a mistake, also where nothing is called that.
    check_model_name_form(name)
    return get_model(request, name)


def _version(request: HttpRequest, name: str, version: str) -> ModelVersion:
    check_model_name_form(name)
    return get_version(request, name, version)


def _tags(pairs: list[Pair]) -> dict[str, str]:
    return {pair.key: pair.value for pair in pairs}


def _model_response(model: RegisteredModel) -> RegisteredModelResponse:
    return RegisteredModelResponse(model_messages([model])[0])


def _version_response(version: ModelVersion) -> ModelVersionResponse:
    return ModelVersionResponse(version_messages([version], with_aliases=True)[0])


urlpatterns = [
    call("registered-models/create", POST=create_model),
    call("registered-models/get", GET=get_model_),
    call("registered-models/rename", POST=rename_model),
    call("registered-models/update", PATCH=update_model),
    call("registered-models/delete", DELETE=delete_model),
    call("registered-models/search", GET=search_models_),
    call(
        "registered-models/get-latest-versions", GET=get_latest_versions, POST=get_latest_versions
    ),
    call("registered-models/set-tag", POST=set_model_tag),
    call("registered-models/delete-tag", DELETE=delete_model_tag),
    call("registered-models/alias", GET=get_by_alias, POST=set_alias, DELETE=delete_alias),
    call("model-versions/create", POST=create_version),
    call("model-versions/get", GET=get_version_),
    call("model-versions/update", PATCH=update_version),
    call("model-versions/transition-stage", POST=move_to_stage),
    call("model-versions/delete", DELETE=delete_version),
    call("model-versions/search", GET=search_versions_),
    call("model-versions/get-download-uri", GET=get_download_uri),
    call("model-versions/set-tag", POST=set_version_tag),
    call("model-versions/delete-tag", DELETE=delete_version_tag),
]
