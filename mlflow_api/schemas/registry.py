"""The messages of the model registry, named as MLflow names them."""

from mlflow_api.schemas.common import Int64, Pair, Request, Response

# ------------------------------------------------------------------ What clients send


class CreateRegisteredModel(Request):
    name: str
    tags: list[Pair] = []
    description: str = ""


class RenameRegisteredModel(Request):
    name: str
    new_name: str


class UpdateRegisteredModel(Request):
    name: str
    description: str = ""


class RegisteredModelReference(Request):
    name: str


class SearchRegisteredModels(Request):
    filter: str = ""
    max_results: Int64 = 100
    order_by: list[str] = []
    page_token: str = ""


class GetLatestVersions(Request):
    name: str
    stages: list[str] = []


class SetRegisteredModelTag(Request):
    name: str
    key: str
    value: str = ""


class DeleteRegisteredModelTag(Request):
    name: str
    key: str


class SetRegisteredModelAlias(Request):
    name: str
    alias: str
    version: str


class RegisteredModelAliasReference(Request):
    name: str
    alias: str


class CreateModelVersion(Request):
    name: str
    source: str
    run_id: str | None = None
    tags: list[Pair] = []
    run_link: str = ""
    description: str = ""
    model_id: str | None = None


class UpdateModelVersion(Request):
    name: str
    version: str
    description: str = ""


class TransitionModelVersionStage(Request):
    name: str
    version: str
    stage: str
    archive_existing_versions: bool = False


class ModelVersionReference(Request):
    name: str
    version: str


class SearchModelVersions(Request):
    filter: str = ""
    max_results: Int64 = 200_000
    order_by: list[str] = []
    page_token: str = ""


class SetModelVersionTag(Request):
    name: str
    version: str
    key: str
    value: str = ""


class DeleteModelVersionTag(Request):
    name: str
    version: str
    key: str


# ------------------------------------------------------------------ What clients get


class ModelVersion(Response):
    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    description: str
    source: str
    run_id: str
    status: str
    run_link: str
    user_id: str = ""
    status_message: str = ""
    model_id: str = ""
    tags: list[Pair] = []
    aliases: list[str] = []


class RegisteredModelAlias(Response):
    alias: str
    version: str


class RegisteredModel(Response):
    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""
    latest_versions: list[ModelVersion] = []
    tags: list[Pair] = []
    aliases: list[RegisteredModelAlias] = []


class RegisteredModelResponse(Response):
    registered_model: RegisteredModel


class SearchRegisteredModelsResponse(Response):
    registered_models: list[RegisteredModel] = []
    next_page_token: str = ""


class ModelVersionResponse(Response):
    model_version: ModelVersion


class ModelVersionsResponse(Response):
    model_versions: list[ModelVersion] = []
    next_page_token: str = ""


class GetModelVersionDownloadUriResponse(Response):
    artifact_uri: str
