"""The page of one run, and what can be done to the run from there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from artifacts.media import disposition
from core.freshness import unless_known, weak_tag
from experiments.models import NOTE_TAG
from runs.access import get_run
from runs.actions.runs import (
    delete_run,
    delete_tag,
    give_up_run,
    restore_run,
    set_tag,
    update_run,
)
from runs.browse import first_choice, shown, tree
from runs.detail import read_detail, read_header
from runs.export import run_document
from runs.forms import NewTagForm, NoteForm, RenameForm, TagForm, TagNameForm
from runs.freshness import facts_of_run
from runs.models import Run
from runs.run_tags import MAX_TAGS, read_tags
from workspaces.access import tracking_uri


@require_safe
def run_detail(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """Everything about one run: Fabric's "Run details"."""
    return _page(request, get_run(request, run_id))


@require_safe
def run_export(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """The run's metadata as JSON, for analysis in other tools."""
    run = get_run(request, run_id)
    response = JsonResponse(run_document(run), json_dumps_params={"indent": 2})
    response.headers["Content-Disposition"] = disposition(f"{run.name}.json")
    return response


@require_POST
def run_rename(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    run = get_run(request, run_id)
    form = RenameForm(request.POST)
    if not form.is_valid():
        return _page(request, run, rename_form=form)
    update_run(run, name=form.cleaned_data["name"])
    return redirect(run)


@require_POST
def run_note(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """Write the run's note; an empty one takes it away."""
    run = get_run(request, run_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, run, note_form=form)
    set_tag(run, key=NOTE_TAG, value=form.cleaned_data["note"])
    return _back(run, "notes")


@require_POST
def run_tags(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """Add a tag."""
    run = get_run(request, run_id)
    form = NewTagForm(request.POST, taken={pair.key for pair in read_tags(run).own})
    if not form.is_valid():
        return _tags(request, run, new_tag_form=form)
    set_tag(run, key=form.cleaned_data["key"], value=form.cleaned_data["value"])
    return _tags(request, run)


@require_POST
def run_tag_change(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """Give a tag another value."""
    run = get_run(request, run_id)
    form = TagForm(request.POST)
    if not form.is_valid():
        return _tags(request, run, changed_tag_form=form)
    set_tag(run, key=form.cleaned_data["key"], value=form.cleaned_data["value"])
    return _tags(request, run)


@require_POST
def run_tag_remove(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    run = get_run(request, run_id)
    form = TagNameForm(request.POST)
    if not form.is_valid():
        return _tags(request, run, changed_tag_form=form)
    delete_tag(run, key=form.cleaned_data["key"])
    return _tags(request, run)


@require_POST
def run_mark_failed(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """End a run whose code has gone without saying so."""
    run = get_run(request, run_id)
    if give_up_run(run):
        messages.success(request, f"{run.name} is marked as failed.")
    else:
        messages.info(request, f"{run.name} has ended by itself meanwhile.")
    return redirect(run)


@require_POST
def run_trash(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """Move the run to the Trash; its page, which follows, offers to take it back."""
    run = get_run(request, run_id)
    delete_run(run)
    return redirect(run)


@require_POST
def run_restore(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    run = get_run(request, run_id)
    restore_run(run)
    messages.success(request, f"{run.name} is restored.")
    return redirect(run)


def _page(request: HttpRequest, run: Run, **forms) -> HttpResponse:
    """The page, with the forms that were refused open and their values kept."""
    header = read_header(run, tags_shown=None if request.GET.get("tags") == "all" else MAX_TAGS)
    detail = read_detail(
        header,
        metric_search=request.GET.get("metric", ""),
        param_search=request.GET.get("param", ""),
        charted=request.GET.get("show", ""),
    )
    chosen = first_choice(header.files)
    context = {
        "workspace": run.experiment.workspace,
        "experiment": run.experiment,
        "run": run,
        "header": header,
        "detail": detail,
        "tags": header.tags,
        "note_form": NoteForm(initial={"note": header.tags.note}),
        "rename_form": RenameForm(initial={"name": run.name}),
        "new_tag_form": NewTagForm(),
        "tree": tree(header.files, chosen),
        "shown": shown(
            header.files, chosen, page=None, run=run, tracking_uri=tracking_uri(request)
        ),
        "files": header.files,
        "metric_snippet": _metric_snippet(tracking_uri(request), run),
        **forms,
    }
    context["version"] = weak_tag(facts_of_run(header, detail))
    if request.htmx and not forms:
        return unless_known(
            request,
            context["version"],
            lambda: render(request, "runs/run_detail.html", context),
        )
    return render(request, "runs/run_detail.html", context, status=422 if forms else 200)


def _tags(request: HttpRequest, run: Run, **forms) -> HttpResponse:
    """The panel of tags for htmx; for others the page, at once or, if all went well, again."""
    if not request.htmx:
        return _page(request, run, **forms) if forms else _back(run, "tags")
    context = {
        "run": run,
        "workspace": run.experiment.workspace,
        "tags": read_tags(run),
        "new_tag_form": NewTagForm(),
        **forms,
    }
    return render(request, "runs/_tags.html", context, status=422 if forms else 200)


def _metric_snippet(uri: str, run: Run) -> str:
    return "\n".join(
        [
            "import mlflow",
            "",
            f'mlflow.set_tracking_uri("{uri}")',
            f'with mlflow.start_run(run_id="{run.run_id}"):',
            '    mlflow.log_metric("accuracy", 0.93)',
        ]
    )


def _back(run: Run, part: str) -> HttpResponse:
    address = reverse("runs:detail", args=[run.experiment.workspace.slug, run.run_id])
    return HttpResponseRedirect(f"{address}#{part}")
