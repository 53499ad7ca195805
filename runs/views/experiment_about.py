"""What an experiment is about, in the words of those who run it, and how to log to it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from experiments.access import get_experiment
from experiments.models import NOTE_TAG
from runs.home import experiment_rows
from runs.scope import Scope
from runs.snippets import autologged_run, first_run
from workspaces.access import tracking_uri


@require_safe
def about(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    """The description, tags and settings of an experiment, for reading."""
    experiment = get_experiment(request, experiment_id)
    tags = dict(experiment.tags.order_by("key").values_list("key", "value"))
    address = tracking_uri(request)
    context = {
        "workspace": experiment.workspace,
        "experiment": experiment,
        "row": experiment_rows([experiment])[0],
        "note": tags.get(NOTE_TAG, ""),
        "tags": [(key, value) for key, value in tags.items() if not key.startswith("mlflow.")],
        "replicate_keys": experiment.replicate_keys.splitlines(),
        "default_view": Scope(experiment.workspace, experiment).default_view,
        "tracking_uri": address,
        "snippet": first_run(address, experiment.name),
        "autolog_snippet": autologged_run(address, experiment.name),
    }
    return render(request, "runs/experiment_about.html", context)


urlpatterns = [
    path("experiments/<int:experiment_id>/about/", about, name="list_about"),
]
