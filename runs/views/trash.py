"""The trash: what is in it comes back, or goes for good."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from core.time import now_ms
from experiments.models import DEFAULT_EXPERIMENT_ID
from runs.actions.bulk import MAX_AT_ONCE, in_parts, restore_runs
from runs.forms import ConfirmCountForm
from runs.purging import purge, purge_with_runs
from runs.scope import Scope, get_scope
from runs.trash import freed_by, read_doomed, trashed_experiments, trashed_runs
from runs.undo import message_with_undo, offer_undo_of_restore

_RUNS_PER_PAGE = 100
_MAX_EXPERIMENTS = 200


@require_safe
def trash(request: HttpRequest, workspace: str, experiment_id: int | None = None) -> HttpResponse:
    """The runs in the trash of one experiment or of a workspace, and its experiments there."""
    scope = get_scope(request, experiment_id)
    if scope.experiment and not scope.experiment.is_active:
        # All of it is in the trash, and its list says so.
        return HttpResponseRedirect(scope.address())
    experiments = [] if scope.experiment else list(trashed_experiments(scope)[:_MAX_EXPERIMENTS])
    runs = trashed_runs(scope).select_related("experiment__workspace")
    page = Paginator(runs, _RUNS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "workspace": scope.workspace,
        "experiment": scope.experiment,
        "experiments": experiments,
        "most_experiments": _MAX_EXPERIMENTS,
        "default_id": DEFAULT_EXPERIMENT_ID,
        "page": page,
        "now": now_ms(),
        "restore_url": scope.address("restore"),
        "purge_url": scope.address("purge"),
        "all_purge_url": Scope(scope.workspace, None).address("purge"),
        "summary": f"{page.start_index():,}–{page.end_index():,} of {page.paginator.count:,} runs",
        "previous_url": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "next_url": f"?page={page.next_page_number()}" if page.has_next() else "",
    }
    return render(request, "runs/trash.html", context)


@require_POST
def restore(request: HttpRequest, workspace: str, experiment_id: int | None = None) -> HttpResponse:
    """Take the ticked runs out of the trash, or one, or all."""
    scope = get_scope(request, experiment_id)
    runs = trashed_runs(scope)
    back = scope.address("trash")
    if "all" not in request.POST:
        asked = request.POST.getlist("only")[-1:] or request.POST.getlist("run")
        runs = runs.filter(run_id__in=[text for text in asked if "\x00" not in text])
    asked = list(runs.values_list("pk", flat=True)[:MAX_AT_ONCE])
    found = [key for part in in_parts(restore_runs, asked) for key in part]
    if found:
        offer = offer_undo_of_restore(request, found, workspace=scope.workspace, back=back)
        text = f"Restored {_runs(len(found))}"
        messages.success(request, message_with_undo(request, text, offer))
    else:
        messages.info(request, "None of these runs is in the Trash.")
    return HttpResponseRedirect(back)


@require_POST
def delete_forever(
    request: HttpRequest, workspace: str, experiment_id: int | None = None
) -> HttpResponse:
    """Say what would go for good; with the number of items typed, remove it."""
    scope = get_scope(request, experiment_id)
    doomed = read_doomed(scope, request.POST)
    back = scope.address("trash")
    if not doomed.count:
        messages.info(request, "None of these is in the Trash.")
        return HttpResponseRedirect(back)
    is_typed = "count" in request.POST
    form = ConfirmCountForm(request.POST if is_typed else None, expected=doomed.count)
    if is_typed and form.is_valid():
        if doomed.experiment:
            count = purge_with_runs(doomed.experiment, doomed.runs)
        else:
            count = purge(doomed.runs)
        messages.success(request, f"Deleted {count:,} item{'' if count == 1 else 's'} for good")
        return HttpResponseRedirect(back)
    context = {
        "workspace": scope.workspace,
        "experiment": scope.experiment,
        "doomed": doomed,
        "freed": freed_by(doomed.runs),
        "form": form,
        "trash_url": back,
    }
    return render(request, "runs/trash_delete.html", context, status=422 if is_typed else 200)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
