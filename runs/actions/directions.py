"""What compared runs' experiments say of a metric, said of all of them at once."""

from collections.abc import Sequence

from core.db import action
from experiments.actions import describe_metric
from experiments.models import Experiment


@action
def direct_metric(experiments: Sequence[Experiment], *, metric: str, better: str) -> None:
    """Say which values of a metric are better, in every one of the experiments or in none.

    How its numbers are written stays. Raises as ``describe_metric`` does.
    """
    for experiment in experiments:
        number_format = experiment.said_of(metric).get("format", "")
        describe_metric(experiment, metric=metric, better=better, number_format=number_format)
