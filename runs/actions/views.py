"""Named views of a run list: keeping what an address says, and changing what is kept."""

import secrets

from django.utils.text import slugify

from core.db import action
from core.errors import Invalid, Missing, Taken
from core.time import now_ms
from experiments.actions import ExperimentNotActive
from experiments.models import Experiment
from runs.models import SavedView, Visibility
from workspaces.models import Workspace

MAX_NAME_LENGTH = 200
# What an address may say that is kept: what is between a browser and us may cut a longer one.
MAX_QUERY_LENGTH = 4_000
# One list's menu has them all.
MAX_VIEWS = 100


class ViewNameTaken(Taken):
    """The list has another view of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a view “{name}” here already. Choose another name.")


class ViewTooLong(Invalid):
    """An address says more than a view may."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"What this list shows takes {length:,} characters of an address; a view has at most "
            f"{MAX_QUERY_LENGTH:,}. Choose fewer columns or conditions."
        )


class TooManyViews(Invalid):
    """A list has as many views as it may."""

    def __init__(self) -> None:
        super().__init__(f"A list has at most {MAX_VIEWS} views. Delete one that nobody needs.")


class NotAName(Invalid):
    """A view's name is 1 to 200 characters."""

    def __init__(self) -> None:
        super().__init__(f"A view's name has 1 to {MAX_NAME_LENGTH} characters.")


class NoSuchView(Missing):
    """There is no such view, or it is another list's."""

    def __init__(self) -> None:
        super().__init__("There is no such view: it may have been deleted.")


class NoDefaultHere(Invalid):
    """Only an experiment opens with a view."""

    def __init__(self) -> None:
        super().__init__("The list of all runs has no default view.")


@action
def save_view(
    *,
    workspace: Workspace,
    experiment: Experiment | None,
    name: str,
    query: str,
    is_default: bool = False,
) -> SavedView:
    """Keep ``query`` as a view of the experiment or, without one, of all runs.

    As the default it takes the place of another one. Raises ``ViewNameTaken``, ``ViewTooLong``,
    ``TooManyViews``, ``NotAName``, ``NoDefaultHere`` and ``ExperimentNotActive``.
    """
    _hold_list(workspace, experiment)
    _check_length(query)
    there = SavedView.objects.filter(workspace=workspace, experiment=experiment)
    if there.count() >= MAX_VIEWS:
        raise TooManyViews
    view = SavedView(
        workspace=workspace,
        experiment=experiment,
        slug=_new_slug(name),
        visibility=Visibility.WORKSPACE,
        query=query,
    )
    _describe(view, name=name, is_default=is_default)
    return view


@action
def change_view(view: SavedView, *, name: str, is_default: bool = False) -> None:
    """Rename a view, and say whether its experiment opens with it. Its address stays.

    Raises ``ViewNameTaken``, ``NotAName``, ``NoDefaultHere`` and ``ExperimentNotActive``.
    """
    _hold_list(view.workspace, view.experiment)
    view.refresh_from_db()
    _describe(view, name=name, is_default=is_default)


@action
def overwrite_view(view: SavedView, *, query: str) -> None:
    """Let a view show something else from now on.

    Raises ``ViewTooLong`` and ``ExperimentNotActive``.
    """
    _hold_list(view.workspace, view.experiment)
    _check_length(query)
    view.query = query
    view.last_update_time = now_ms()
    view.save(update_fields=["query", "last_update_time"])


@action
def set_default_view(experiment: Experiment, *, slug: str) -> None:
    """Let the experiment open with the view of that slug or, if it is "", with none.

    Raises ``NoSuchView`` and ``ExperimentNotActive``.
    """
    _hold_list(experiment.workspace, experiment)
    views = SavedView.objects.filter(experiment=experiment)
    views.filter(is_default=True).exclude(slug=slug).update(is_default=False)
    if slug and not views.filter(slug=slug).update(is_default=True):
        raise NoSuchView


@action
def delete_view(view: SavedView) -> None:
    """Forget a view; the runs that it shows stay. Raises ``ExperimentNotActive``."""
    _hold_list(view.workspace, view.experiment)
    view.delete()


def free_name(experiment: Experiment, name: str) -> str:
    """``name``, with a number behind it where the experiment has a view of that name."""
    taken = set(experiment.views.values_list("name", flat=True))
    names = [name, *(f"{name} {number}" for number in range(2, len(taken) + 2))]
    return next(each for each in names if each not in taken)


def _hold_list(workspace: Workspace, experiment: Experiment | None) -> None:
    """Keep others from changing the views of a list until this is written."""
    if experiment is None:
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        return
    held = Experiment.objects.select_for_update().get(pk=experiment.pk)
    if not held.is_active:
        raise ExperimentNotActive(held)


def _describe(view: SavedView, *, name: str, is_default: bool) -> None:
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise NotAName
    if is_default and view.experiment is None:
        raise NoDefaultHere
    others = SavedView.objects.filter(workspace=view.workspace, experiment=view.experiment)
    others = others.exclude(pk=view.pk)
    if others.filter(name=name).exists():
        raise ViewNameTaken(name)
    if is_default:
        others.filter(is_default=True).update(is_default=False)
    view.name = name
    view.is_default = is_default
    view.last_update_time = now_ms()
    view.save()


def _check_length(query: str) -> None:
    if len(query) > MAX_QUERY_LENGTH:
        raise ViewTooLong(len(query))


def _new_slug(name: str) -> str:
    """A part of an address: what can be read of the name, and what makes it unique."""
    words = slugify(name)[:19].strip("-_")
    return f"{words}-{secrets.token_hex(6)}".lstrip("-")
