"""The page of one model version, its files, and what can be done to it from there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from artifacts.paths import ArtifactPath
from core.errors import Missing
from registry.access import get_version
from registry.actions import models as model_actions
from registry.actions import versions as actions
from registry.files import version_files
from registry.forms import AliasForm, DescriptionForm, NewModelTagForm
from registry.models import ModelVersion
from registry.snippets import load_snippet, prompt_snippet, serve_snippet
from registry.tags import tags_of_version
from registry.version_page import read_detail
from runs.downloads import file_response, zip_response
from runs.forms import TagForm, TagNameForm
from runs.outputs import RunFiles
from workspaces.access import tracking_uri


class NoFilesHere(Missing):
    """The version's files are in a store of the user's own, which this server cannot read."""


@require_safe
def version(request: HttpRequest, workspace: str, name: str, version: int) -> HttpResponse:
    """Everything about one version."""
    return _page(request, get_version(request, name, version))


@require_POST
def describe(request: HttpRequest, workspace: str, name: str, version: int) -> HttpResponse:
    found = get_version(request, name, version)
    form = DescriptionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, description_form=form)
    actions.describe_version(found, description=form.cleaned_data["description"])
    return _back(found, "notes")


@require_POST
def add_tag(request: HttpRequest, workspace: str, name: str, version: int) -> HttpResponse:
    found = get_version(request, name, version)
    form = NewModelTagForm(request.POST, taken=tags_of_version(found).taken)
    if not form.is_valid():
        return _tags(request, found, new_tag_form=form)
    actions.set_version_tag(found, key=form.cleaned_data["key"], value=form.cleaned_data["value"])
    return _tags(request, found)


@require_POST
def change_tag(request: HttpRequest, workspace: str, name: str, version: int) -> HttpResponse:
    found = get_version(request, name, version)
    form = TagForm(request.POST)
    if not form.is_valid():
        return _tags(request, found, changed_tag_form=form)
    actions.set_version_tag(found, key=form.cleaned_data["key"], value=form.cleaned_data["value"])
    return _tags(request, found)


@require_POST
def remove_tag(request: HttpRequest, workspace: str, name: str, version: int) -> HttpResponse:
    found = get_version(request, name, version)
    form = TagNameForm(request.POST)
    if not form.is_valid():
        return _tags(request, found, changed_tag_form=form)
    actions.delete_version_tag(found, key=form.cleaned_data["key"])
    return _tags(request, found)


@require_POST
def add_alias(request: HttpRequest, workspace: str, name: str, version: int) -> HttpResponse:
    """Give the version an alias; one that another version has moves only when that is said."""
    found = get_version(request, name, version)
    form = AliasForm(request.POST)
    if not form.is_valid():
        return _page(request, found, alias_form=form)
    alias = form.cleaned_data["alias"]
    held = found.model.aliases.filter(alias=alias).exclude(model_version=found)
    holder = held.values_list("model_version__version", flat=True).first()
    if holder is not None and not form.cleaned_data["move"]:
        return _page(request, found, alias_form=form, alias_holder=holder)
    before = model_actions.set_alias(found, alias=alias)
    if before is not None and before != found.version:
        messages.success(request, f"{alias} moved from version {before} to version {found.version}")
    return _back(found, "aliases")


@require_POST
def remove_alias(request: HttpRequest, workspace: str, name: str, version: int) -> HttpResponse:
    found = get_version(request, name, version)
    alias = request.POST.get("alias", "")
    # One that has moved to another version meanwhile stays there.
    if found.aliases.filter(alias=alias.replace("\x00", "")).exists():
        model_actions.delete_alias(found.model, alias=alias)
    return _back(found, "aliases")


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, workspace: str, name: str, version: int) -> HttpResponse:
    """Ask once more, and then delete a version."""
    found = get_version(request, name, version)
    if request.method == "POST":
        actions.delete_version(found)
        messages.success(request, f"Deleted version {found.version} of {name}")
        return redirect(found.model)
    context = {
        "workspace": found.model.workspace,
        "model": found.model,
        "version": found,
        "aliases": sorted(found.aliases.values_list("alias", flat=True)),
    }
    return render(request, "registry/version_delete.html", context)


@require_safe
def files(request: HttpRequest, workspace: str, name: str, version: int) -> HttpResponseBase:
    """All files of a version as one zip archive."""
    found = get_version(request, name, version)
    return zip_response(_files(found), ArtifactPath(), name=f"{name} v{version}")


@require_safe
def file(
    request: HttpRequest, workspace: str, name: str, version: int, path: str
) -> HttpResponseBase:
    """One file of a version, to be saved."""
    found = get_version(request, name, version)
    return file_response(request, _files(found), ArtifactPath.parse(path))


def _files(found: ModelVersion) -> RunFiles:
    stored = version_files(found)
    if stored is None:
        raise NoFilesHere(f"The files of {found} are not kept by this server.")
    return stored


def _page(request: HttpRequest, found: ModelVersion, **changed) -> HttpResponse:
    """The page, with the forms that were refused open and their values kept."""
    detail = read_detail(found)
    uri = tracking_uri(request)
    context = {
        "workspace": found.model.workspace,
        "model": found.model,
        "version": found,
        "run": found.run,
        "detail": detail,
        "tags": tags_of_version(found),
        "new_tag_form": NewModelTagForm(),
        "alias_form": AliasForm(),
        "description_form": DescriptionForm(initial={"description": found.description}),
        "load_snippet": load_snippet(found, detail.description, uri),
        "serve_snippet": serve_snippet(found, uri),
        "prompt_snippet": prompt_snippet(found, uri),
        **changed,
    }
    return render(request, "registry/version.html", context, status=422 if changed else 200)


def _tags(request: HttpRequest, found: ModelVersion, **forms) -> HttpResponse:
    """The panel of tags for htmx; for others the page, at once or, if all went well, again."""
    if not request.htmx:
        return _page(request, found, **forms) if forms else _back(found, "tags")
    context = {"tags": tags_of_version(found), "new_tag_form": NewModelTagForm(), **forms}
    return render(request, "registry/_tags.html", context, status=422 if forms else 200)


def _back(found: ModelVersion, part: str) -> HttpResponse:
    return HttpResponseRedirect(f"{found.get_absolute_url()}#{part}")
