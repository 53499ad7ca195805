"""The tables of runs and of all that belongs to a run."""

from runs.models.datasets import Dataset, RunInput, RunOutput
from runs.models.logged_models import (
    LoggedModel,
    LoggedModelMetric,
    LoggedModelParam,
    LoggedModelStatus,
    LoggedModelTag,
)
from runs.models.metrics import Metric, MetricKey, MetricRollup, MetricStat
from runs.models.runs import OPEN_STATUSES, KeyKind, Param, Run, RunKey, RunStatus, RunTag
from runs.models.views import SavedView, Selection, Visibility

__all__ = [
    "OPEN_STATUSES",
    "Dataset",
    "KeyKind",
    "LoggedModel",
    "LoggedModelMetric",
    "LoggedModelParam",
    "LoggedModelStatus",
    "LoggedModelTag",
    "Metric",
    "MetricKey",
    "MetricRollup",
    "MetricStat",
    "Param",
    "Run",
    "RunInput",
    "RunKey",
    "RunOutput",
    "RunStatus",
    "RunTag",
    "SavedView",
    "Selection",
    "Visibility",
]
