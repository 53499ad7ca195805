"""The messages of experiments, named as MLflow names them."""

from mlflow_api.schemas.common import Int64, Pair, Request, Response


class GetExperiment(Request):
    experiment_id: str


class GetExperimentByName(Request):
    experiment_name: str


class CreateExperiment(Request):
    name: str
    artifact_location: str = ""
    tags: list[Pair] = []


class UpdateExperiment(Request):
    experiment_id: str
    new_name: str


class SearchExperiments(Request):
    max_results: Int64 = 0
    page_token: str = ""
    filter: str = ""
    order_by: list[str] = []
    view_type: str | int = "ACTIVE_ONLY"


class SetExperimentTag(Request):
    experiment_id: str
    key: str
    value: str = ""


class DeleteExperimentTag(Request):
    experiment_id: str
    key: str


class Experiment(Response):
    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    last_update_time: int
    creation_time: int
    workspace: str
    tags: list[Pair] = []


class CreateExperimentResponse(Response):
    experiment_id: str


class GetExperimentResponse(Response):
    experiment: Experiment


class SearchExperimentsResponse(Response):
    experiments: list[Experiment] = []
    next_page_token: str = ""
