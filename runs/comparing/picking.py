"""Which runs could join a comparison: the newest of its experiments, or what a search finds."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from core.names import MAX_KEY_LENGTH
from runs.access import is_run_id
from runs.comparing.subject import Subject
from runs.models import Run
from workspaces.models import Workspace

SHOWN = 50


@dataclass(frozen=True)
class Picker:
    """The runs to choose from; ``is_more`` if the search finds more than these."""

    search: str
    others: Sequence[Run]
    is_more: bool


def read_picker(workspace: Workspace, subject: Subject | None, search: str) -> Picker:
    """Active runs that are not compared yet, the newest first.

    Without a search those of the compared experiments, or, where nothing is compared yet, of the
    workspace; with one, those of the workspace whose name holds it or whose id begins with it.
    """
    search = search.replace("\0", "").strip()[:MAX_KEY_LENGTH]
    runs = Run.objects.in_workspace(workspace).active()
    if subject:
        runs = runs.exclude(pk__in=subject.keys)
    if search:
        found = Q(name__icontains=search)
        if is_run_id(search):
            found |= Q(run_id__startswith=search)
        runs = runs.filter(found)
    elif subject:
        runs = runs.filter(experiment__in=subject.experiments)
    others = list(runs.select_related("experiment__workspace").newest_first()[: SHOWN + 1])
    return Picker(
        search=search,
        others=others[:SHOWN],
        is_more=len(others) > SHOWN,
    )
