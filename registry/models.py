"""The model registry: names, their numbered versions, and aliases."""

from django.db import models
from django.urls import reverse

from core.time import now_ms
from registry.querysets import PROMPT_TAG, ModelVersionQuerySet, RegisteredModelQuerySet
from runs.models import LoggedModel, Run
from workspaces.models import Workspace


class RegisteredModel(models.Model):
    """A name under which versions of a model are kept, unique in its workspace.

    One with the tag ``mlflow.prompt.is_prompt`` is a prompt: MLflow keeps both in one place.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="registered_models")
    name = models.CharField(max_length=256)
    description = models.TextField(blank=True, default="")
    creation_time = models.BigIntegerField(default=now_ms)
    # Moves on update, rename and when versions come, go or change stage.
    last_update_time = models.BigIntegerField(default=now_ms)
    # The highest number ever given, so that a deleted version's number is not used again.
    last_version = models.PositiveIntegerField(default=0)

    objects = RegisteredModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="registered_model_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("registry:model", args=[self.workspace.slug, self.name])

    @property
    def is_prompt(self) -> bool:
        return self.tags.filter(key=PROMPT_TAG, value="true").exists()


class RegisteredModelTag(models.Model):
    """One text value of one registered model."""

    pk = models.CompositePrimaryKey("model_id", "key")
    model = models.ForeignKey(RegisteredModel, models.CASCADE, related_name="tags", db_index=False)
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class Stage(models.TextChoices):
    """MLflow's stages, which aliases have replaced and clients still send."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"


class ModelVersion(models.Model):
    """One numbered version of a registered model.

    Numbers are dense and unique, also when two clients register at once. A deleted version
    keeps its row and its number; nothing finds it any more.
    """

    model = models.ForeignKey(
        RegisteredModel, models.CASCADE, related_name="versions", db_index=False
    )
    version = models.PositiveIntegerField()
    description = models.TextField(blank=True, default="")
    user_id = models.TextField(blank=True, default="")
    source = models.TextField()
    # Where the files are: ``source``, or what it led to when it was a ``models:/`` URI.
    storage_location = models.TextField(blank=True, default="")
    # The run and the logged model it came from, by MLflow's ids as the client named them, which
    # outlive the rows and may be of another server; empty if there is none.
    source_run_id = models.CharField(max_length=32, blank=True, default="", db_index=True)
    source_model_id = models.CharField(max_length=34, blank=True, default="")
    # The same two as rows, if they are here.
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="model_versions")
    logged_model = models.ForeignKey(
        LoggedModel, models.SET_NULL, null=True, related_name="model_versions"
    )
    run_link = models.TextField(blank=True, default="")
    status = models.CharField(max_length=20, default="READY")
    status_message = models.TextField(blank=True, default="")
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.NONE)
    creation_time = models.BigIntegerField(default=now_ms)
    last_update_time = models.BigIntegerField(default=now_ms)
    deleted_time = models.BigIntegerField(null=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="model_version_number"),
        ]

    def __str__(self) -> str:
        return f"{self.model} v{self.version}"

    def get_absolute_url(self) -> str:
        return reverse(
            "registry:version", args=[self.model.workspace.slug, self.model.name, self.version]
        )


class ModelVersionTag(models.Model):
    """One text value of one model version."""

    pk = models.CompositePrimaryKey("model_version_id", "key")
    model_version = models.ForeignKey(
        ModelVersion, models.CASCADE, related_name="tags", db_index=False
    )
    key = models.CharField(max_length=250)
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class ModelAlias(models.Model):
    """A name such as ``champion`` that points at exactly one version of a model."""

    pk = models.CompositePrimaryKey("model_id", "alias")
    model = models.ForeignKey(
        RegisteredModel, models.CASCADE, related_name="aliases", db_index=False
    )
    alias = models.CharField(max_length=255)
    model_version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="aliases")

    def __str__(self) -> str:
        return self.alias
