"""Logged models: what MLflow 3's log_model makes before anything is registered."""

from django.db import models

from core.ids import new_logged_model_id, new_name
from core.time import now_ms
from experiments.models import Experiment


class LoggedModelStatus(models.TextChoices):
    """Whether a model's files are all there; the words are MLflow's."""

    PENDING = "LOGGED_MODEL_PENDING"
    READY = "LOGGED_MODEL_READY"
    UPLOAD_FAILED = "LOGGED_MODEL_UPLOAD_FAILED"


class LoggedModel(models.Model):
    """A model that code logged, with its own files, params, tags and metrics.

    Deleting keeps the row and hides it.
    """

    model_id = models.CharField(
        max_length=34, unique=True, default=new_logged_model_id, editable=False
    )
    experiment = models.ForeignKey(
        Experiment, models.CASCADE, related_name="logged_models", db_index=False
    )
    name = models.CharField(max_length=500, default=new_name)
    model_type = models.CharField(max_length=500, blank=True, default="")
    # The run that logged it, by MLflow's id; empty if none did.
    source_run_id = models.CharField(max_length=32, blank=True, default="", db_index=True)
    status = models.CharField(
        max_length=26, choices=LoggedModelStatus, default=LoggedModelStatus.PENDING
    )
    status_message = models.TextField(blank=True, default="")
    artifact_uri = models.TextField()
    creation_time = models.BigIntegerField(default=now_ms)
    last_update_time = models.BigIntegerField(default=now_ms)
    deleted_time = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            # logged-models/search: newest first.
            models.Index(fields=["experiment", "-creation_time", "model_id"], name="model_table"),
        ]

    def __str__(self) -> str:
        return self.name


class LoggedModelParam(models.Model):
    """One text value of one logged model, never changed once written."""

    pk = models.CompositePrimaryKey("model_id", "key")
    model = models.ForeignKey(LoggedModel, models.CASCADE, related_name="params", db_index=False)
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class LoggedModelTag(models.Model):
    """One text value of one logged model that may be changed and removed."""

    pk = models.CompositePrimaryKey("model_id", "key")
    model = models.ForeignKey(LoggedModel, models.CASCADE, related_name="tags", db_index=False)
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class LoggedModelMetric(models.Model):
    """One point that a run logged about a logged model, on a dataset if it named one.

    An exact duplicate is the same point. NaN is kept as in ``Metric``.
    """

    model = models.ForeignKey(LoggedModel, models.CASCADE, related_name="metrics", db_index=False)
    # The run that logged the point, by MLflow's id.
    run_id = models.CharField(max_length=32)
    key = models.CharField(max_length=250)
    step = models.BigIntegerField()
    timestamp = models.BigIntegerField()
    value = models.FloatField()
    is_nan = models.BooleanField(default=False)
    dataset_name = models.CharField(max_length=500, blank=True, default="")
    dataset_digest = models.CharField(max_length=36, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "model",
                    "key",
                    "step",
                    "timestamp",
                    "value",
                    "is_nan",
                    "run_id",
                    "dataset_name",
                    "dataset_digest",
                ],
                name="logged_model_point",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"
