"""What a row of a run list shows of its run: the children that open below it, and its color."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from runs.access import get_run, is_run_id
from runs.actions.runs import delete_tag, set_tag
from runs.colors import COLOR_TAG, NoSuchColor, readable_color
from runs.columns import choose_columns
from runs.models import RunKey
from runs.scope import Scope
from runs.tree import MAX_LEVEL, children_of
from runs.views.rows_below import rows_below


@require_safe
@vary_on_headers("HX-Request")
def children(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """The children of a run as rows of the list that ``cols`` and ``sort`` describe.

    ``above`` names the runs that it stands below, the highest first; ``in_group`` says that a group
    is above them. Without a script the link leads to the list of its children.
    """
    run = get_run(request, run_id)
    list_path = run.experiment.get_absolute_url()
    where = urlencode({"nest": 0, "where": f"tags.mlflow.parentRunId = '{run.run_id}'"})
    if not request.htmx:
        return redirect(f"{list_path}?{where}")
    above = [each for each in request.GET.get("above", "").split(".") if is_run_id(each)][
        :MAX_LEVEL
    ]
    runs = children_of(run, workspace=run.experiment.workspace, above=above)
    columns = choose_columns(
        RunKey.objects.filter(experiment__workspace=run.experiment.workspace)
        if "experiment" in request.GET.get("cols", "").split(",")
        else RunKey.objects.filter(experiment=run.experiment),
        chosen=request.GET.get("cols", "") or "name",
        experiment=run.experiment,
    )
    # The runs of a group stand below it.
    level = len(above) + (2 if request.GET.get("in_group") else 1)
    deeper = request.GET.copy()
    deeper.pop("page", None)
    deeper["above"] = ".".join([*above, run.run_id])
    return rows_below(
        request,
        Scope(run.experiment.workspace, run.experiment),
        runs,
        columns,
        list_path=list_path,
        parent=run,
        levels="x" * level,
        is_nested=level < MAX_LEVEL,
        children_query=deeper.urlencode(),
        empty="It has no other child runs.",
        all_url=f"{list_path}?{where}",
    )


@require_POST
def color(request: HttpRequest, workspace: str, run_id: str) -> HttpResponse:
    """Give a run a color, or take it away. Raises ``NoSuchColor``."""
    run = get_run(request, run_id)
    chosen = request.POST.get("color", "")
    if not chosen:
        if run.tags.filter(key=COLOR_TAG).exists():
            delete_tag(run, key=COLOR_TAG)
    elif readable_color(chosen):
        set_tag(run, key=COLOR_TAG, value=chosen)
    else:
        raise NoSuchColor
    return redirect(run)
