"""Experiments in folders: the parts of their names before each slash.

Nothing is kept of them: a folder is there as long as an experiment has its name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet, Value
from django.db.models.functions import Left, Substr

from experiments.models import Experiment
from workspaces.models import Workspace

_DIGITS = re.compile(r"([0-9]+)")

# With more experiments than these, and slashes in their names, a list begins with folders.
FLAT_UP_TO = 30


@dataclass(frozen=True)
class Folder:
    """``path`` is what the names of its experiments begin with, the last slash included."""

    path: str
    label: str
    count: int

    @property
    def is_folder(self) -> bool:
        return True


class FoldersFirst:
    """Folders, then the experiments beside them, as one sequence for a paginator."""

    def __init__(self, folders: Sequence[Folder], experiments: QuerySet[Experiment]) -> None:
        self.folders = folders
        self.experiments = experiments

    def __len__(self) -> int:
        return len(self.folders) + self.experiments.count()

    def __getitem__(self, place: slice) -> list[Folder | Experiment]:
        first, last = place.start or 0, place.stop
        folders = list(self.folders[first:last])
        skipped = len(self.folders)
        start, stop = max(first - skipped, 0), max(last - skipped, 0)
        return folders + (list(self.experiments[start:stop]) if stop > start else [])


def has_folders(workspace: Workspace) -> bool:
    return workspace.experiments.active().filter(name__contains="/").exists()


def rest_of(experiments: QuerySet[Experiment], path: str) -> QuerySet[Experiment]:
    """Those whose names begin with ``path``, with the ``rest`` of the name."""
    if path:
        # LIKE, which startswith would be, takes A for a on SQLite.
        experiments = experiments.annotate(head=Left("name", len(path))).filter(head=Value(path))
    return experiments.annotate(rest=Substr("name", len(path) + 1))


def folders_in(workspace: Workspace, path: str) -> list[Folder]:
    """The folders in the folder ``path``, by name, each with how many experiments are below it."""
    below = rest_of(workspace.experiments.active(), path).filter(rest__contains="/")
    counts: dict[str, int] = {}
    for rest in below.values_list("rest", flat=True):
        label = rest.partition("/")[0]
        counts[label] = counts.get(label, 0) + 1
    labels = sorted(counts, key=_in_order)
    return [Folder(f"{path}{label}/", label or "/", counts[label]) for label in labels]


def _in_order(label: str) -> list[tuple[int, str]]:
    """What sorts team2 before team10."""
    parts = _DIGITS.split(label)
    return [
        (int(part[:18] or 0), "") if place % 2 else (0, part) for place, part in enumerate(parts)
    ]


def steps_to(path: str) -> list[tuple[str, str]]:
    """The folders that lead to ``path``: the label and the path of each."""
    parts = path.split("/")[:-1]
    return [(part or "/", "/".join(parts[: place + 1]) + "/") for place, part in enumerate(parts)]
