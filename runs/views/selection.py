"""The one selection of a run list, and what can be done with it.

Every address here ends in the query of the list, so that what follows is the list as it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Invalid
from runs.actions.bulk import MAX_AT_ONCE, TagChange, in_parts, tag_runs, trash_runs, untag_runs
from runs.actions.selections import (
    MAX_TICKED,
    change_ticks,
    clear_ticks,
    forget_query,
    keep_comparison,
    tick_all,
)
from runs.comparing.origin import remember_list
from runs.comparing.subject import MAX_CHARTED
from runs.forms import TagForm, TagNameForm
from runs.grouping import narrowed
from runs.models import Run, Selection
from runs.scope import BACK_KEY, Scope, get_scope
from runs.selecting import (
    browser_of,
    narrowing,
    new_browser,
    one_by_one,
    read_selected,
    remember_browser,
    selected_runs,
    selection_of,
)
from runs.undo import (
    message_with_undo,
    offer_undo_of_tag,
    offer_undo_of_trash,
    undo,
)
from workspaces.access import get_workspace

T = TypeVar("T")

# No page has more rows.
_MAX_SHOWN = 500
# The runs of a larger group are kept as what finds them.
_MOST_ONE_BY_ONE = 1_000


class NothingSelected(Invalid):
    """Something was to be done with the ticked runs, and none is ticked."""

    def __init__(self) -> None:
        super().__init__("No run is selected.")


@dataclass
class _Ticking:
    """A request about the selection of a list. ``is_cut``: not all of it was changed."""

    request: HttpRequest
    scope: Scope
    selection: Selection | None
    browser: str
    is_cut: bool = False

    @property
    def keys(self) -> list[int]:
        """The ticked runs, the newest first, and one more than are changed at once."""
        runs = selected_runs(self.scope, self.selection)
        return list(runs.newest_first().values_list("pk", flat=True)[: MAX_AT_ONCE + 1])

    def each_part(self, verb: Callable[[Sequence[int]], T]) -> list[T]:
        """What a verb answers for the ticked runs, part by part."""
        keys = self.keys
        self.is_cut = len(keys) > MAX_AT_ONCE
        return in_parts(verb, keys[:MAX_AT_ONCE])

    @property
    def has_some(self) -> bool:
        return selected_runs(self.scope, self.selection).exists()

    @property
    def place(self) -> dict:
        """Whose selection it is, and of which list."""
        return {
            "owner": self.browser,
            "workspace": self.scope.workspace,
            "experiment": self.scope.experiment,
        }

    def list_address(self, **changes: str) -> str:
        changes = {BACK_KEY: "", "runs": "", **changes}
        return _with_query(self.scope.back_address(self.request.GET), self.request, **changes)

    def change(self, ticked: Sequence[int] = (), unticked: Sequence[int] = ()) -> None:
        self.selection = change_ticks(**self.place, ticked=ticked, unticked=unticked)


@require_POST
def change_selection(
    request: HttpRequest, workspace: str, experiment_id: int | None = None
) -> HttpResponse:
    """Keep the ticks that a page sends, then do what its button says."""
    scope = get_scope(request, experiment_id)
    ticking = _Ticking(
        request, scope, selection_of(request, scope), browser_of(request) or new_browser()
    )
    _keep_ticks(ticking)
    _keep_groups(ticking)
    verb, _, argument = request.POST.get("do", "").partition(":")
    if verb in _NEED_RUNS and not ticking.has_some:
        messages.warning(request, "No run is selected.")
        verb = "keep"
    response = _VERBS.get(verb, _keep)(ticking, argument)
    remember_browser(response, ticking.browser)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def tag_selection(
    request: HttpRequest, workspace: str, experiment_id: int | None = None
) -> HttpResponse:
    """Give the ticked runs a tag, or take one from them."""
    scope = get_scope(request, experiment_id)
    selection = selection_of(request, scope)
    selected = read_selected(scope, selection)
    add_form, remove_form = TagForm(prefix="add"), TagNameForm(prefix="remove")
    if request.method == "POST":
        if not selected.count:
            raise NothingSelected
        ticking = _Ticking(request, scope, selection, browser_of(request))
        if request.POST.get("do") == "remove":
            remove_form = TagNameForm(request.POST, prefix="remove")
            if remove_form.is_valid():
                return _untagged(ticking, remove_form.cleaned_data["key"])
        else:
            add_form = TagForm(request.POST, prefix="add")
            if add_form.is_valid():
                return _tagged(ticking, **add_form.cleaned_data)
    is_refused = add_form.errors or remove_form.errors
    context = {
        "workspace": scope.workspace,
        "experiment": scope.experiment,
        "selected": selected,
        "add_form": add_form,
        "remove_form": remove_form,
        "list_url": _with_query(scope.address(), request),
    }
    return render(request, "runs/selection_tag.html", context, status=422 if is_refused else 200)


@require_POST
def undo_last(request: HttpRequest, workspace: str, token: str) -> HttpResponse:
    """Take back the last thing that was done to many runs."""
    undone = undo(request, get_workspace(request), token)
    messages.success(request, undone.message)
    return HttpResponseRedirect(undone.back)


def _keep_ticks(ticking: _Ticking) -> None:
    """Make the selection agree with the boxes of the page that asks."""
    post = ticking.request.POST
    shown = set(post.get("shown", "").split(",")[:_MAX_SHOWN]) - {""}
    ticked = set(post.getlist("run")[:_MAX_SHOWN])
    asked = [text for text in shown | ticked if "\x00" not in text]
    if not asked:
        return
    found = dict(ticking.scope.runs.filter(run_id__in=asked).values_list("run_id", "pk"))
    there = selected_runs(ticking.scope, ticking.selection).filter(pk__in=found.values())
    before = set(there.order_by().values_list("pk", flat=True))
    now = {key for run_id, key in found.items() if run_id in ticked}
    if now != before:
        ticking.change(ticked=sorted(now - before), unticked=sorted(before - now))


def _keep(ticking: _Ticking, argument: str) -> HttpResponse:
    if ticking.request.htmx:
        return _bar(ticking)
    return HttpResponseRedirect(ticking.list_address())


def _clear(ticking: _Ticking, argument: str) -> HttpResponse:
    if ticking.selection is not None:
        clear_ticks(ticking.selection)
    return _keep(ticking, argument)


def _untick(ticking: _Ticking, run_id: str) -> HttpResponse:
    keys = ticking.scope.runs.filter(run_id=run_id.replace("\x00", "")).values_list("pk", flat=True)
    ticking.change(unticked=list(keys))
    return _keep(ticking, run_id)


def _select_all(ticking: _Ticking, argument: str) -> HttpResponse:
    """Tick all runs that the address lists: what it asks is kept, and no run that is new then."""
    asked = narrowing(ticking.request.GET)
    _tick_all(ticking, asked, *_found(ticking, asked))
    return HttpResponseRedirect(ticking.list_address())


def _keep_groups(ticking: _Ticking) -> None:
    """Tick the runs of the groups whose boxes are ticked now, and untick those whose were."""
    post = ticking.request.POST
    was, now = (dict.fromkeys(post.getlist(name)[:_MAX_SHOWN]) for name in ("was", "group"))
    for where in now.keys() - was.keys():
        asked = _asks_for_group(ticking, where)
        found, newest = _found(ticking, asked)
        keys = list(found.order_by().values_list("pk", flat=True)[: _MOST_ONE_BY_ONE + 1])
        if len(keys) > _MOST_ONE_BY_ONE:
            _tick_all(ticking, asked, found, newest)
        else:
            ticking.change(ticked=keys)
    for where in was.keys() - now.keys():
        asked = _asks_for_group(ticking, where)
        found, _ = _found(ticking, asked)
        if ticking.selection is not None:
            forget_query(ticking.selection, asked.urlencode())
        ticked = selected_runs(ticking.scope, ticking.selection).order_by()
        keys = ticked.filter(pk__in=found.order_by().values("pk")).values_list("pk", flat=True)
        ticking.change(unticked=list(keys[: MAX_TICKED + 1]))


def _asks_for_group(ticking: _Ticking, where: str) -> QueryDict:
    asked = narrowing(ticking.request.GET)
    asked["where"] = narrowed(asked, where)
    return asked


def _found(ticking: _Ticking, asked: QueryDict) -> tuple[QuerySet[Run], int]:
    """The runs that the list shows for what an address asks, and the newest key there is."""
    newest = ticking.scope.runs.order_by("-pk").values_list("pk", flat=True).first() or 0
    return ticking.scope.listed(asked).filter(pk__lte=newest), newest


def _tick_all(ticking: _Ticking, asked: QueryDict, found: QuerySet[Run], newest: int) -> None:
    single = one_by_one(found, ticking.selection).order_by()
    ticking.selection = tick_all(
        **ticking.place,
        query=asked.urlencode(),
        newest=newest,
        found=list(single.values_list("pk", flat=True)),
    )


def _compare(ticking: _Ticking, argument: str) -> HttpResponse:
    selected = read_selected(ticking.scope, ticking.selection)
    if not 2 <= selected.count <= selected.most_compared:
        reason = (
            "Comparing needs at least two runs."
            if selected.count < 2
            else f"At most {selected.most_compared} runs can be compared, and {selected.count:,} "
            "are selected."
        )
        messages.warning(ticking.request, reason)
        return HttpResponseRedirect(ticking.list_address())
    remember_list(ticking.request, ticking.scope, ticking.list_address())
    workspace = ticking.scope.workspace
    if selected.count > MAX_CHARTED:
        kept = keep_comparison(workspace=workspace, runs=ticking.keys)
        return redirect("runs:compare_selection", workspace.slug, kept.slug)
    ids = ",".join(run.run_id for run in selected.listed)
    return HttpResponseRedirect(f"{reverse('runs:compare', args=[workspace.slug])}?runs={ids}")


def _tag(ticking: _Ticking, argument: str) -> HttpResponse:
    return HttpResponseRedirect(_with_query(ticking.scope.address("tag"), ticking.request))


def _export(ticking: _Ticking, ending: str) -> HttpResponse:
    if ending not in {"csv", "json", "parquet"}:
        ending = "csv"
    address = ticking.scope.address("export", ending)
    return HttpResponseRedirect(_with_query(address, ticking.request, page="", selected="1"))


def _trash(ticking: _Ticking, argument: str) -> HttpResponse:
    found = [key for part in ticking.each_part(trash_runs) for key in part]
    back = ticking.list_address(page="")
    if not found:
        messages.info(ticking.request, "These runs are in the Trash already.")
        return HttpResponseRedirect(back)
    offer = offer_undo_of_trash(
        ticking.request, found, workspace=ticking.scope.workspace, back=back
    )
    _say(ticking, f"Moved {_runs(len(found))} to Trash", offer)
    return HttpResponseRedirect(back)


_VERBS: dict[str, Callable[[_Ticking, str], HttpResponse]] = {
    "keep": _keep,
    "clear": _clear,
    "untick": _untick,
    "all": _select_all,
    "compare": _compare,
    "tag": _tag,
    "export": _export,
    "trash": _trash,
}
_NEED_RUNS = {"tag", "export", "trash"}


def _tagged(ticking: _Ticking, *, key: str, value: str) -> HttpResponse:
    change = TagChange.of_parts(ticking.each_part(partial(tag_runs, key=key, value=value)))
    if not change.keys:
        messages.info(ticking.request, "Runs in the Trash get no tags.")
        return HttpResponseRedirect(ticking.list_address())
    return _tag_changed(ticking, change, key, f"Tagged {_runs(len(change.keys))} with {key}")


def _untagged(ticking: _Ticking, key: str) -> HttpResponse:
    change = TagChange.of_parts(ticking.each_part(partial(untag_runs, key=key)))
    if not change.keys:
        messages.info(ticking.request, f"None of the selected runs has a tag {key}.")
        return HttpResponseRedirect(ticking.list_address())
    return _tag_changed(ticking, change, key, f"Took the tag {key} from {_runs(len(change.keys))}")


def _tag_changed(ticking: _Ticking, change: TagChange, key: str, text: str) -> HttpResponse:
    """The list again, which says what was done and offers to take it back."""
    place = {"workspace": ticking.scope.workspace, "back": ticking.list_address()}
    _say(ticking, text, offer_undo_of_tag(ticking.request, change, key=key, **place))
    return HttpResponseRedirect(ticking.list_address())


def _say(ticking: _Ticking, text: str, offer: str) -> None:
    if ticking.is_cut:
        text += ", the newest of those selected: more are not changed at once"
    messages.success(ticking.request, message_with_undo(ticking.request, text, offer))


def _bar(ticking: _Ticking) -> HttpResponse:
    """What a script shows of the selection; of the runs that it names, which are ticked."""
    scope, names = ticking.scope, ticking.request.POST.get("page", "")
    asked = [text for text in names.split(",")[:_MAX_SHOWN] if text and "\x00" not in text]
    page: Sequence[Run] = scope.runs.filter(run_id__in=asked) if asked else ()
    selected = read_selected(scope, ticking.selection, page=page)
    context = {
        "workspace": scope.workspace,
        "selected": selected,
        "asked": asked,
        "ticked": [run.run_id for run in page if run.pk in selected.on_page],
    }
    return render(ticking.request, "runs/_selection_list.html", context)


def _with_query(address: str, request: HttpRequest, **changes: str) -> str:
    """An address with the list's query; what is changed to nothing is left out."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"{address}?{query.urlencode()}" if query else address


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
