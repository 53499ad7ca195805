"""What the registry's list pages share: search texts, sortable heads and pages, all in the URL."""

from collections.abc import Collection
from dataclasses import dataclass

from django.core.paginator import Page
from django.http import QueryDict

# Nothing that is looked for is longer.
_MAX_TYPED = 300


@dataclass(frozen=True)
class Head:
    """The head of a column: where a click on it leads, and how the table is sorted by it now."""

    label: str
    url: str
    aria_sort: str
    is_number: bool = False
    hint: str = ""


@dataclass(frozen=True)
class PageLinks:
    """What stands under a list: which part of it shows, and the ways to the parts beside it."""

    summary: str
    previous_url: str
    next_url: str


def typed(query: QueryDict, name: str) -> str:
    """The text of a search field, without what no database could look for."""
    return query.get(name, "").replace("\x00", "").strip()[:_MAX_TYPED]


def sort_key(query: QueryDict, known: Collection[str], *, default: str) -> str:
    """The sort that the address asks for, with a minus from the other end; else ``default``."""
    asked = query.get("sort", "")
    return asked if asked.removeprefix("-") in known else default


def sort_head(
    query: QueryDict,
    column: str,
    label: str,
    *,
    sort: str,
    largest_first: bool = False,
    is_number: bool = False,
    hint: str = "",
) -> Head:
    """The head of ``column`` in a table that is sorted by ``sort``."""
    if sort == column:
        following, aria_sort = f"-{column}", "ascending"
    elif sort == f"-{column}":
        following, aria_sort = column, "descending"
    else:
        following, aria_sort = f"-{column}" if largest_first else column, ""
    url = _changed(query, sort=following, page=None)
    return Head(label, url, aria_sort, is_number, hint)


def page_links(query: QueryDict, page: Page, *, noun: str) -> PageLinks:
    """The links under ``page``, whose rows are called ``noun``."""
    total = page.paginator.count
    word = noun if total == 1 else f"{noun}s"
    summary = f"{total:,} {word}"
    if page.has_other_pages():
        summary = f"{page.start_index():,}–{page.end_index():,} of {summary}"
    previous = _changed(query, page=page.number - 1) if page.has_previous() else ""
    following = _changed(query, page=page.number + 1) if page.has_next() else ""
    return PageLinks(summary, previous, following)


def _changed(query: QueryDict, **values: object) -> str:
    changed = query.copy()
    for name, value in values.items():
        changed.pop(name, None)
        if value is not None:
            changed[name] = str(value)
    return f"?{changed.urlencode()}" if changed else "?"
