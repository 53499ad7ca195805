"""What a browser has ticked, as the pages show it.

Without sign-in a browser is known by a cookie that the first tick makes: it says nothing, and it
is signed, so that nobody comes by another's ticks by guessing.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from runs.actions.selections import KEPT_MS, MAX_SELECTED, selection_slug
from runs.comparing.subject import MAX_RUNS as MAX_COMPARED
from runs.models import Run, Selection
from runs.scope import Scope

COOKIE = "browser"

# How many of the ticked runs the bar lists by name.
LISTED = 50


@dataclass(frozen=True)
class Selected:
    """The ticked runs of a list: how many, which of those on the page, and the newest of them."""

    count: int = 0
    on_page: frozenset[int] = frozenset()
    listed: Sequence[Run] = ()
    limit: int = MAX_SELECTED
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
    return scope.runs.filter(pk__in=ticks.values("run"))


def read_selected(
    scope: Scope, selection: Selection | None, *, page: Sequence[Run] = ()
) -> Selected:
    """What a page with the runs ``page`` shows of a selection."""
    if selection is None:
        return Selected()
    runs = selected_runs(scope, selection)
    ticks = Selection.runs.through.objects.filter(
        selection=selection, run__in=[run.pk for run in page]
    )
    return Selected(
        count=runs.count(),
        on_page=frozenset(ticks.values_list("run", flat=True)) if page else frozenset(),
        listed=list(runs.select_related("experiment__workspace").newest_first()[:LISTED]),
    )
