"""What can be changed from a comparison; each change leads back to the same page of it."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST

from runs.access import NoSuchRun, get_comparison, get_run, get_runs
from runs.actions.directions import direct_metric
from runs.actions.runs import delete_tag, restore_run, set_tag, update_run
from runs.colors import CHOICES, COLOR_TAG, chosen_colors
from runs.comparing.address import PageAddress, tab_named
from runs.comparing.subject import MAX_RUNS
from runs.forms import NameAndColorForm


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, workspace: str, selection: str = "") -> HttpResponse:
    """Another name or color for the run that ``id`` names: a page, or the inside of a dialog."""
    sent = request.POST if request.method == "POST" else request.GET
    run = get_run(request, sent.get("id", ""))
    address, tab = _address(sent, workspace, selection)
    back_url = address.at(tab)
    color = chosen_colors([run.pk]).get(run.pk, "")
    # A color of a client's own stays one of those to choose from.
    own = [] if not color or color in dict(CHOICES) else [(color, "As it is")]
    known = {"name": run.name, "color": color}
    form = NameAndColorForm(
        request.POST if request.method == "POST" else None,
        initial=known,
        colors=[*CHOICES, *own],
    )
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        if wanted["name"] != run.name:
            update_run(run, name=wanted["name"])
        if wanted["color"] and wanted["color"] != color:
            set_tag(run, key=COLOR_TAG, value=wanted["color"])
        elif color and not wanted["color"]:
            delete_tag(run, key=COLOR_TAG)
        return redirect(back_url)
    context = {
        "workspace": run.experiment.workspace,
        "run": run,
        "form": form,
        "change_url": address.path_to("compare_run"),
        "back_url": back_url,
        "pairs": [*address.pairs, ("tab", tab), ("id", run.run_id)],
    }
    name = "_run_form" if request.htmx else "run_form"
    status = 422 if form.is_bound else 200
    response = render(request, f"runs/comparing/{name}.html", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
def restore(request: HttpRequest, workspace: str, selection: str = "") -> HttpResponse:
    """Take the run that ``id`` names out of the Trash."""
    run = get_run(request, request.POST.get("id", ""))
    restore_run(run)
    messages.success(request, f"{run.name} is restored.")
    address, tab = _address(request.POST, workspace, selection)
    return redirect(address.at(tab))


@require_POST
def direct(request: HttpRequest, workspace: str, selection: str = "") -> HttpResponse:
    """Say which values of ``metric`` are better, in the experiments of the compared runs."""
    address, tab = _address(request.POST, workspace, selection)
    if selection:
        runs = get_comparison(request, selection).runs.select_related("experiment")
    else:
        runs = get_runs(request, address.run_ids[:MAX_RUNS])
    experiments = list({run.experiment_id: run.experiment for run in runs}.values())
    if not experiments:
        raise NoSuchRun("None of these runs exists, so nothing was saved.")
    metric = request.POST.get("metric", "")
    direct_metric(experiments, metric=metric, better=request.POST.get("better", ""))
    messages.success(request, f"Saved for everyone: {metric}")
    return redirect(address.at(tab))


def _address(sent, workspace: str, selection: str) -> tuple[PageAddress, str]:
    address, _ = PageAddress.read(sent)
    tab = tab_named(sent.get("tab", ""))
    return replace(address, workspace=workspace, selection=selection), tab
