"""Runs, their hyperparameters and tags, and the names an experiment has seen."""

from django.db import models
from django.urls import reverse

from core.ids import new_name, new_run_id
from core.time import now_ms
from experiments.models import Experiment, LifecycleStage
from runs.querysets import RunQuerySet


class RunStatus(models.TextChoices):
    """How far a run's code has come; the words are MLflow's."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"


# More may come of a run that has one of these.
OPEN_STATUSES = (RunStatus.RUNNING, RunStatus.SCHEDULED)


class Run(models.Model):
    """One execution of training code inside an experiment.

    A param never changes once written; metrics only grow. Deleting a run keeps its rows,
    because MLflow clients may restore it.
    """

    run_id = models.CharField(max_length=32, unique=True, default=new_run_id, editable=False)
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="runs")
    # What people see and filter by. The tag mlflow.runName always says the same.
    name = models.TextField(default=new_name)
    user_id = models.TextField(blank=True, default="")
    status = models.CharField(max_length=9, choices=RunStatus, default=RunStatus.RUNNING)
    lifecycle_stage = models.CharField(
        max_length=7, choices=LifecycleStage, default=LifecycleStage.ACTIVE
    )

    # Milliseconds since the epoch, exactly as clients send them: storing them as they come
    # spares the ingest path two conversions per value.
    start_time = models.BigIntegerField(default=now_ms)
    end_time = models.BigIntegerField(null=True)
    deleted_time = models.BigIntegerField(null=True)

    artifact_uri = models.TextField()
    # The tag mlflow.parentRunId, kept here too so that children are found by an index.
    parent_run_id = models.CharField(max_length=32, blank=True, default="")

    objects = RunQuerySet.as_manager()

    class Meta:
        indexes = [
            # The run list and runs/search: one experiment's runs of one stage, newest first.
            models.Index(
                fields=["experiment", "lifecycle_stage", "-start_time", "run_id"], name="run_table"
            ),
            # What runs now, of an experiment or of all: a handful of rows among many.
            models.Index(
                fields=["experiment"],
                name="run_running",
                condition=models.Q(status="RUNNING", lifecycle_stage="active"),
            ),
            # A parent's children.
            models.Index(
                fields=["parent_run_id", "-start_time"],
                name="run_children",
                condition=~models.Q(parent_run_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("runs:detail", args=[self.experiment.workspace.slug, self.run_id])

    @property
    def is_active(self) -> bool:
        return self.lifecycle_stage == LifecycleStage.ACTIVE

    @property
    def duration_ms(self) -> int | None:
        """How long it ran, never negative; None while it runs or if it has no start."""
        if self.end_time is None:
            return None
        return max(0, self.end_time - self.start_time)


class Param(models.Model):
    """One hyperparameter of one run: text, and never changed once written."""

    pk = models.CompositePrimaryKey("run_id", "key")
    run = models.ForeignKey(Run, models.CASCADE, related_name="params", db_index=False)
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class RunTag(models.Model):
    """One text value of one run that may be changed and removed."""

    pk = models.CompositePrimaryKey("run_id", "key")
    run = models.ForeignKey(Run, models.CASCADE, related_name="tags", db_index=False)
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class KeyKind(models.TextChoices):
    """What a name in an experiment is the name of."""

    PARAM = "param"
    METRIC = "metric"
    TAG = "tag"


class RunKey(models.Model):
    """A param, metric or tag name that an experiment has seen.

    Makes lists of columns and filters cheap: nothing ever scans the values to find the names.
    ``sample`` is the first value seen; ``varies`` turns true with the first different one and
    stays true, so it may say "varies" of a key whose odd run was deleted since.
    """

    pk = models.CompositePrimaryKey("experiment_id", "kind", "name")
    experiment = models.ForeignKey(
        Experiment, models.CASCADE, related_name="run_keys", db_index=False
    )
    kind = models.CharField(max_length=6, choices=KeyKind)
    name = models.CharField(max_length=250)
    sample = models.CharField(max_length=250, blank=True)
    varies = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name
