"""Every address of the site, room by room."""

from django.urls import include, path

urlpatterns = [
    path("", include("workspaces.urls")),
    path("w/<slug:workspace>/", include("experiments.urls")),
    path("w/<slug:workspace>/", include("runs.urls")),
    path("w/<slug:workspace>/", include("registry.urls")),
    path("", include("mlflow_api.urls")),
    # The same wire below a workspace's address, which can be a client's tracking URI.
    path("w/<slug:workspace>/", include("mlflow_api.urls")),
]

handler400 = "core.errorpages.bad_request"
handler403 = "core.errorpages.permission_denied"
handler404 = "core.errorpages.not_found"
handler500 = "core.errorpages.server_error"
