"""What a run that is alone is most telling beside: its parent, the run before it, the best one."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from runs.comparing.subject import Subject
from runs.keys import metric_key_ids
from runs.models import MetricStat, Run, RunTag
from runs.tree import PARENT_TAG

# Neither NaN nor an infinity is the best of anything.
_FINITE = (-sys.float_info.max, sys.float_info.max)


@dataclass(frozen=True)
class Suggestion:
    """A run to set beside the one there is, and what it is to that one."""

    title: str
    run: Run


def suggestions(subject: Subject) -> Sequence[Suggestion]:
    """At most three runs of the workspace that are not in the Trash; none is named twice."""
    run = subject.runs[0]
    best_title = f"Compare with best run on {subject.main_metric}"
    found = [
        ("Compare with parent", _parent(run)),
        ("Compare with previous run", _previous(run)),
        (best_title, _best(run, subject)),
    ]
    named: dict[Run, str] = {}
    for title, other in found:
        if other is not None:
            named.setdefault(other, title)
    return [Suggestion(title, other) for other, title in named.items()]


def _parent(run: Run) -> Run | None:
    tag = RunTag.objects.filter(run=run, key=PARENT_TAG).first()
    if tag is None:
        return None
    runs = Run.objects.in_workspace(run.experiment.workspace).active()
    return runs.filter(run_id=tag.value).exclude(pk=run.pk).first()


def _previous(run: Run) -> Run | None:
    runs = Run.objects.active().filter(experiment=run.experiment_id)
    return runs.filter(start_time__lt=run.start_time).newest_first().first()


def _best(run: Run, subject: Subject) -> Run | None:
    """The best last value is at one end of the index that orders an experiment's values."""
    better = subject.better(subject.main_metric)
    if better is None:
        return None
    stats = MetricStat.objects.filter(
        experiment=run.experiment_id,
        key__in=metric_key_ids([subject.main_metric]).values(),
        last__range=_FINITE,
        run__lifecycle_stage="active",
    )
    order = ["-last", "-run"] if better.is_higher else ["last", "run"]
    best = stats.exclude(run=run).select_related("run").order_by(*order).first()
    return best.run if best else None
