"""The run list that a browser compared from, so that a comparison leads back to it as it was.

It is kept with the browser's session, not in the comparison's address: whoever gets that address
came from nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from experiments.models import Experiment
from runs.scope import Scope

_SESSION_KEY = "compared_from"
# A longer address would not fit into every browser's.
_MAX_LENGTH = 4_000


@dataclass(frozen=True)
class Origin:
    """A run list with its filter, order and columns."""

    label: str
    url: str


def remember_list(request: HttpRequest, scope: Scope, url: str) -> None:
    """Keep that runs of this list are compared now."""
    if len(url) <= _MAX_LENGTH:
        experiment = scope.experiment.pk if scope.experiment else None
        request.session[_SESSION_KEY] = [scope.workspace.slug, experiment, url]


def origin_of(
    request: HttpRequest, workspace: str, experiments: Sequence[Experiment]
) -> Origin | None:
    """Where the comparison of runs of these experiments came from, if that is known.

    Otherwise, of one experiment, its list.
    """
    kept = request.session.get(_SESSION_KEY)
    alone = experiments[0] if len(experiments) == 1 else None
    if isinstance(kept, list) and len(kept) == 3 and kept[0] == workspace:
        if kept[1] is None:
            return Origin("All runs", kept[2])
        if alone and kept[1] == alone.pk:
            return Origin(alone.name, kept[2])
    return Origin(alone.name, alone.get_absolute_url()) if alone else None
