"""The page of a run's output files: the tree on its left, and what is chosen on its right."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2s

from django.core.paginator import Page, Paginator

from artifacts.media import content_type
from artifacts.paths import ArtifactPath
from artifacts.store import Entry, NoSuchArtifact
from runs.mlmodel import ModelDescription
from runs.models import Run
from runs.outputs import RunFiles
from runs.previews import Preview, model_in, preview

# What the tree shows of one folder; the folder's own page has the rest.
MAX_TREE_ENTRIES = 200
# How many folders above what is chosen the tree shows.
MAX_TREE_DEPTH = 12
ENTRIES_PER_PAGE = 200

_REQUIREMENTS = "requirements.txt"
_MAX_REQUIREMENTS_BYTES = 20_000

# What is shown first of a run's files, if there is one.
_FIRST_CHOICES = (
    ("image/",),
    ("text/html",),
)


@dataclass(frozen=True)
class Node:
    """One line of the tree; ``hidden`` counts what of an open folder is not shown."""

    entry: Entry
    is_current: bool
    children: Sequence["Node"] | None = None
    hidden: int = 0
    is_model: bool = False

    @property
    def anchor(self) -> str:
        """An id for the line, so that the focus stays on it when the tree is drawn again."""
        return f"file-{blake2s(str(self.entry.path).encode(), digest_size=8).hexdigest()}"


@dataclass(frozen=True)
class Tree:
    """The files around what is chosen; ``top`` is where it begins, the root unless that is far."""

    top: ArtifactPath
    nodes: Sequence[Node]
    hidden: int


@dataclass(frozen=True)
class ModelCard:
    """A model folder: what it is, what it needs, and how it is loaded."""

    description: ModelDescription
    requirements: Sequence[str]
    snippet: str


@dataclass(frozen=True)
class Shown:
    """What is chosen: a file with its preview, or a folder with a page of its entries."""

    entry: Entry
    preview: Preview | None = None
    media_type: str = ""
    page: Page | None = None
    model: ModelCard | None = None
    previous: Entry | None = None
    next: Entry | None = None

    @property
    def path(self) -> ArtifactPath:
        return self.entry.path


def first_choice(files: RunFiles) -> ArtifactPath:
    """What to show when nobody has chosen: a picture or a report, else the list of files."""
    entries = files.list(ArtifactPath())
    nearby = [entry for entry in entries if not entry.is_folder]
    for folder in [entry for entry in entries if entry.is_folder][:20]:
        nearby += [entry for entry in files.list(folder.path)[:50] if not entry.is_folder]
    for kinds in _FIRST_CHOICES:
        for entry in nearby:
            if content_type(entry.name).startswith(kinds):
                return entry.path
    return ArtifactPath()


def tree(files: RunFiles, chosen: ArtifactPath) -> Tree:
    """The tree with the folders on the way to ``chosen`` open."""
    top = ArtifactPath(chosen.parts[: max(0, len(chosen.parts) - MAX_TREE_DEPTH)])
    nodes, hidden = _nodes(files, top, chosen)
    return Tree(top=top, nodes=nodes, hidden=hidden)


def shown(
    files: RunFiles,
    chosen: ArtifactPath,
    *,
    page: str | None,
    run: Run,
    tracking_uri: str,
) -> Shown:
    """What the page shows of ``chosen``. Raises ``NoSuchArtifact``."""
    entry = files.stat(chosen)
    if entry is None:
        raise NoSuchArtifact(chosen)
    if entry.is_folder:
        entries = files.list(chosen)
        return Shown(
            entry=entry,
            page=Paginator(entries, ENTRIES_PER_PAGE).get_page(page),
            model=_model_card(files, chosen, run, tracking_uri) if entries else None,
        )
    beside = [other for other in files.list(chosen.parent) if not other.is_folder]
    place = next((i for i, other in enumerate(beside) if other.path == chosen), 0)
    return Shown(
        entry=entry,
        preview=preview(files, entry),
        media_type=content_type(entry.name),
        previous=beside[place - 1] if place else None,
        next=beside[place + 1] if place + 1 < len(beside) else None,
    )


def _nodes(
    files: RunFiles, folder: ArtifactPath, chosen: ArtifactPath
) -> tuple[Sequence[Node], int]:
    entries = files.list(folder)
    visible = entries[:MAX_TREE_ENTRIES]
    on_the_way = ArtifactPath(chosen.parts[: len(folder.parts) + 1])
    # However many there are, the one that is chosen shows.
    visible += [entry for entry in entries[MAX_TREE_ENTRIES:] if entry.path == on_the_way]
    nodes = []
    for entry in visible:
        is_open = entry.is_folder and entry.path == on_the_way
        children, hidden = _nodes(files, entry.path, chosen) if is_open else (None, 0)
        nodes.append(
            Node(
                entry=entry,
                is_current=entry.path == chosen,
                children=children,
                hidden=hidden,
                is_model=folder.is_root and entry.name in files.models,
            )
        )
    return nodes, len(entries) - len(visible)


def _model_card(
    files: RunFiles, folder: ArtifactPath, run: Run, tracking_uri: str
) -> ModelCard | None:
    description = model_in(files, folder)
    if description is None:
        return None
    listed = files.stat(folder / _REQUIREMENTS)
    requirements = []
    if listed is not None and not listed.is_folder:
        text = files.read(listed.path, _MAX_REQUIREMENTS_BYTES).decode(errors="replace")
        requirements = [line.strip() for line in text.splitlines() if line.strip()]
    return ModelCard(
        description=description,
        requirements=requirements,
        snippet=_snippet(description, f"runs:/{run.run_id}/{folder}", tracking_uri),
    )


def _snippet(description: ModelDescription, model_uri: str, tracking_uri: str) -> str:
    quoted = json.dumps(model_uri, ensure_ascii=False)
    loader = "pyfunc" if description.is_python else description.flavor
    return "\n".join(
        [
            "import mlflow",
            "",
            f'mlflow.set_tracking_uri("{tracking_uri}")',
            f"model = mlflow.{loader}.load_model({quoted})",
            "model.predict(data)",
        ]
    )
