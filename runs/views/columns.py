"""Customize columns: the pane of all columns, the menus of the heads, and what is said of a metric.

Everything but what is kept for everyone is a form sent by GET: the pane is a function of its
address, and what it comes to is the address of the list.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from core.errors import Invalid, Refused
from core.formatting import STYLES, styled_text
from experiments.actions import NEITHER, describe_metric
from runs.about import ABOUT_KEY, group_of
from runs.actions.columns import set_default_columns
from runs.chips import carried
from runs.column_catalog import catalog
from runs.column_editing import (
    FIELDS,
    LONGEST_COLUMNS,
    STATISTIC_FIELD,
    Draft,
    read_form,
)
from runs.columns import AUTOMATIC, MAX_CHOSEN, Column, Columns, Statistic, read_names
from runs.directions import which_is_better
from runs.scope import Scope, get_scope

# How numbers may be written, in the words of the form.
NOTATIONS = {
    word: f"{meaning}, as {styled_text(number, style)}"
    for word, meaning, number, style in (
        ("decimals", "with so many decimals", 0.98765432, "decimals 3"),
        ("significant", "to so many significant digits", 0.98765432, "significant 6"),
        ("percent", "as percent, with so many decimals", 0.98765432, "percent 1"),
        ("seconds", "as a duration in seconds", 8040, "seconds"),
        ("milliseconds", "as a duration in milliseconds", 83000, "milliseconds"),
        ("bytes", "as an amount of bytes", 1234567, "bytes"),
    )
}


class TooManyLetters(Invalid):
    """An address cannot carry so many long names."""


@dataclass(frozen=True)
class Line:
    """A shown column in the pane. ``anchor`` stays the same as it moves, so that focus can."""

    place: int
    column: Column
    is_pinned: bool
    anchor: str
    is_first: bool
    is_last: bool
    is_grouping: bool


@require_safe
@vary_on_headers("HX-Request")
def columns(request: HttpRequest, workspace: str, experiment_id: int | None = None) -> HttpResponse:
    """The pane; or, once something is applied, the list that it comes to."""
    scope = get_scope(request, experiment_id)
    query = request.GET
    names = read_names(scope.keys, scope.experiment)
    form = read_form(query, scope.columns(query, names=names))
    draft = form.draft
    order = query.get("do", "")
    if order == "reset":
        # Said in words only where silence would mean the experiment's default.
        return _to_list(request, scope, cols=AUTOMATIC if scope.default_columns else "")
    changed = form.edited(order)
    if (chosen := form.chosen(order)) is not None:
        cols = _said(draft.text, scope.columns(QueryDict(), names=names))
        return _to_list(request, scope, cols=cols, **chosen)
    if order == "apply" and len(draft.text) <= LONGEST_COLUMNS:
        return _to_list(request, scope, cols=draft.text)
    sort = form.sorted_by(query.get("sort", ""), order)
    if query.get("at") == "list":
        cols = _said(changed.text, scope.columns(QueryDict(), names=names))
        return _to_list(request, scope, cols=cols, sort=sort)
    if sort != query.get("sort", ""):
        cols = _said(draft.text, scope.columns(QueryDict(), names=names))
        return _to_list(request, scope, cols=cols, sort=sort)
    context = _pane(scope, query, changed, names)
    template = "runs/_columns_pane.html" if request.htmx else "runs/columns.html"
    return render(request, template, context)


@require_POST
def default_columns(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    """Show these columns to everyone who opens the experiment; none are the automatic ones."""
    scope = get_scope(request, experiment_id)
    asked = QueryDict(mutable=True)
    asked["cols"] = request.POST.get("cols", "")
    cols = Draft.of(scope.columns(asked)).text if asked["cols"] else ""
    set_default_columns(scope.experiment, cols=_checked(cols))
    if cols:
        messages.success(request, f"{scope.experiment.name} opens with these columns")
    else:
        messages.success(request, f"{scope.experiment.name} opens with automatic columns")
    return redirect(scope.experiment)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def metric(request: HttpRequest, workspace: str, experiment_id: int) -> HttpResponse:
    """Which values of a metric are better, and how its numbers are written."""
    scope = get_scope(request, experiment_id)
    name = request.GET.get("name", "")
    error = ""
    said = scope.experiment.said_of(name)
    better, style = said.get("better", ""), said.get("format", "")
    if name == scope.experiment.primary_metric:
        better = scope.experiment.primary_direction
    if request.method == "POST":
        better = request.POST.get("better", "")
        notation = request.POST.get("notation", "")
        style = notation
        if STYLES.get(notation, True) and notation:
            style = f"{notation} {request.POST.get('digits', '')}"
        try:
            describe_metric(scope.experiment, metric=name, better=better, number_format=style)
        except Refused as refusal:
            error = refusal.message
        else:
            messages.success(request, f"Saved for everyone: {name}")
            return redirect(_list_url(scope, request.GET))
    context = {
        "workspace": scope.workspace,
        "experiment": scope.experiment,
        "name": name,
        "error": error,
        "better": better,
        "guess": which_is_better(name, experiments=[]),
        "is_primary": name == scope.experiment.primary_metric,
        "neither": NEITHER,
        "notation": style.partition(" ")[0],
        "digits": style.partition(" ")[2],
        "notations": NOTATIONS,
        "list_url": _list_url(scope, request.GET),
    }
    template = "runs/_column_metric.html" if request.htmx else "runs/column_metric.html"
    return render(request, template, context, status=422 if error else 200)


def _pane(scope: Scope, query: QueryDict, draft: Draft, names: Sequence) -> dict:
    finder = query.get("find", "").strip()[:250]
    kind = query.get("kind", "")
    only_differing = not query.get("edit") or bool(query.get("differ"))
    start = query.get("from", "")
    moved = query.get("do", "").partition(" ")
    if moved[0] == "from":
        start = moved[2]
    elif moved[0] in {"find", "kind"}:
        start = ""
    if moved[0] == "kind":
        kind = moved[2]
    number = int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 0
    found = catalog(
        names,
        draft.columns,
        find=finder,
        kind=kind,
        only_differing=only_differing,
        start=number,
    )
    return {
        "workspace": scope.workspace,
        "experiment": scope.experiment,
        "carried": carried(query, beside=_own(query)),
        "draft": draft,
        "lines": _lines(draft),
        "most": MAX_CHOSEN,
        "statistics": Statistic.choices,
        "statistic_field": STATISTIC_FIELD,
        "find": finder,
        "kind": kind,
        "only_differing": only_differing,
        "catalog": found,
        "has_default": bool(scope.default_columns),
        "asks_default": query.get("do") == "default",
        "list_url": _list_url(scope, query),
        "pane_url": scope.address("columns"),
        "default_url": scope.address("columns_default") if scope.experiment else "",
        "metric_url": _metric_url(scope, query, draft),
    }


def _metric_url(scope: Scope, query: QueryDict, draft: Draft) -> str:
    """Where one says what is known of a metric, up to its name; a whole workspace says nothing."""
    if scope.experiment is None or not scope.experiment.is_active:
        return ""
    kept = [*carried(query, beside=_own(query)), ("cols", draft.text)]
    return f"{scope.address('columns_metric')}?{urlencode(kept)}&name="


def _lines(draft: Draft) -> list[Line]:
    return [
        Line(
            place,
            column,
            column in draft.pinned,
            # Names may have blanks, ids may not.
            anchor=f"{zlib.crc32(column.id.encode()):08x}",
            is_first=place == 1,
            is_last=place == len(draft.columns),
            is_grouping=bool(group_of(column)),
        )
        for place, column in enumerate(draft.columns, start=1)
    ]


def _own(query: QueryDict) -> set[str]:
    """The fields of the pane and of the menus among what an address says."""
    own = {name for name in query if name.removeprefix(STATISTIC_FIELD).isdigit()}
    return own | FIELDS | {"at", "name", ABOUT_KEY}


def _checked(cols: str) -> str:
    if len(cols) > LONGEST_COLUMNS:
        raise TooManyLetters(
            f"The names of these columns have {len(cols):,} characters together; an address can "
            f"carry {LONGEST_COLUMNS:,}. Choose fewer columns."
        )
    return cols


def _said(cols: str, usual: Columns) -> str:
    """What an address has to say of the columns: nothing, if they are those that it has anyway."""
    return "" if cols == usual.text else _checked(cols)


def _list_url(scope: Scope, query: QueryDict, **changes: str) -> str:
    """The list with what the address says of it, its columns and its order as given."""
    parts = {name: values for name, values in query.lists() if name not in _own(query) | {"page"}}
    if query.get("cols"):
        parts["cols"] = [query["cols"]]
    for name, value in changes.items():
        parts.pop(name, None)
        if value:
            parts[name] = [value]
    tail = urlencode(parts, doseq=True)
    return f"{scope.address()}{'?' if tail else ''}{tail}"


def _to_list(request: HttpRequest, scope: Scope, **changes: str) -> HttpResponse:
    url = _list_url(scope, request.GET, **changes)
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def column_context(scope: Scope, query: QueryDict) -> dict:
    """What a list's page needs for its heads' menus and for Customize columns."""
    path = scope.address("columns")
    tail = query.copy()
    tail.pop("page", None)
    return {
        "columns_path": path,
        "columns_url": f"{path}?{tail.urlencode()}" if tail else path,
        "head_fields": carried(query, beside=_own(query)),
        "statistics": Statistic.choices,
        "metric_url": scope.address("columns_metric") if scope.experiment else "",
    }
