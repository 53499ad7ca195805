"""Creating experiments, and moving them to the trash and back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refused
from core.middleware.refusals import form_status
from experiments import actions
from experiments.access import get_experiment
from experiments.forms import NewExperimentForm, TagRows, all_tags, fault_of
from workspaces.access import get_workspace
from workspaces.models import Workspace


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, workspace: str) -> HttpResponse:
    """New → Experiment."""
    place = get_workspace(request)
    if request.method != "POST":
        # A list without experiments asks for a name already.
        initial = {"name": request.GET.get("name", "")}
        return _form_page(
            request, place, NewExperimentForm(initial=initial, workspace=place), TagRows()
        )
    rows = TagRows(request.POST)
    if "add_tag" in request.POST or "remove_tag" in request.POST:
        form = NewExperimentForm(initial=request.POST.dict(), workspace=place)
        return _form_page(request, place, form, rows)
    form = NewExperimentForm(request.POST, workspace=place)
    if not (form.is_valid() and rows.is_valid):
        return _form_page(request, place, form, rows, 422)
    try:
        experiment = actions.create_experiment(
            workspace=place,
            name=form.cleaned_data["name"],
            tags=all_tags(form, rows),
            replicate_keys=form.cleaned_data["replicate_keys"],
            artifact_location=form.cleaned_data["artifact_location"],
        )
    except Refused as refusal:
        field, text = fault_of(refusal)
        form.add_error(field, text)
        return _form_page(request, place, form, rows, form_status(refusal))
    messages.success(request, f"Created {experiment.name}")
    return redirect(experiment)


@require_POST
def move_to_trash(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    experiment = get_experiment(request, experiment_id)
    actions.delete_experiment(experiment)
    context = {
        "text": f"Moved {experiment.name} to Trash",
        "undo_url": reverse("experiments:restore", args=[workspace, experiment.pk]),
    }
    messages.success(request, render_to_string("components/_undo.html", context, request))
    return redirect("workspaces:detail", workspace)


@require_POST
def restore(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    experiment = get_experiment(request, experiment_id)
    actions.restore_experiment(experiment)
    messages.success(request, f"Restored {experiment.name}")
    return redirect(experiment)


def _form_page(
    request: HttpRequest,
    place: Workspace,
    form: NewExperimentForm,
    rows: TagRows,
    status: int = 200,
) -> HttpResponse:
    context = {
        "workspace": place,
        "form": form,
        "tag_rows": rows,
        "faults": rows.faults if status != 200 else [],
    }
    return render(request, "experiments/form.html", context, status=status)
