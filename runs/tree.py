"""Parents and children in a run list: which runs stand at the top, and which below another.

A run's parent is what its tag ``mlflow.parentRunId`` says. Clients write it, so it may name a run
that is not here, the run itself, or close a circle.
"""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import QueryDict

from runs.columns import Columns
from runs.models import KeyKind, Run, RunKey
from workspaces.models import Workspace

PARENT_TAG = "mlflow.parentRunId"

# Below the last of so many levels nothing opens: by then it is a circle, or nobody's plan.
MAX_LEVEL = 30


@dataclass(frozen=True)
class Nesting:
    """Whether a list shows the top level only, and whether there is a choice."""

    is_nested: bool
    has_choice: bool
    nested_url: str
    flat_url: str


def children_query(query: QueryDict, columns: Columns, **more: str) -> str:
    """What asks for the children of a row, so that they look as the list does."""
    asked = {"cols": columns.text, **more}
    return urlencode(asked | {name: query[name] for name in ("sort", "base") if query.get(name)})


def read_nesting(query: QueryDict, keys: QuerySet[RunKey], *, is_narrowed: bool) -> Nesting:
    """What ``nest`` says: 1 is the top level only, 0 all runs.

    Without it a list shows the top level if any run has a parent and nothing narrows the list:
    what is looked for may be a child. A list in groups has no levels.
    """
    has_choice = has_parents(keys)
    said = query.get("nest")
    is_nested = said == "1" if said in {"0", "1"} else not is_narrowed

    def url(nest: str) -> str:
        changed = query.copy()
        changed.pop("page", None)
        changed["nest"] = nest
        return f"?{changed.urlencode()}"

    is_nested = is_nested and has_choice and not query.get("group")
    return Nesting(is_nested, has_choice, url("1"), url("0"))


def has_parents(keys: QuerySet[RunKey]) -> bool:
    """Whether any run of these experiments ever named a parent."""
    return keys.filter(kind=KeyKind.TAG, name=PARENT_TAG).exists()


def top_level(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Those of ``runs`` that stand below no other: all whose parent is not in their experiment.

    Of two runs that name each other the older one is on top.
    """
    parent = Run.objects.active().filter(
        run_id=OuterRef("parent_run_id"), experiment=OuterRef("experiment")
    )
    circle = Q(run_id=OuterRef("run_id")) | Q(
        parent_run_id=OuterRef("run_id"), pk__gt=OuterRef("pk")
    )
    return runs.filter(Q(parent_run_id="") | ~Exists(parent.exclude(circle)))


def children_of(run: Run, *, workspace: Workspace, above: Collection[str] = ()) -> QuerySet[Run]:
    """The runs that name ``run`` as their parent, but for it and those that it stands below."""
    children = Run.objects.in_workspace(workspace).active().filter(parent_run_id=run.run_id)
    return children.exclude(run_id=F("parent_run_id")).exclude(run_id__in=above)
