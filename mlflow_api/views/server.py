"""What clients and load balancers ask about the server itself."""

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from artifacts.paths import ArtifactPath
from core.errors import Invalid, Unavailable
from experiments.access import experiment_key
from mlflow_api.endpoint import call, endpoint, guarded
from mlflow_api.schemas.runs import DatasetSummary, SearchDatasets, SearchDatasetsResponse
from runs.files import artifact_store
from runs.models import RunInput
from workspaces.access import get_workspace

# The MLflow whose behavior this server has; clients decide by it what they may call.
COMPATIBLE_MLFLOW = "3.17.2"

MAX_DATASETS = 1000
MAX_EXPERIMENTS = 20

_SERVER_INFO = {
    "store_type": "SqlStore",
    "workspaces_enabled": True,
    "trace_archival_enabled": False,
    # Only on demand: clients send parts without their own certificates and credentials, which
    # a proxy in front may insist on, and do not fall back.
    "multipart_uploads_enabled": settings.ENVIRONMENT.TRACKER_MULTIPART_UPLOADS,
    "multipart_downloads_enabled": False,
    "artifact_serving_enabled": True,
    "presigned_upload_run_id_supported": False,
    "presigned_upload_model_id_supported": False,
    "model_artifact_presigned_downloads_supported": False,
    "artifacts_presigned_only": False,
    "features_enabled": {},
}


class BadExperiments(Invalid):
    """Too many experiments are asked about at once, or none."""


def health(request: HttpRequest, workspace: str = "") -> HttpResponse:
    """The process answers."""
    return HttpResponse("OK", content_type="text/plain")


def version(request: HttpRequest, workspace: str = "") -> HttpResponse:
    return HttpResponse(COMPATIBLE_MLFLOW, content_type="text/plain")


@guarded
def ready(request: HttpRequest, workspace: str = "") -> HttpResponse:
    """The database answers and is migrated, and the store can be read."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        raise Unavailable("The database does not answer.") from None
    if waiting:
        raise Unavailable(f"{len(waiting)} migrations are not applied: run `manage.py migrate`.")
    artifact_store().list(ArtifactPath())
    return HttpResponse("ready", content_type="text/plain")


@guarded
def server_info(request: HttpRequest, workspace: str = "") -> HttpResponse:
    return HttpResponse(msgspec.json.encode(_SERVER_INFO), content_type="application/json")


@endpoint
def search_datasets(request: HttpRequest, body: SearchDatasets) -> SearchDatasetsResponse:
    """The data sets that runs of the experiments read, each with each of its contexts."""
    if not body.experiment_ids:
        raise BadExperiments("SearchDatasets request must specify at least one experiment_id.")
    if len(body.experiment_ids) > MAX_EXPERIMENTS:
        raise BadExperiments(
            f"SearchDatasets request cannot specify more than {MAX_EXPERIMENTS} experiment_ids. "
            f"Received {len(body.experiment_ids)} experiment_ids."
        )
    keys = [experiment_key(each) for each in body.experiment_ids]
    rows = (
        RunInput.objects.filter(
            dataset__experiment__in=[key for key in keys if 0 <= key < 2**63],
            dataset__experiment__workspace=get_workspace(request),
        )
        .order_by("dataset__experiment", "dataset__name", "dataset__digest", "context")
        .values_list("dataset__experiment", "dataset__name", "dataset__digest", "context")
        .distinct()[:MAX_DATASETS]
    )
    return SearchDatasetsResponse(
        [DatasetSummary(str(experiment), *rest) for experiment, *rest in rows]
    )


# Below api/2.0/mlflow/
urlpatterns = [call("experiments/search-datasets", POST=search_datasets)]
