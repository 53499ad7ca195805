"""Named views of a run list: keeping what an address says, and changing what is kept."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.utils.text import slugify

from core.db import GoneMeanwhile, action, lock_row
from core.errors import Invalid, Missing, Taken
from core.formatting import middle_text
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


class ViewLike(Protocol):
    """A view as a file has it: of the experiment of that name, or of all runs."""

    name: str
    query: str
    experiment: str | None
    default: bool


@dataclass(frozen=True)
class DeletedView:
    """All that there was to know of a view that is no longer there."""

    slug: str
    experiment_id: int | None
    name: str
    query: str
    charts: list
    is_default: bool
    visibility: str
    owner_id: int | None
    creation_time: int


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


class BadViewEntry(Invalid):
    """A view of a file cannot be here."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The view {middle_text(name, 60)!r}: {reason}")


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
    lock_row(view)
    view.refresh_from_db()
    _describe(view, name=name, is_default=is_default)


@action
def overwrite_view(view: SavedView, *, query: str) -> None:
    """Let a view show something else from now on.

    Raises ``ViewTooLong`` and ``ExperimentNotActive``.
    """
    _hold_list(view.workspace, view.experiment)
    _check_length(query)
    lock_row(view)
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
def duplicate_view(view: SavedView) -> SavedView:
    """Another view of the same list that says the same, under a name of its own.

    Raises ``TooManyViews`` and ``ExperimentNotActive``.
    """
    name = f"{view.name[: MAX_NAME_LENGTH - 16]} copy"
    return _add_view(
        view.workspace,
        view.experiment,
        name=_unused(name, _names(view.workspace, view.experiment)),
        query=view.query,
        charts=view.charts,
    )


@action
def delete_view(view: SavedView) -> DeletedView:
    """Forget a view; the runs that it shows stay. Answers what brings it back.

    Raises ``ExperimentNotActive``.
    """
    _hold_list(view.workspace, view.experiment)
    view.refresh_from_db()
    deleted = DeletedView(
        slug=view.slug,
        experiment_id=view.experiment_id,
        name=view.name,
        query=view.query,
        charts=view.charts,
        is_default=view.is_default,
        visibility=view.visibility,
        owner_id=view.owner_id,
        creation_time=view.creation_time,
    )
    view.delete()
    return deleted


@action
def bring_back_view(workspace: Workspace, deleted: DeletedView) -> SavedView:
    """The view as it was, with its address.

    Only what others took meanwhile is another: its name gets a number, and it is the default
    no longer. Raises ``ExperimentNotActive``, ``TooManyViews`` and ``GoneMeanwhile``.
    """
    experiment = None
    if deleted.experiment_id is not None:
        experiment = workspace.experiments.filter(pk=deleted.experiment_id).first()
        if experiment is None:
            raise GoneMeanwhile
    taken = _names(workspace, experiment)
    return _add_view(
        workspace,
        experiment,
        slug=deleted.slug,
        name=deleted.name if deleted.name not in taken else _unused(deleted.name[:190], taken),
        query=deleted.query,
        charts=deleted.charts,
        is_default=deleted.is_default
        and experiment is not None
        and not experiment.views.filter(is_default=True).exists(),
        visibility=deleted.visibility,
        owner_id=deleted.owner_id,
        creation_time=deleted.creation_time,
    )


@action
def import_views(workspace: Workspace, entries: Sequence[ViewLike]) -> int:
    """Add views to the lists that they name, and answer how many that were: all or none.

    One that is there already, word for word, is not added again; one whose name is another's gets
    a number. A default view stays what it is. Raises ``BadViewEntry``, ``TooManyViews`` and
    ``ExperimentNotActive``.
    """
    named = {entry.experiment for entry in entries if entry.experiment is not None}
    # Not the names in the question: a file may have more of them than a question may.
    found = workspace.experiments.active()
    experiments = {experiment.name: experiment for experiment in found if experiment.name in named}
    added = 0
    for entry in entries:
        _check_entry(entry, experiments)
        experiment = None if entry.experiment is None else experiments[entry.experiment]
        views = SavedView.objects.filter(workspace=workspace, experiment=experiment)
        there = dict(views.values_list("name", "query"))
        name = entry.name.strip()
        if there.get(name) == entry.query:
            continue
        has_default = views.filter(is_default=True).exists()
        _add_view(
            workspace,
            experiment,
            name=name if name not in there else _unused(name[: MAX_NAME_LENGTH - 10], set(there)),
            query=entry.query,
            is_default=entry.default and experiment is not None and not has_default,
        )
        added += 1
    return added


def _check_entry(entry: ViewLike, experiments: Mapping[str, Experiment]) -> None:
    name = entry.name.strip()
    if not 0 < len(name) <= MAX_NAME_LENGTH or "\x00" in name + entry.query:
        raise BadViewEntry(entry.name, str(NotAName()))
    if len(entry.query) > MAX_QUERY_LENGTH:
        raise BadViewEntry(name, str(ViewTooLong(len(entry.query))))
    if entry.experiment is not None and entry.experiment not in experiments:
        raise BadViewEntry(
            name, f"There is no experiment {middle_text(entry.experiment, 60)!r} in this workspace."
        )


def free_name(experiment: Experiment, name: str) -> str:
    """``name``, with a number behind it where the experiment has a view of that name."""
    return _unused(name, _names(experiment.workspace, experiment))


def _names(workspace: Workspace, experiment: Experiment | None) -> set[str]:
    views = SavedView.objects.filter(workspace=workspace, experiment=experiment)
    return set(views.values_list("name", flat=True))


def _unused(name: str, taken: set[str]) -> str:
    names = [name, *(f"{name} {number}" for number in range(2, len(taken) + 2))]
    return next(each for each in names if each not in taken)


def _add_view(
    workspace: Workspace, experiment: Experiment | None, *, name: str, slug: str = "", **fields
) -> SavedView:
    _hold_list(workspace, experiment)
    if SavedView.objects.filter(workspace=workspace, experiment=experiment).count() >= MAX_VIEWS:
        raise TooManyViews
    return SavedView.objects.create(
        workspace=workspace,
        experiment=experiment,
        slug=slug or _new_slug(name),
        name=name,
        **{"visibility": Visibility.WORKSPACE} | fields,
    )


def _hold_list(workspace: Workspace, experiment: Experiment | None) -> None:
    """Keep others from changing the views of a list until this is written."""
    if experiment is None:
        lock_row(workspace)
        return
    held = lock_row(experiment)
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
