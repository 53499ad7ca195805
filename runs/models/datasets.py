"""What runs read and what they made."""

from django.db import models

from experiments.models import Experiment
from runs.models.logged_models import LoggedModel
from runs.models.runs import Run

# The tag of an input that says what a dataset was used for: training, validation …
CONTEXT_TAG = "mlflow.data.context"


class Dataset(models.Model):
    """Data as a client described it: the description is kept, not the data.

    Unique by name and digest in an experiment; the first description of a digest stays.
    """

    experiment = models.ForeignKey(
        Experiment, models.CASCADE, related_name="datasets", db_index=False
    )
    name = models.CharField(max_length=500)
    digest = models.CharField(max_length=36)
    source_type = models.CharField(max_length=36)
    source = models.TextField()
    schema = models.TextField(blank=True, default="")
    profile = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["experiment", "name", "digest"], name="dataset_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.digest})"


class RunInput(models.Model):
    """Something that a run read: a dataset, or a logged model."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="inputs")
    dataset = models.ForeignKey(Dataset, models.CASCADE, null=True, related_name="inputs")
    model = models.ForeignKey(LoggedModel, models.CASCADE, null=True, related_name="inputs")
    # The tag mlflow.data.context, kept here too because runs are filtered by it.
    context = models.CharField(max_length=500, blank=True, default="")
    tags = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "dataset"], name="input_dataset"),
            models.UniqueConstraint(fields=["run", "model"], name="input_model"),
            models.CheckConstraint(
                condition=models.Q(dataset__isnull=True) ^ models.Q(model__isnull=True),
                name="input_is_dataset_or_model",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run} read {self.dataset or self.model}"


class RunOutput(models.Model):
    """A logged model that a run made. One model may be put out again at another step."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="outputs")
    model = models.ForeignKey(LoggedModel, models.CASCADE, related_name="outputs")
    step = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.run} made {self.model}"
