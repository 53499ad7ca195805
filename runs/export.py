"""A run as one JSON document, for analysis in other tools."""

from core.formatting import is_finite
from runs.models import MetricStat, Run, RunInput


def run_document(run: Run) -> dict:
    """Everything about a run but its points and files, under the names that MLflow uses."""
    return {
        "info": {
            "run_id": run.run_id,
            "run_name": run.name,
            "experiment_id": str(run.experiment_id),
            "experiment_name": run.experiment.name,
            "user_id": run.user_id,
            "status": run.status,
            "start_time": run.start_time,
            "end_time": run.end_time,
            "lifecycle_stage": run.lifecycle_stage,
            "artifact_uri": run.artifact_uri,
        },
        "params": dict(run.params.order_by("key").values_list("key", "value")),
        "metrics": {
            stat.key.name: _metric(stat)
            for stat in run.stats.select_related("key").order_by("key__name")
        },
        "tags": dict(run.tags.order_by("key").values_list("key", "value")),
        "datasets": [
            {
                "name": used.dataset.name,
                "digest": used.dataset.digest,
                "context": used.context,
                "source_type": used.dataset.source_type,
                "source": used.dataset.source,
            }
            for used in RunInput.objects.filter(run=run, dataset__isnull=False)
            .select_related("dataset")
            .order_by("dataset__name", "pk")
        ],
    }


def _metric(stat: MetricStat) -> dict:
    return {
        "last": _number(stat.last),
        "step": stat.last_step,
        "timestamp": stat.last_timestamp,
        "min": _number(stat.minimum),
        "max": _number(stat.maximum),
        "mean": _number(stat.mean),
        "count": stat.count,
    }


def _number(value: float | None) -> float | str:
    """A number as JSON has it; the others as words, since JSON has none for them."""
    if value is None:
        return "NaN"
    if not is_finite(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
