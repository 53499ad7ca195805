"""What a browser has ticked, as the pages show it.

Without sign-in a browser is known by a cookie that the first tick makes: it says nothing, and it
is signed, so that nobody comes by another's ticks by guessing.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict

from core.db import any_of
from runs.actions.selections import KEPT_MS, selection_slug
from runs.comparing.subject import MAX_RUNS as MAX_COMPARED
from runs.filters import RunFilter
from runs.models import Run, Selection
from runs.scope import Scope, UnreadableFilter

COOKIE = "browser"

# How many of the ticked runs the bar lists by name.
LISTED = 50


@dataclass(frozen=True)
class Selected:
    """The ticked runs of a list: how many, which of those on the page, and the newest of them.

    ``has_all`` says that all the list shows are among them, but for what was logged since.
    """

    count: int = 0
    on_page: frozenset[int] = frozenset()
    listed: Sequence[Run] = ()
    has_all: bool = False
    most_compared: int = MAX_COMPARED

    @property
    def elsewhere(self) -> int:
        """How many are not on the page."""
        return self.count - len(self.on_page)

    @property
    def unlisted(self) -> int:
        return self.count - len(self.listed)


def browser_of(request: HttpRequest) -> str:
    """Which browser asks; empty if it has never ticked anything."""
    return request.get_signed_cookie(COOKIE, default="", max_age=KEPT_MS // 1000)


def new_browser() -> str:
    return secrets.token_hex(16)


def remember_browser(response: HttpResponse, browser: str) -> None:
    """Let the browser be known by the same name when it comes again."""
    response.set_signed_cookie(
        COOKIE,
        browser,
        max_age=KEPT_MS // 1000,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def selection_of(request: HttpRequest, scope: Scope) -> Selection | None:
    """What the browser that asks has ticked in a list, if it ever has."""
    browser = browser_of(request)
    if not browser:
        return None
    slug = selection_slug(owner=browser, workspace=scope.workspace, experiment=scope.experiment)
    return Selection.objects.filter(slug=slug).first()


def selected_runs(scope: Scope, selection: Selection | None) -> QuerySet[Run]:
    """The ticked runs of a list; one that is in the trash now counts again when it is back."""
    if selection is None:
        return scope.runs.none()
    ticks = Selection.runs.through.objects.filter(selection=selection)
    one_by_one = Q(pk__in=ticks.values("run"))
    if not selection.queries:
        return scope.runs.filter(one_by_one)
    found = [found_by(scope, QueryDict(text), key) for text, key in selection.queries]
    kept = ~Q(pk__in=any_of(selection.left_out)) if selection.left_out else Q()
    if len(found) == 1 and not ticks.exists():
        # As it was asked: the runs need not be found among themselves.
        return found[0].filter(kept)
    by_queries = Q(*(Q(pk__in=runs.order_by().values("pk")) for runs in found), _connector=Q.OR)
    return scope.runs.filter(one_by_one | by_queries & kept)


def one_by_one(runs: QuerySet[Run], selection: Selection | None) -> QuerySet[Run]:
    """Those of ``runs`` that were ticked, or unticked after all were, one by one."""
    if selection is None:
        return runs.none()
    ticks = Selection.runs.through.objects.filter(selection=selection)
    return runs.filter(Q(pk__in=ticks.values("run")) | Q(pk__in=any_of(selection.left_out)))


def narrowing(query: QueryDict) -> QueryDict:
    """What of an address decides which runs a list shows, and nothing of how it shows them."""
    kept = QueryDict(mutable=True)
    for name in sorted({*RunFilter.base_filters, "nest"} & query.keys()):
        if any(query.getlist(name)):
            kept.setlist(name, query.getlist(name))
    if query.get("group"):
        # A list in groups has no levels.
        kept["nest"] = "0"
    return kept


def found_by(scope: Scope, query: QueryDict, newest: int) -> QuerySet[Run]:
    """The runs that a list shows for what an address says, none of them after the newest one.

    A filter that was read once, and means nothing now, finds none.
    """
    try:
        return scope.listed(query).filter(pk__lte=newest)
    except UnreadableFilter:
        return scope.runs.none()


def read_selected(
    scope: Scope,
    selection: Selection | None,
    *,
    page: Sequence[Run] = (),
    query: QueryDict | None = None,
) -> Selected:
    """What a page with the runs ``page`` shows of a selection; ``query`` is its address's."""
    if selection is None:
        return Selected()
    runs = selected_runs(scope, selection)
    on_page = runs.filter(pk__in=[run.pk for run in page]).order_by() if page else runs.none()
    asked = None if query is None else narrowing(query).urlencode()
    return Selected(
        count=runs.order_by().count(),
        on_page=frozenset(on_page.values_list("pk", flat=True)),
        listed=list(runs.select_related("experiment__workspace").newest_first()[:LISTED]),
        has_all=not selection.left_out and asked in [text for text, _ in selection.queries],
    )
