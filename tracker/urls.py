"""Every address of the site, room by room."""

from django.urls import include, path
from django.views.generic import RedirectView

from runs.views.home import help_page, workspace_home
from tracker.views import search_page
from workspaces.models import DEFAULT_SLUG

# The home of a workspace lists its experiments by their runs, so its view stands above both.
_workspaces = [path("", workspace_home, name="detail")]

# Addresses without a workspace, as MLflow's own pages have them.
_moved = [
    # A browser keeps what follows the # across this: static/js/links.js reads it there.
    path("", RedirectView.as_view(url=f"/w/{DEFAULT_SLUG}/"), name="home"),
    path(
        "experiments/<int:experiment_id>/",
        RedirectView.as_view(url=f"/w/{DEFAULT_SLUG}/experiments/%(experiment_id)s/"),
    ),
    path(
        "experiments/<int:experiment_id>/runs/<str:run_id>/",
        RedirectView.as_view(url=f"/w/{DEFAULT_SLUG}/runs/%(run_id)s/"),
    ),
]

urlpatterns = [
    *_moved,
    path("help/", help_page, name="help"),
    path("w/<slug:workspace>/", include((_workspaces, "workspaces"))),
    path("w/<slug:workspace>/search/", search_page, name="search"),
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
