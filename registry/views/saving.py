"""Save as ML model: from a run to a version of a new or an existing model."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from core.errors import Refused, Unavailable
from experiments.forms import TagRows
from registry.actions import saving as actions
from registry.actions.errors import ModelNameTaken
from registry.forms import SaveForm
from registry.models import ModelVersion, RegisteredModel
from registry.save import (
    ModelFolder,
    model_folders,
    models_to_add_to,
    suggested_model,
    suggested_name,
)
from registry.snippets import log_model_snippet
from registry.views.models import name_fault
from registry.views.pages import typed
from runs.access import get_run
from runs.files import run_store
from runs.models import Run
from workspaces.access import tracking_uri


@require_http_methods(["GET", "HEAD", "POST"])
def save_run(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """Ask where the run's model goes, and put it there."""
    run = get_run(request, run_id)
    folders = model_folders(run)
    if not folders or not run.is_active:
        return _nothing_to_save(request, run, folders)
    if request.method != "POST":
        return _page(request, run, folders, SaveForm(initial=_first_choices(run, folders)))

    form, rows = SaveForm(request.POST), TagRows(request.POST)
    if {"find", "add_tag", "remove_tag"} & request.POST.keys():
        return _page(request, run, folders, SaveForm(initial=request.POST.dict()), rows)
    version = _saved(form, rows, run, folders)
    if version is None:
        return _page(request, run, folders, form, rows, status=422)
    messages.success(
        request,
        format_html(
            'Saved as {} · <a href="{}">View ML model</a>', version, version.get_absolute_url()
        ),
    )
    return redirect(run)


def _saved(
    form: SaveForm, rows: TagRows, run: Run, folders: Sequence[ModelFolder]
) -> ModelVersion | None:
    """The new version; None if something is wrong, which the form and the rows then say."""
    valid = form.is_valid()
    folder, model = _chosen(form, run, folders)
    if model is not None and not form.errors:
        _refuse_silent_move(form, model)
    if not (valid and rows.is_valid) or form.errors:
        return None
    try:
        return actions.save_run(
            run,
            source=folder.source,
            model_id=folder.model_id,
            model=model,
            new_name=form.cleaned_data["name"],
            description=form.cleaned_data["description"],
            alias=form.cleaned_data["alias"],
            tags=rows.tags,
        )
    except ModelNameTaken as taken:
        form.add_error("name", name_fault(taken))
    except Unavailable:
        raise
    except Refused as refusal:
        form.add_error(None, refusal.message)
    return None


def _chosen(
    form: SaveForm, run: Run, folders: Sequence[ModelFolder]
) -> tuple[ModelFolder | None, RegisteredModel | None]:
    """What the form names; what it names and is not there becomes an error of the form."""
    wanted = form.cleaned_data.get("folder")
    folder = next((each for each in folders if each.key == wanted), None)
    if folder is None and "folder" not in form.errors:
        form.add_error("folder", "The run has no model in this folder.")
    model = None
    if form.cleaned_data.get("target") == SaveForm.EXISTING and "existing" not in form.errors:
        models = run.experiment.workspace.registered_models.without_prompts()
        model = models.filter(name=form.cleaned_data["existing"]).first()
        if model is None:
            form.add_error("existing", "There is no model of this name any more.")
    return folder, model


def _refuse_silent_move(form: SaveForm, model: RegisteredModel) -> None:
    alias = form.cleaned_data["alias"]
    held = model.aliases.filter(alias=alias).values_list("model_version__version", flat=True)
    holder = held.first() if alias else None
    if holder is not None and not form.cleaned_data["move_alias"]:
        form.alias_holder = holder
        form.add_error("alias", f"Version {holder} has this alias. Shall it move?")


def _first_choices(run: Run, folders: Sequence[ModelFolder]) -> dict[str, str]:
    """What the form says before anybody has changed it."""
    model = suggested_model(run.experiment)
    return {
        "target": SaveForm.NEW if model is None else SaveForm.EXISTING,
        "name": suggested_name(run.experiment),
        "existing": "" if model is None else model.name,
        "folder": folders[0].key if len(folders) == 1 else "",
    }


def _page(
    request: HttpRequest,
    run: Run,
    folders: Sequence[ModelFolder],
    form: SaveForm,
    rows: TagRows | None = None,
    status: int = 200,
) -> HttpResponse:
    find = typed(request.POST, "find_text")
    models = models_to_add_to(run.experiment.workspace, find)
    chosen = form["existing"].value() or ""
    if chosen and all(model.name != chosen for model in models):
        # What is chosen stays in the list, whatever is being looked for.
        named = run.experiment.workspace.registered_models.without_prompts().filter(
            name=chosen.replace("\x00", "")
        )
        models = [*named, *models]
    context = {
        "workspace": run.experiment.workspace,
        "experiment": run.experiment,
        "run": run,
        "folders": folders,
        "form": form,
        "tag_rows": rows or TagRows(),
        "models": models,
        "chosen": chosen,
        "find_text": find,
        "versions": run.model_versions.filter(deleted_time=None).select_related("model"),
    }
    return render(request, "registry/save_run.html", context, status=status)


def _nothing_to_save(
    request: HttpRequest, run: Run, folders: Sequence[ModelFolder]
) -> HttpResponse:
    """Why the run cannot be saved as a model, and what would help."""
    _, root = run_store(run)
    context = {
        "workspace": run.experiment.workspace,
        "experiment": run.experiment,
        "run": run,
        "folders": folders,
        "is_elsewhere": root is None,
        "snippet": log_model_snippet(tracking_uri(request), run_id=run.run_id),
    }
    return render(request, "registry/save_nothing.html", context)
