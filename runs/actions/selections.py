"""What people tick in the lists of runs."""

import hashlib
from collections.abc import Sequence

from core.db import action, any_of, upsert_rows
from core.errors import Invalid
from core.time import now_ms
from experiments.models import Experiment
from runs.models import Selection
from workspaces.models import Workspace

MAX_SELECTED = 10_000

# Nobody looks for ticks again after so long.
KEPT_MS = 30 * 24 * 60 * 60 * 1000

# The owner of a comparison: who has its address sees it, and nobody changes it.
NOBODY = ""

_Ticks = Selection.runs.through


class TooManySelected(Invalid):
    """A selection would have more runs than one may."""

    def __init__(self) -> None:
        super().__init__(f"A selection has at most {MAX_SELECTED:,} runs. Untick some first.")


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
    ticks = _Ticks.objects.filter(selection=selection)
    if unticked:
        ticks.filter(run__in=any_of(unticked)).delete()
    upsert_rows(
        _Ticks._meta.db_table,
        {"selection_id": "bigint", "run_id": "bigint"},
        [(selection.pk, key) for key in ticked],
        on_conflict="DO NOTHING",
    )
    if ticked and ticks.count() > MAX_SELECTED:
        raise TooManySelected
    return selection


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
        upsert_rows(
            _Ticks._meta.db_table,
            {"selection_id": "bigint", "run_id": "bigint"},
            [(comparison.pk, key) for key in runs],
            on_conflict="DO NOTHING",
        )
    return comparison


@action
def clear_ticks(selection: Selection) -> None:
    """Untick every run of a list."""
    _Ticks.objects.filter(selection=selection).delete()
