"""What people tick in the lists of runs."""

import hashlib
from collections.abc import Sequence

from core.db import action, any_of, upsert_rows
from core.errors import Invalid
from core.time import now_ms
from experiments.models import Experiment
from runs.models import Selection
from workspaces.models import Workspace

# Runs that are ticked one by one, and those that are unticked so of all that a query finds.
MAX_TICKED = 10_000
MAX_QUERIES = 10

# Nobody looks for ticks again after so long.
KEPT_MS = 30 * 24 * 60 * 60 * 1000

# The owner of a comparison: who has its address sees it, and nobody changes it.
NOBODY = ""

_Ticks = Selection.runs.through


class TooManySelected(Invalid):
    """More runs would be ticked, or left out, one by one than may be."""

    def __init__(self) -> None:
        super().__init__(
            f"At most {MAX_TICKED:,} runs are ticked or unticked one by one. Filter the list, and "
            "select all that match."
        )


class TooManyQueries(Invalid):
    """All that one more filter finds would be ticked as well."""

    def __init__(self) -> None:
        super().__init__(
            f"All that match {MAX_QUERIES} filters are selected already. Clear the selection first."
        )


def selection_slug(*, owner: str, workspace: Workspace, experiment: Experiment | None) -> str:
    """The slug of what an owner ticks in one list: there is one such selection, from any tab."""
    place = f"{owner}|{workspace.pk}|{experiment.pk if experiment else ''}"
    return hashlib.sha256(place.encode()).hexdigest()[:32]


@action
def change_ticks(
    *,
    owner: str,
    workspace: Workspace,
    experiment: Experiment | None,
    ticked: Sequence[int] = (),
    unticked: Sequence[int] = (),
) -> Selection:
    """Tick some runs of a list, by their keys, and untick others; both may be done already.

    Ticks of other lists that nobody has touched for a month are forgotten. Raises
    ``TooManySelected``.
    """
    selection = _touched(owner, workspace, experiment)
    ticks = _Ticks.objects.filter(selection=selection)
    if unticked:
        ticks.filter(run__in=any_of(unticked)).delete()
    _tick(selection, ticked)
    if ticked and ticks.count() > MAX_TICKED:
        raise TooManySelected
    if selection.queries:
        selection.left_out = sorted({*selection.left_out, *unticked} - set(ticked))
        if len(selection.left_out) > MAX_TICKED:
            raise TooManySelected
        selection.save(update_fields=["left_out"])
    return selection


@action
def tick_all(
    *,
    owner: str,
    workspace: Workspace,
    experiment: Experiment | None,
    query: str,
    newest: int,
    found: Sequence[int] = (),
) -> Selection:
    """Tick all runs of a list that a query finds, up to the ``newest`` key.

    ``found`` are those among them that were ticked, or left out, one by one. Raises
    ``TooManyQueries``.
    """
    selection = _touched(owner, workspace, experiment)
    # What nothing narrows finds what all others do.
    others = [[text, key] for text, key in selection.queries if query and text != query]
    if len(others) >= MAX_QUERIES:
        raise TooManyQueries
    selection.queries = [*others, [query, newest]]
    selection.left_out = sorted(set(selection.left_out) - set(found))
    selection.save(update_fields=["queries", "left_out"])
    _Ticks.objects.filter(selection=selection, run__in=any_of(found)).delete()
    return selection


@action
def forget_query(selection: Selection, query: str) -> None:
    """Untick what a query finds, but for what was ticked one by one or another query finds."""
    kept = [[text, key] for text, key in selection.queries if text != query]
    if len(kept) < len(selection.queries):
        selection.queries = kept
        selection.save(update_fields=["queries"])


def _touched(owner: str, workspace: Workspace, experiment: Experiment | None) -> Selection:
    """What the owner has ticked in a list; others that nobody touched for long are forgotten."""
    now = now_ms()
    selection, is_new = Selection.objects.update_or_create(
        slug=selection_slug(owner=owner, workspace=workspace, experiment=experiment),
        defaults={"last_update_time": now},
        create_defaults={
            "owner": owner,
            "workspace": workspace,
            "experiment": experiment,
            "last_update_time": now,
        },
    )
    if is_new:
        # What nobody owns is a comparison, whose address people keep.
        old = Selection.objects.filter(last_update_time__lt=now - KEPT_MS)
        old.exclude(owner=NOBODY).delete()
    return selection


def _tick(selection: Selection, keys: Sequence[int]) -> None:
    upsert_rows(
        _Ticks._meta.db_table,
        {"selection_id": "bigint", "run_id": "bigint"},
        [(selection.pk, key) for key in keys],
        on_conflict="DO NOTHING",
    )


@action
def keep_comparison(*, workspace: Workspace, runs: Sequence[int]) -> Selection:
    """A comparison of more runs than an address holds, by their keys.

    The same runs have the same one, and it never changes: its address may be handed on.
    """
    place = f"{workspace.pk}|{','.join(map(str, sorted(runs)))}"
    slug = hashlib.sha256(place.encode()).hexdigest()[:20]
    comparison, is_new = Selection.objects.get_or_create(
        slug=slug, defaults={"workspace": workspace, "owner": NOBODY}
    )
    if is_new:
        _tick(comparison, runs)
    return comparison


@action
def clear_ticks(selection: Selection) -> None:
    """Untick every run of a list."""
    _Ticks.objects.filter(selection=selection).delete()
    selection.queries = selection.left_out = []
    selection.save(update_fields=["queries", "left_out"])
