"""Saved views of a run list: what an address has to do with them.

``view=<slug>`` leads to an address that says all that the view says, with ``saved=<slug>`` to
tell where it came from. That address is whole: what is taken out of it stays out, and whoever has
it sees the same, also when somebody changes the view.
"""

from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse

from runs.about import ABOUT_KEY
from runs.models import SavedView
from runs.scope import Scope

VIEW_KEY = "view"
SAVED_KEY = "saved"
# ``view=none`` is the list without the experiment's default view.
NO_VIEW = "none"

# What an address says of how it came to be, or of one page of a list.
_NOT_KEPT = {VIEW_KEY, SAVED_KEY, "page", "look", ABOUT_KEY}
# Kept, but no change of what is seen of the runs.
_FURNITURE = {"density", "runs", "pane", "filters"}
# May be repeated, and say something else in another order.
_ORDERED = {"chart", "front"}


@dataclass(frozen=True)
class Entry:
    """A view in the menu of its list."""

    view: SavedView
    url: str
    is_current: bool


@dataclass(frozen=True)
class ViewBar:
    """The views of a list, and how the address stands to the one it came from."""

    entries: list[Entry]
    current: SavedView | None
    is_modified: bool
    # What the address names that is not a view of this list.
    unknown: str
    discard_url: str
    without_url: str
    new_url: str
    save_url: str
    edit_url: str
    index_url: str


def kept_query(query: QueryDict) -> str:
    """What a view keeps of an address."""
    kept = QueryDict(mutable=True)
    for name, values in query.lists():
        said = [value for value in values if value]
        if said and name not in _NOT_KEPT:
            kept.setlist(name, said)
    return kept.urlencode()


def address_of_view(scope: Scope, query: QueryDict) -> str:
    """Where an address leads that asks for a view; "" if it asks for none that is here.

    What else it says goes before what the view says. An address that says nothing asks for the
    experiment's default view, unless that has but columns, which need no address.
    """
    slug = query.get(VIEW_KEY, "")
    if slug:
        view = _named(scope, slug)
    elif query:
        return ""
    else:
        view = scope.default_view
        if view is None or not set(QueryDict(view.query)) - {"cols"}:
            return ""
    return view_address(scope, view, beside=query) if view else ""


def view_address(scope: Scope, view: SavedView, *, beside: QueryDict | None = None) -> str:
    """The list as a view has it, in full, but for what ``beside`` says."""
    whole = QueryDict(view.query, mutable=True)
    for name, values in beside.lists() if beside else ():
        whole.setlist(name, values)
    whole.pop(VIEW_KEY, None)
    whole[SAVED_KEY] = view.slug
    return f"{scope.address()}?{whole.urlencode()}"


def view_bar(scope: Scope, query: QueryDict) -> ViewBar:
    """What the list's page says of views."""
    slug = query.get(SAVED_KEY, "")
    asked = query.get(VIEW_KEY, "")
    current = _named(scope, slug)
    question = query.copy()
    question.pop("page", None)
    tail = f"?{question.urlencode()}" if question else ""
    path = scope.address()
    can_change = scope.experiment is None or scope.experiment.is_active
    return ViewBar(
        entries=[
            Entry(view, f"{path}?{VIEW_KEY}={view.slug}", view == current) for view in scope.views
        ],
        current=current,
        is_modified=bool(current) and _meaning(query) != _meaning(QueryDict(current.query)),
        unknown="" if current else slug or ("" if asked == NO_VIEW else asked),
        discard_url=f"{path}?{VIEW_KEY}={current.slug}" if current else "",
        without_url=f"{path}?{VIEW_KEY}={NO_VIEW}",
        new_url=f"{scope.address('view_new')}{tail}" if can_change else "",
        save_url=f"{scope.address('view_save', slug)}{tail}" if current and can_change else "",
        edit_url=scope.address("view", slug) if current and can_change else "",
        index_url=reverse("runs:views", args=[scope.workspace.slug]),
    )


def _named(scope: Scope, slug: str) -> SavedView | None:
    return next((view for view in scope.views if view.slug == slug), None) if slug else None


def _meaning(query: QueryDict) -> dict[str, list[str]]:
    """What an address shows; in which order it says the conditions is the same."""
    said = {name: [value for value in values if value] for name, values in query.lists()}
    return {
        name: values if name in _ORDERED else sorted(values)
        for name, values in said.items()
        if values and name not in _NOT_KEPT | _FURNITURE
    }
