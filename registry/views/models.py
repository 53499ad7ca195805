"""The pages of registered models, and what can be done to a model from there."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import Missing, Refused, Unavailable
from core.middleware.refusals import form_status
from experiments.forms import TagRows
from registry import model_list as listing
from registry import model_page
from registry.access import get_model
from registry.actions import models as actions
from registry.actions.errors import ModelNameTaken
from registry.forms import (
    DeleteModelForm,
    DescriptionForm,
    ModelForm,
    NewModelTagForm,
    RenameForm,
)
from registry.models import RegisteredModel
from registry.snippets import register_run_snippet, register_snippet
from registry.tags import tags_of_model
from registry.views.pages import page_links, sort_head, sort_key, typed
from runs.forms import TagForm, TagNameForm
from workspaces.access import get_workspace, tracking_uri
from workspaces.models import Workspace


@require_safe
def model_list(request: HttpRequest, workspace: str) -> HttpResponse:
    """The models of a workspace. Everything the page shows is in its address."""
    place = get_workspace(request)
    query = request.GET
    text = typed(query, "q")
    sort = sort_key(query, listing.SORTS, default=listing.DEFAULT_SORT)
    models = listing.visible_models(place)
    found = listing.sort_models(listing.find_models(models, text), sort)
    page = Paginator(found, listing.MODELS_PER_PAGE).get_page(query.get("page"))
    context = {
        "workspace": place,
        "q": text,
        "sort": sort,
        "rows": listing.model_rows(list(page)),
        "links": page_links(query, page, noun="model"),
        "name_head": sort_head(query, "name", "Name", sort=sort),
        "updated_head": sort_head(query, "updated", "Last updated", sort=sort, largest_first=True),
        "created_head": sort_head(query, "created", "Created", sort=sort, largest_first=True),
        "is_empty": not page.paginator.count and not models.exists(),
        "snippet": register_snippet(tracking_uri(request)),
    }
    return render(request, "registry/model_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, workspace: str) -> HttpResponse:
    """New → ML model."""
    place = get_workspace(request)
    if request.method != "POST":
        return _create_page(request, place, ModelForm(), TagRows())
    form, rows = ModelForm(request.POST), TagRows(request.POST)
    if "add_tag" in request.POST or "remove_tag" in request.POST:
        return _create_page(request, place, ModelForm(initial=request.POST.dict()), rows)
    if not (form.is_valid() and rows.is_valid):
        return _create_page(request, place, form, rows, status=422)
    try:
        made = actions.create_model(
            workspace=place,
            name=form.cleaned_data["name"],
            description=form.cleaned_data["description"],
            tags=rows.tags,
        )
    except Unavailable as refusal:
        form.add_error(None, refusal.message)
        return _create_page(request, place, form, rows, status=form_status(refusal))
    except Refused as refusal:
        form.add_error("name", name_fault(refusal))
        return _create_page(request, place, form, rows, status=422)
    messages.success(request, f"Created {made.name}")
    return redirect(made)


@require_safe
def model(request: HttpRequest, workspace: str, name: str) -> HttpResponse:
    """One model with its versions."""
    return _page(request, get_model(request, name))


@require_POST
def rename(request: HttpRequest, workspace: str, name: str) -> HttpResponse:
    found = get_model(request, name)
    form = RenameForm(request.POST)
    if form.is_valid():
        try:
            actions.rename_model(found, name=form.cleaned_data["name"])
        except (Unavailable, Missing):
            raise
        except Refused as refusal:
            form.add_error("name", name_fault(refusal))
            found.refresh_from_db(fields=["name"])
    if form.errors:
        return _page(request, found, rename_form=form)
    messages.success(request, f"{name} is now called {found.name}")
    return redirect(found)


@require_POST
def describe(request: HttpRequest, workspace: str, name: str) -> HttpResponse:
    found = get_model(request, name)
    form = DescriptionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, description_form=form)
    actions.describe_model(found, description=form.cleaned_data["description"])
    return _back(found, "notes")


@require_POST
def add_tag(request: HttpRequest, workspace: str, name: str) -> HttpResponse:
    found = get_model(request, name)
    form = NewModelTagForm(request.POST, taken=tags_of_model(found).taken)
    if not form.is_valid():
        return _tags(request, found, new_tag_form=form)
    actions.set_model_tag(found, key=form.cleaned_data["key"], value=form.cleaned_data["value"])
    return _tags(request, found)


@require_POST
def change_tag(request: HttpRequest, workspace: str, name: str) -> HttpResponse:
    found = get_model(request, name)
    form = TagForm(request.POST)
    if not form.is_valid():
        return _tags(request, found, changed_tag_form=form)
    actions.set_model_tag(found, key=form.cleaned_data["key"], value=form.cleaned_data["value"])
    return _tags(request, found)


@require_POST
def remove_tag(request: HttpRequest, workspace: str, name: str) -> HttpResponse:
    found = get_model(request, name)
    form = TagNameForm(request.POST)
    if not form.is_valid():
        return _tags(request, found, changed_tag_form=form)
    actions.delete_model_tag(found, key=form.cleaned_data["key"])
    return _tags(request, found)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, workspace: str, name: str) -> HttpResponse:
    """Ask once more, with the name typed, and then remove a model for good."""
    found = get_model(request, name)
    form = DeleteModelForm(request.POST or None, expected=found.name)
    if request.method == "POST" and form.is_valid():
        actions.delete_model(found)
        messages.success(request, f"Deleted {name}")
        return redirect("registry:model_list", workspace)
    context = {
        "workspace": found.workspace,
        "model": found,
        "form": form,
        "versions": found.versions.live().count(),
        "aliases": listing.aliases_of([found])[found.pk],
    }
    status = 422 if form.errors else 200
    return render(request, "registry/model_delete.html", context, status=status)


def name_fault(refusal: Refused) -> str:
    """What to say beside the field when a model cannot have its name."""
    if not isinstance(refusal, ModelNameTaken):
        return refusal.message
    if refusal.model.is_prompt:
        return "A prompt has this name, and models and prompts share their names."
    return format_html(
        'There is a <a href="{}">model of this name</a> already.',
        refusal.model.get_absolute_url(),
    )


def _create_page(
    request: HttpRequest, place: Workspace, form: ModelForm, rows: TagRows, status: int = 200
) -> HttpResponse:
    context = {"workspace": place, "form": form, "tag_rows": rows}
    return render(request, "registry/create.html", context, status=status)


def _page(request: HttpRequest, found: RegisteredModel, **forms) -> HttpResponse:
    """The page, with the forms that were refused open and their values kept."""
    query = request.GET
    sort = typed(query, "sort") or model_page.DEFAULT_SORT
    table = model_page.read_versions(found, sort=sort, page=query.get("page"))
    aliases = listing.aliases_of([found])[found.pk]
    context = {
        "workspace": found.workspace,
        "model": found,
        "is_prompt": found.is_prompt,
        "table": table,
        "aliases": aliases,
        "links": page_links(query, table.page, noun="version"),
        "version_head": sort_head(query, "version", "Version", sort=sort, largest_first=True),
        "created_head": sort_head(query, "created", "Time created", sort=sort, largest_first=True),
        "metric_heads": [
            sort_head(
                query,
                f"{model_page.METRIC_SORT}{metric.name}",
                metric.name,
                sort=sort,
                largest_first=True,
                is_number=True,
                hint=metric.hint,
            )
            for metric in table.metrics
        ],
        "tags": tags_of_model(found),
        "new_tag_form": NewModelTagForm(),
        "rename_form": RenameForm(initial={"name": found.name}),
        "description_form": DescriptionForm(initial={"description": found.description}),
        "snippet": register_run_snippet(tracking_uri(request), name=found.name),
        **forms,
    }
    return render(request, "registry/model.html", context, status=422 if forms else 200)


def _tags(request: HttpRequest, found: RegisteredModel, **forms) -> HttpResponse:
    """The panel of tags for htmx; for others the page, at once or, if all went well, again."""
    if not request.htmx:
        return _page(request, found, **forms) if forms else _back(found, "tags")
    context = {"tags": tags_of_model(found), "new_tag_form": NewModelTagForm(), **forms}
    return render(request, "registry/_tags.html", context, status=422 if forms else 200)


def _back(found: RegisteredModel, part: str) -> HttpResponse:
    return HttpResponseRedirect(f"{found.get_absolute_url()}#{part}")
