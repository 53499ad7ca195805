"""The tags of a run: its people's own, what MLflow writes, and what these say of its source."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from experiments.models import NOTE_TAG
from runs.colors import CHOICES, COLOR_TAG, readable_color
from runs.forms import RESERVED_PREFIX
from runs.models import Run

# What a panel shows at first.
MAX_TAGS = 100


@dataclass(frozen=True)
class Pair:
    """A hyperparameter or a tag."""

    key: str
    value: str

    @property
    def is_number(self) -> bool:
        try:
            float(self.value)
        except ValueError:
            return False
        return True


@dataclass(frozen=True)
class Source:
    """What code ran: ``url``, ``repo_url`` and ``commit_url`` only where they are addresses."""

    name: str
    kind: str
    url: str
    commit: str
    branch: str
    repo_url: str
    entry_point: str

    @property
    def short_name(self) -> str:
        return re.split(r"[/\\]", self.name.rstrip("/\\"))[-1] or self.name

    @property
    def short_commit(self) -> str:
        return self.commit[:7]

    @property
    def commit_url(self) -> str:
        return f"{self.repo_url}/commit/{self.commit}" if self.repo_url and self.commit else ""


@dataclass(frozen=True)
class Tags:
    """A run's tags, sorted: its people's own, and those that MLflow writes.

    ``shown`` are those of ``own`` that a page shows.
    """

    own: Sequence[Pair]
    shown: Sequence[Pair]
    reserved: Sequence[Pair]

    def reservednumber_of(self, key: str) -> str:
        """The value of a tag of MLflow's, empty if the run has none of that name."""
        return next((pair.value for pair in self.reserved if pair.key == key), "")

    @property
    def note(self) -> str:
        return self.reservednumber_of(NOTE_TAG)

    @property
    def color(self) -> str:
        return readable_color(self.reservednumber_of(COLOR_TAG))

    @property
    def colors(self) -> Sequence[tuple[str, str]]:
        """The colors to choose from, with their names."""
        return CHOICES

    @property
    def source(self) -> Source:
        name = self.reservednumber_of("mlflow.source.name")
        return Source(
            name=name,
            kind=self.reservednumber_of("mlflow.source.type").lower(),
            url=name if _is_address(name) else "",
            commit=self.reservednumber_of("mlflow.source.git.commit"),
            branch=self.reservednumber_of("mlflow.source.git.branch"),
            repo_url=_repo_address(self.reservednumber_of("mlflow.source.git.repoURL")),
            entry_point=self.reservednumber_of("mlflow.project.entryPoint"),
        )


def read_tags(run: Run, *, shown: int | None = MAX_TAGS) -> Tags:
    """The tags of ``run``, of which a page shows as many as ``shown`` says; None means all."""
    pairs = [Pair(key, value) for key, value in run.tags.values_list("key", "value")]
    pairs.sort(key=lambda pair: pair.key.lower())
    own = [pair for pair in pairs if not pair.key.startswith(RESERVED_PREFIX)]
    return Tags(
        own=own,
        shown=own[:shown],
        reserved=[pair for pair in pairs if pair.key.startswith(RESERVED_PREFIX)],
    )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _repo_address(text: str) -> str:
    """A repository's page on the web; empty if ``text`` names none.

    Secrets that a clone's address may carry are left out.
    """
    secure_shell = re.fullmatch(r"(?:ssh://)?git@([\w.\-]+)[:/]([\w.\-/~]+?)(?:\.git)?/?", text)
    if secure_shell:
        return f"https://{secure_shell.group(1)}/{secure_shell.group(2)}"
    if not _is_address(text):
        return ""
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/').removesuffix('.git')}"
