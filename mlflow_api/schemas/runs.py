"""The messages of runs, their data and their metric histories, named as MLflow names them."""

import msgspec

from mlflow_api.schemas.common import Int32, Int64, Pair, Request, Response

# ------------------------------------------------------------------ What clients send


class MetricPoint(Request):
    key: str
    value: float
    timestamp: Int64
    step: Int64 = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class CreateRun(Request):
    experiment_id: str = ""
    user_id: str = ""
    run_name: str = ""
    start_time: Int64 = 0
    tags: list[Pair] = []


class UpdateRun(Request):
    run_id: str
    status: str | int | None = None
    end_time: Int64 | None = None
    run_name: str = ""


class RunReference(Request):
    run_id: str


class LogMetric(Request):
    run_id: str
    key: str
    value: float
    timestamp: Int64
    step: Int64 = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LogParam(Request):
    run_id: str
    key: str
    value: str = ""


class SetTag(Request):
    run_id: str
    key: str
    value: str = ""


class DeleteTag(Request):
    run_id: str
    key: str


class LogBatch(Request):
    run_id: str
    metrics: list[MetricPoint] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class LogModel(Request):
    run_id: str
    model_json: str


class SearchRuns(Request):
    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: str | int = "ACTIVE_ONLY"
    max_results: Int32 = 1000
    order_by: list[str] = []
    page_token: str = ""


class Dataset(Request):
    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str = ""
    profile: str = ""


class DatasetInput(Request):
    dataset: Dataset
    tags: list[Pair] = []


class ModelInput(Request):
    model_id: str


class ModelOutput(Request):
    model_id: str
    step: Int64 = 0


class LogInputs(Request):
    run_id: str
    datasets: list[DatasetInput] = []
    models: list[ModelInput] = []


class LogOutputs(Request):
    run_id: str
    models: list[ModelOutput]


class GetMetricHistory(Request):
    run_id: str
    metric_key: str
    page_token: str = ""
    max_results: Int32 | None = None


class GetMetricHistoryBulk(Request):
    metric_key: str = ""
    run_id: list[str] = []
    max_results: Int32 = 25_000


class GetMetricHistoryBulkInterval(Request):
    metric_key: str
    run_ids: list[str] = []
    start_step: Int64 | None = None
    end_step: Int64 | None = None
    max_results: Int32 = 2500


class SearchDatasets(Request):
    experiment_ids: list[str] = []


# ------------------------------------------------------------------ What clients get


class Metric(Response):
    key: str
    value: float | str
    timestamp: int
    step: int
    run_id: str = ""
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class RunInfo(Response):
    run_id: str
    run_uuid: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    artifact_uri: str
    lifecycle_stage: str
    end_time: int | None = None


class RunData(Response):
    metrics: list[Metric] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class LoggedDataset(Response):
    name: str
    digest: str
    source_type: str
    source: str
    schema: str = ""
    profile: str = ""


class LoggedDatasetInput(Response):
    dataset: LoggedDataset
    tags: list[Pair] = []


class RunInputs(Response):
    dataset_inputs: list[LoggedDatasetInput] = []
    model_inputs: list[ModelInput] = []


class RunOutputs(Response):
    model_outputs: list[ModelOutput] = []


class Run(Response):
    info: RunInfo
    data: RunData
    inputs: RunInputs
    outputs: RunOutputs | None = None


class RunResponse(Response):
    run: Run


class UpdateRunResponse(Response):
    run_info: RunInfo


class SearchRunsResponse(Response):
    runs: list[Run] = []
    next_page_token: str = ""


class GetMetricHistoryResponse(Response):
    metrics: list[Metric] = []
    next_page_token: str = ""


class GetMetricHistoryBulkResponse(msgspec.Struct):
    # Always there, for this call is one that MLflow answers without a message of its own.
    metrics: list[Metric]


class DatasetSummary(Response):
    experiment_id: str
    name: str
    digest: str
    context: str = ""


class SearchDatasetsResponse(Response):
    dataset_summaries: list[DatasetSummary] = []
