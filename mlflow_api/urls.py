"""Every address that MLflow clients call."""

from django.urls import include, path

from mlflow_api.endpoint import call
from mlflow_api.views import (
    artifacts,
    experiments,
    logged_models,
    metrics,
    registry,
    runs,
    server,
    workspaces,
)

_CALLS = [
    *runs.urlpatterns,
    *metrics.urlpatterns,
    *experiments.urlpatterns,
    *logged_models.urlpatterns,
    *registry.urlpatterns,
    *artifacts.urlpatterns,
    *server.urlpatterns,
]

# MLflow serves each call to clients and to its own pages under two names.
_BASES = ["api", "ajax-api"]

urlpatterns = [
    path("health", server.health),
    path("ready", server.ready),
    path("version", server.version),
    call("get-artifact", GET=artifacts.get_of_run),
    call("model-versions/get-artifact", GET=registry.get_artifact),
    *(
        pattern
        for base in _BASES
        for pattern in (
            path(f"{base}/2.0/mlflow/", include(_CALLS)),
            path(f"{base}/2.0/mlflow-artifacts/", include(artifacts.proxy_urlpatterns)),
            path(f"{base}/3.0/mlflow/", include(workspaces.urlpatterns)),
            call(f"{base}/3.0/mlflow/server-info", GET=server.server_info),
        )
    ),
]
