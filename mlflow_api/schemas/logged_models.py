"""The messages of logged models, named as MLflow names them."""

from mlflow_api.schemas.common import Int32, Int64, Pair, Request, Response
from mlflow_api.schemas.runs import Metric


class CreateLoggedModel(Request):
    experiment_id: str
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: list[Pair] = []
    tags: list[Pair] = []


class FinalizeLoggedModel(Request):
    status: str | int


class LogLoggedModelParams(Request):
    params: list[Pair] = []


class SetLoggedModelTags(Request):
    tags: list[Pair] = []


class DatasetFilter(Request):
    dataset_name: str
    dataset_digest: str = ""


class OrderBy(Request):
    field_name: str
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class SearchLoggedModels(Request):
    experiment_ids: list[str]
    filter: str = ""
    datasets: list[DatasetFilter] = []
    max_results: Int32 | Int64 = 50
    order_by: list[OrderBy] = []
    page_token: str = ""


class Registration(Response):
    name: str
    version: str


class LoggedModelInfo(Response):
    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    model_type: str
    source_run_id: str
    status_message: str = ""
    tags: list[Pair] = []
    registrations: list[Registration] = []


class LoggedModelData(Response):
    params: list[Pair] = []
    metrics: list[Metric] = []


class LoggedModel(Response):
    info: LoggedModelInfo
    data: LoggedModelData


class LoggedModelResponse(Response):
    model: LoggedModel


class SearchLoggedModelsResponse(Response):
    models: list[LoggedModel] = []
    next_page_token: str = ""
