"""The settings of an experiment: what it is about, and how its runs are compared and written."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from core.errors import Refused
from core.middleware.refusals import form_status
from experiments.access import get_experiment
from experiments.actions import HIGHER_IS_BETTER_TAG, PRIMARY_METRIC_TAG
from experiments.forms import TagRows, all_tags, fault_of
from experiments.models import Experiment
from runs.actions.settings import change_settings
from runs.actions.views import NoSuchView
from runs.experiment_settings import (
    ExperimentSettingsForm,
    MetricRows,
    metric_names,
    settings_initial,
)

_ADDING = {"add_tag", "remove_tag", "add_metric"}


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    """All that people say of an experiment, in one form."""
    experiment = get_experiment(request, experiment_id)
    tags = dict(experiment.tags.values_list("key", "value"))
    own = {key: value for key, value in tags.items() if not key.startswith("mlflow.")}
    names = metric_names(experiment)
    views = list(experiment.views.order_by("name", "pk"))
    choices = [(view.slug, view.name) for view in views]
    default = next((view.slug for view in views if view.is_default), "")
    if request.method != "POST":
        initial = settings_initial(experiment, tags, default)
        form = ExperimentSettingsForm(initial=initial, views=choices)
        rows, metrics = TagRows(initial=own), MetricRows(experiment, names)
        return _page(request, experiment, form, rows, metrics)
    rows, metrics = TagRows(request.POST), MetricRows(experiment, names, request.POST)
    if _ADDING & request.POST.keys():
        form = ExperimentSettingsForm(initial=request.POST.dict(), views=choices)
        return _page(request, experiment, form, rows, metrics)
    form = ExperimentSettingsForm(request.POST, views=choices)
    if not (form.is_valid() and rows.is_valid and metrics.is_valid):
        return _page(request, experiment, form, rows, metrics, status=422)
    given = form.cleaned_data
    said = metrics.settings
    if primary := given["primary_metric"]:
        # Which of its values are better is said above the table.
        _, number_format = said.get(primary, ("", experiment.said_of(primary).get("format", "")))
        said[primary] = ("", number_format)
    removed = own.keys() - rows.tags.keys()
    if not primary:
        removed |= {PRIMARY_METRIC_TAG, HIGHER_IS_BETTER_TAG}
    try:
        change_settings(
            experiment,
            name=given["name"],
            tags=all_tags(form, rows),
            removed=removed,
            replicate_keys=given["replicate_keys"],
            stalled_after_minutes=given["stalled_after_minutes"],
            metrics=said,
            default_view=given["default_view"],
        )
    except Refused as refusal:
        field, text = _fault(refusal)
        form.add_error(field, text)
        return _page(request, experiment, form, rows, metrics, status=form_status(refusal))
    messages.success(request, "Saved")
    return redirect(experiment)


def _fault(refusal: Refused) -> tuple[str | None, str]:
    """The field that a refusal is about, and what is said beside it."""
    if isinstance(refusal, NoSuchView):
        return "default_view", refusal.message
    return fault_of(refusal)


def _page(
    request: HttpRequest,
    experiment: Experiment,
    form: ExperimentSettingsForm,
    rows: TagRows,
    metrics: MetricRows,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "workspace": experiment.workspace,
        "experiment": experiment,
        "form": form,
        "tag_rows": rows,
        "metrics": metrics,
        "faults": [*rows.faults, *metrics.faults] if status != 200 else [],
    }
    return render(request, "runs/experiment_settings.html", context, status=status)


urlpatterns = [
    path("experiments/<int:experiment_id>/settings/", settings, name="list_settings"),
]
