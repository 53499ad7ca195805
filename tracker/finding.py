"""What the search of a workspace finds: experiments, runs, models, and where one can go."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from experiments.models import Experiment, LifecycleStage
from registry.models import RegisteredModel
from runs.models import Run
from workspaces.models import Workspace

MAX_FOUND = 8
MAX_TEXT = 200


@dataclass(frozen=True)
class Found:
    """One thing to open; ``detail`` tells it from others of its name."""

    label: str
    url: str
    icon: str
    detail: str = ""


@dataclass(frozen=True)
class Group:
    """Things of one kind, the first ``MAX_FOUND`` of them."""

    title: str
    items: Sequence[Found]
    is_cut: bool = False


def find(workspace: Workspace, text: str) -> list[Group]:
    """What of the workspace has ``text`` in its name, or a run's id that begins with it.

    Without a text: what is newest, and where one can go.
    """
    text = text.strip()[:MAX_TEXT].replace("\x00", "")
    groups = [
        _group("Experiments", _experiments(workspace, text)),
        _group("Runs", _runs(workspace, text)),
        _group("Models", _models(workspace, text)),
        _group("Go to", [each for each in _places(workspace) if _matches(each.label, text)]),
    ]
    return [group for group in groups if group.items]


def _group(title: str, found: Sequence[Found]) -> Group:
    return Group(title, found[:MAX_FOUND], is_cut=len(found) > MAX_FOUND)


def _matches(label: str, text: str) -> bool:
    return all(word in label.lower() for word in text.lower().split())


def _experiments(workspace: Workspace, text: str) -> list[Found]:
    experiments = Experiment.objects.filter(
        workspace=workspace, lifecycle_stage=LifecycleStage.ACTIVE, name__icontains=text
    )
    newest = experiments.select_related("workspace").order_by("-creation_time", "-pk")
    return [Found(each.name, each.get_absolute_url(), "flask") for each in newest[: MAX_FOUND + 1]]


def _runs(workspace: Workspace, text: str) -> list[Found]:
    runs = Run.objects.in_workspace(workspace).active()
    runs = runs.filter(experiment__lifecycle_stage=LifecycleStage.ACTIVE)
    if text:
        runs = runs.filter(Q(name__icontains=text) | Q(run_id__startswith=text.lower()))
    newest = runs.select_related("experiment__workspace").newest_first()
    return [
        Found(each.name or each.run_id, each.get_absolute_url(), "runs", each.experiment.name)
        for each in newest[: MAX_FOUND + 1]
    ]


def _models(workspace: Workspace, text: str) -> list[Found]:
    models = RegisteredModel.objects.filter(workspace=workspace, name__icontains=text)
    return [
        Found(each.name, reverse("registry:model", args=[workspace.slug, each.name]), "model")
        for each in models.order_by("-last_update_time", "name")[: MAX_FOUND + 1]
    ]


def _places(workspace: Workspace) -> list[Found]:
    slug = workspace.slug
    return [
        Found("New experiment", reverse("experiments:create", args=[slug]), "plus"),
        Found("New model", reverse("registry:create", args=[slug]), "plus"),
        Found("Experiments", reverse("workspaces:detail", args=[slug]), "flask"),
        Found("All runs", reverse("runs:all", args=[slug]), "runs"),
        Found("Models", reverse("registry:model_list", args=[slug]), "model"),
        Found("Trash", reverse("runs:all_trash", args=[slug]), "trash"),
        Found("Help and keyboard shortcuts", reverse("help"), "help"),
    ]
