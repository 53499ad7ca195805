"""What people keep of the pages: named views, and the runs they have ticked."""

from django.conf import settings
from django.db import models

from core.time import now_ms
from experiments.models import Experiment
from runs.models.runs import Run
from workspaces.models import Workspace


class Visibility(models.TextChoices):
    """Who finds a saved view in their lists; its link works for every member."""

    PRIVATE = "private"
    WORKSPACE = "workspace"


class SavedView(models.Model):
    """A named query string with its charts: the same link shows all members the same page."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="views")
    # None: over all runs of the workspace.
    experiment = models.ForeignKey(Experiment, models.CASCADE, null=True, related_name="views")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="views"
    )
    slug = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=200)
    visibility = models.CharField(max_length=9, choices=Visibility, default=Visibility.PRIVATE)
    is_default = models.BooleanField(default=False)
    query = models.TextField(blank=True, default="")
    charts = models.JSONField(default=list)
    creation_time = models.BigIntegerField(default=now_ms)
    last_update_time = models.BigIntegerField(default=now_ms)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment"],
                condition=models.Q(is_default=True),
                name="one_default_view",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Selection(models.Model):
    """The runs that someone has ticked; survives paging and filtering.

    ``owner`` is a user's or, without sign-in, a browser session's key. Besides the ``runs`` that
    were ticked one by one, all that ``queries`` find are ticked, but for those ``left_out``.
    """

    slug = models.CharField(max_length=32, unique=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="selections")
    experiment = models.ForeignKey(Experiment, models.CASCADE, null=True, related_name="selections")
    owner = models.CharField(max_length=64, db_index=True)
    runs = models.ManyToManyField(Run, related_name="selections")
    # What addresses of the list narrow it by, each with the key of the run that was the newest
    # when all that it finds was ticked: later ones do not slip in.
    queries = models.JSONField(default=list)
    # Keys of runs that were unticked one by one since.
    left_out = models.JSONField(default=list)
    last_update_time = models.BigIntegerField(default=now_ms)

    def __str__(self) -> str:
        return self.slug
