"""Who works where: workspaces, their members, and the secrets of API clients."""

from django.conf import settings
from django.db import models

from core.time import now_ms

DEFAULT_SLUG = "default"


class Workspace(models.Model):
    """A place where a team keeps experiments and models.

    ``default`` exists from the start and is what a client gets that names none. Names of
    experiments and registered models are unique in a workspace, not beyond it.
    """

    slug = models.CharField(max_length=63, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    # Where new experiments put their artifacts; empty means the site's own store.
    default_artifact_root = models.CharField(max_length=2048, blank=True, default="")
    creation_time = models.BigIntegerField(default=now_ms)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do; each may do what the ones before it may."""

    VIEWER = "viewer"
    CONTRIBUTOR = "contributor"
    MEMBER = "member"
    ADMIN = "admin"


class Membership(models.Model):
    """A user's role in a workspace; a user has at most one."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=11, choices=Role, default=Role.VIEWER)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="one_role_a_member"),
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} in {self.workspace}"


class Scope(models.TextChoices):
    """What a token may be used for, whatever its owner may do."""

    READ = "read"
    WRITE = "write"


class AccessToken(models.Model):
    """A secret for an API client. Only its hash is kept, so it can be shown just once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="access_tokens")
    # None: every workspace that the owner is a member of.
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, null=True, blank=True, related_name="access_tokens"
    )
    name = models.CharField(max_length=100)
    # The first characters of the secret, by which its owner tells it from others.
    prefix = models.CharField(max_length=12)
    secret_hash = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=5, choices=Scope, default=Scope.WRITE)
    creation_time = models.BigIntegerField(default=now_ms)
    expiry_time = models.BigIntegerField(null=True)
    last_used_time = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
