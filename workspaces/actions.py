"""What can be done to workspaces. Each verb is a transaction of its own.

What is in a workspace stands above this room, so it is reached by the workspace's own relations.
"""

import re

from django.db import IntegrityError

from core.db import GoneMeanwhile, action, lock_with_contents
from core.errors import Invalid, Taken
from workspaces.locations import BadArtifactLocation, check_artifact_location
from workspaces.models import DEFAULT_SLUG, Workspace

MIN_SLUG_LENGTH = 2
MAX_SLUG_LENGTH = 63

_SLUG = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.ASCII)
# Each would be mistaken for a part of an address of MLflow's.
_RESERVED = {"api", "ajax-api", "workspaces", "static-files"}

# Relations whose rows have a name that is unique in the workspace.
_NAMED = {"experiments": "experiment", "registered_models": "registered model"}


class BadWorkspaceName(Invalid):
    """A workspace's name is 2 to 63 lower-case letters, digits and inner dashes."""


class WorkspaceTaken(Taken):
    """There is a workspace of that name."""


class DefaultWorkspace(Invalid):
    """The default workspace is always there: it can be neither made nor removed."""


class WorkspaceInUse(Invalid):
    """The workspace cannot go as it was asked to, because of what is in it."""


def check_slug(slug: str) -> None:
    """Raises ``BadWorkspaceName``."""
    if not MIN_SLUG_LENGTH <= len(slug) <= MAX_SLUG_LENGTH:
        raise BadWorkspaceName(
            f"Workspace name '{slug}' must be between {MIN_SLUG_LENGTH} and {MAX_SLUG_LENGTH} "
            "characters."
        )
    if not _SLUG.fullmatch(slug):
        raise BadWorkspaceName(
            f"Workspace name '{slug}' must match the pattern ^{_SLUG.pattern}$ "
            "(lowercase alphanumeric with optional internal hyphens)."
        )
    if slug in _RESERVED:
        raise BadWorkspaceName(f"Workspace name '{slug}' is reserved and cannot be used.")


@action
def create_workspace(
    *, slug: str, name: str = "", description: str = "", default_artifact_root: str = ""
) -> Workspace:
    """A new, empty workspace; without a ``name`` people see its slug.

    New experiments in it put their artifacts below ``default_artifact_root``, or, if that is
    empty, through this server. Raises ``DefaultWorkspace``, ``BadWorkspaceName``,
    ``WorkspaceTaken``, ``BadArtifactLocation`` or ``TooLong``.
    """
    if slug == DEFAULT_SLUG:
        raise DefaultWorkspace(f"The '{slug}' workspace is reserved and cannot be created")
    check_slug(slug)
    root = _checked_root(default_artifact_root, slug=slug)
    taken = WorkspaceTaken(f"Workspace '{slug}' already exists.")
    if Workspace.objects.filter(slug=slug).exists():
        raise taken
    try:
        return Workspace.objects.create(
            slug=slug, name=name or slug, description=description, default_artifact_root=root
        )
    except IntegrityError:
        # Someone else was quicker on PostgreSQL; on SQLite nobody can be.
        raise taken from None


@action
def change_workspace(
    workspace: Workspace,
    *,
    description: str | None = None,
    default_artifact_root: str | None = None,
) -> None:
    """Change what is given; an empty root is none. Experiments that exist keep their locations.

    Raises ``BadArtifactLocation`` or ``TooLong``.
    """
    if description is not None:
        workspace.description = description
    if default_artifact_root is not None:
        workspace.default_artifact_root = _checked_root(default_artifact_root, slug=workspace.slug)
    workspace.save(update_fields=["description", "default_artifact_root"])


@action
def delete_empty_workspace(workspace: Workspace) -> None:
    """Remove a workspace with nothing in it. Raises ``DefaultWorkspace``, ``WorkspaceInUse``."""
    _refuse_default(workspace)
    _lock(workspace)
    for relation, noun in _NAMED.items():
        count = getattr(workspace, relation).count()
        if count:
            raise WorkspaceInUse(
                f"Cannot delete workspace '{workspace.slug}': it still contains {count} "
                f"{noun}{'' if count == 1 else 's'}. Remove or reassign them before deleting the "
                "workspace."
            )
    workspace.delete()


@action
def delete_workspace_and_contents(workspace: Workspace) -> None:
    """Remove a workspace and every row in it; files stay. Raises ``DefaultWorkspace``."""
    _refuse_default(workspace)
    lock_with_contents(Workspace.objects.filter(pk=workspace.pk))
    workspace.delete()


@action
def merge_into_default(workspace: Workspace) -> None:
    """Move what is in a workspace to the default one, then remove the workspace.

    Raises ``DefaultWorkspace``, and ``WorkspaceInUse`` when a name is taken there.
    """
    _refuse_default(workspace)
    _lock(workspace)
    default = Workspace.objects.get(slug=DEFAULT_SLUG)
    for relation, noun in _NAMED.items():
        rows = getattr(workspace, relation)
        names = getattr(default, relation).values("name")
        taken = rows.filter(name__in=names).order_by("name").values_list("name", flat=True)[:10]
        if taken:
            raise WorkspaceInUse(
                f"Cannot reassign resources from workspace '{workspace.slug}' to "
                f"'{DEFAULT_SLUG}': there is already the {noun} {', '.join(map(repr, taken))}. "
                "Rename or remove the conflicting resources before retrying."
            )
    for relation in [*_NAMED, "views", "selections"]:
        getattr(workspace, relation).update(workspace=default)
    workspace.delete()


def _lock(workspace: Workspace) -> None:
    """From here on nobody puts anything into the workspace. Raises ``GoneMeanwhile``."""
    if not Workspace.objects.select_for_update().filter(pk=workspace.pk).first():
        raise GoneMeanwhile


def _refuse_default(workspace: Workspace) -> None:
    if workspace.slug == DEFAULT_SLUG:
        raise DefaultWorkspace(f"The '{DEFAULT_SLUG}' workspace is reserved and cannot be deleted")


def _checked_root(root: str, *, slug: str) -> str:
    root = root.strip()
    if not root:
        return ""
    check_artifact_location(root, workspace_slug=slug, what="default_artifact_root")
    # A client would take a bare path for one in the folder that it happens to run in.
    if not root.startswith("/") and not re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", root):
        raise BadArtifactLocation(
            "Invalid value for 'default_artifact_root'. Expected a URI (for example "
            "'s3://bucket/prefix' or 'mlflow-artifacts:/prefix') or an absolute path, got "
            f"'{root}'."
        )
    return root
