"""Creating and changing experiments."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refused
from core.middleware.refusals import form_status
from experiments import actions
from experiments.access import get_experiment
from experiments.forms import ExperimentForm, TagRows
from experiments.models import NOTE_TAG, Experiment
from workspaces.access import get_workspace


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, workspace: str) -> HttpResponse:
    """New → Experiment."""
    place = get_workspace(request)
    if request.method != "POST":
        return _form_page(request, place, ExperimentForm(), TagRows())
    form, rows = ExperimentForm(request.POST), TagRows(request.POST)
    if "add_tag" in request.POST or "remove_tag" in request.POST:
        return _form_page(request, place, ExperimentForm(initial=request.POST.dict()), rows)
    if not (form.is_valid() and rows.is_valid):
        return _form_page(request, place, form, rows, status=422)
    try:
        experiment = actions.create_experiment(
            workspace=place, name=form.cleaned_data["name"], tags=_all_tags(form, rows)
        )
    except actions.ExperimentNameTaken as taken:
        form.add_error("name", _name_taken(taken.experiment))
        return _form_page(request, place, form, rows, status=422)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return _form_page(request, place, form, rows, status=form_status(refusal))
    messages.success(request, f"Created {experiment.name}")
    return redirect(experiment)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    """Rename an experiment, and say what it is about."""
    experiment = get_experiment(request, experiment_id)
    place = experiment.workspace
    tags = dict(experiment.tags.values_list("key", "value"))
    own = {key: value for key, value in tags.items() if not key.startswith("mlflow.")}
    if request.method != "POST":
        form = ExperimentForm(
            initial={
                "name": experiment.name,
                "description": tags.get(NOTE_TAG, ""),
                "primary_metric": experiment.primary_metric,
                "primary_direction": experiment.primary_direction,
            }
        )
        return _form_page(request, place, form, TagRows(initial=own), experiment=experiment)
    form, rows = ExperimentForm(request.POST), TagRows(request.POST)
    if "add_tag" in request.POST or "remove_tag" in request.POST:
        form = ExperimentForm(initial=request.POST.dict())
        return _form_page(request, place, form, rows, experiment=experiment)
    if not (form.is_valid() and rows.is_valid):
        return _form_page(request, place, form, rows, experiment=experiment, status=422)
    try:
        actions.change_experiment(
            experiment,
            name=form.cleaned_data["name"],
            tags=_all_tags(form, rows),
            removed=own.keys() - rows.tags.keys(),
        )
    except actions.ExperimentNameTaken as taken:
        form.add_error("name", _name_taken(taken.experiment))
        return _form_page(request, place, form, rows, experiment=experiment, status=422)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        status = form_status(refusal)
        return _form_page(request, place, form, rows, experiment=experiment, status=status)
    messages.success(request, "Saved")
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
    return redirect("runs:all_trash", workspace)


@require_POST
def restore(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    experiment = get_experiment(request, experiment_id)
    actions.restore_experiment(experiment)
    messages.success(request, f"Restored {experiment.name}")
    return redirect(experiment)


def _form_page(
    request: HttpRequest,
    place,
    form: ExperimentForm,
    rows: TagRows,
    *,
    experiment: Experiment | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"workspace": place, "form": form, "tag_rows": rows, "experiment": experiment}
    return render(request, "experiments/form.html", context, status=status)


def _all_tags(form: ExperimentForm, rows: TagRows) -> dict[str, str]:
    """The tags that the form means, MLflow's own for what it says in words among them."""
    tags = dict(rows.tags)
    given = form.cleaned_data
    tags[NOTE_TAG] = given["description"]
    if given["primary_metric"]:
        tags[actions.PRIMARY_METRIC_TAG] = given["primary_metric"]
        higher = given["primary_direction"] != "lower"
        tags[actions.HIGHER_IS_BETTER_TAG] = str(higher)
    return tags


def _name_taken(other: Experiment) -> str:
    if not other.is_active:
        return format_html(
            "An experiment in the Trash has this name. "
            '<a href="{}">Restore it</a> or choose another name.',
            other.get_absolute_url(),
        )
    return format_html(
        'This name is taken. <a href="{}">Open {}</a> or choose another name.',
        other.get_absolute_url(),
        other.name,
    )
