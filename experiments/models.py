"""Experiments: named sets of runs."""

from django.db import models
from django.urls import reverse

from core.time import now_ms
from experiments.querysets import ExperimentQuerySet
from workspaces.models import Workspace

# MLflow clients that name no experiment mean this one.
DEFAULT_EXPERIMENT_ID = 0

# MLflow's own tag for a description in Markdown.
NOTE_TAG = "mlflow.note.content"


class LifecycleStage(models.TextChoices):
    """Whether something is in use or in the trash."""

    ACTIVE = "active"
    DELETED = "deleted"


class Direction(models.TextChoices):
    """Which values of a metric are better."""

    HIGHER = "higher"
    LOWER = "lower"


class Experiment(models.Model):
    """A named set of runs.

    The integer key, as text, is MLflow's experiment id; ``Default`` has the id 0. A name is
    unique in its workspace among active and deleted experiments alike, because a deleted one
    can be restored.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=500)
    artifact_location = models.CharField(max_length=2048)
    lifecycle_stage = models.CharField(
        max_length=7, choices=LifecycleStage, default=LifecycleStage.ACTIVE
    )
    creation_time = models.BigIntegerField(default=now_ms)
    # Moves on rename, delete and restore; not when tags or runs change.
    last_update_time = models.BigIntegerField(default=now_ms)

    # What the pages put first, as MLflow's tags for it say. Empty: not chosen.
    primary_metric = models.CharField(max_length=250, blank=True, default="")
    primary_direction = models.CharField(max_length=6, choices=Direction, default=Direction.HIGHER)
    # What people say of a metric, by its name: which values are "better" (a direction, or
    # "neither"), and the "format" of its numbers as core.formatting.styled_text takes it.
    metric_settings = models.JSONField(blank=True, default=dict)
    # Hyperparameters, one a line, that only tell repetitions of one setting apart.
    replicate_keys = models.TextField(blank=True, default="seed")
    # A run that is running and has said nothing for so long has probably ended without a word.
    stalled_after_minutes = models.PositiveSmallIntegerField(default=10)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="experiment_name"),
        ]
        indexes = [
            # The experiment list and experiments/search: newest first.
            models.Index(
                fields=["workspace", "lifecycle_stage", "-creation_time"], name="experiment_list"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("runs:list", args=[self.workspace.slug, self.pk])

    @property
    def is_active(self) -> bool:
        return self.lifecycle_stage == LifecycleStage.ACTIVE

    def said_of(self, metric: str) -> dict[str, str]:
        """What people say of a metric: "better" and "format", each only if it was said."""
        said = self.metric_settings.get(metric)
        return said if isinstance(said, dict) else {}


class ExperimentTag(models.Model):
    """One text value of one experiment."""

    pk = models.CompositePrimaryKey("experiment_id", "key")
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="tags")
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"
