"""What is in the trash, and what goes with it when it is removed for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

from django.db.models import Count, F, Q, QuerySet
from django.http import QueryDict

from artifacts.paths import ArtifactPath
from core.db import any_of
from core.errors import Unavailable
from experiments.models import Experiment
from runs.files import artifact_store, root_of, run_folder
from runs.models import Run
from runs.scope import Scope

# More are not removed with one word.
MAX_PURGED = 10_000

_LISTED_VERSIONS = 20
# More are not looked at to say how much they hold.
_MEASURED_RUNS = 500
_MEASURED_FILES = 5_000
# No page has more rows.
_MAX_NAMED = 500


@dataclass(frozen=True)
class Doomed:
    """What is asked to be removed for good: some runs, or an experiment with all its runs.

    ``pairs`` say it again, as a form's hidden fields. ``versions`` are registered versions whose
    files would go.
    """

    runs: Sequence[Run]
    experiment: Experiment | None
    pairs: Sequence[tuple[str, str]]
    versions: Sequence[object]
    left_out: int = 0

    @property
    def count(self) -> int:
        """How many items there are, the experiment among them."""
        return len(self.runs) + (self.experiment is not None)

    @property
    def listed(self) -> Sequence[Run]:
        return self.runs[:10]

    @property
    def unlisted(self) -> int:
        return len(self.runs) - len(self.listed)

    @property
    def listed_versions(self) -> Sequence[object]:
        return self.versions[:_LISTED_VERSIONS]

    @property
    def unlisted_versions(self) -> int:
        return len(self.versions) - len(self.listed_versions)


@dataclass(frozen=True)
class Freed:
    """The bytes of files that would go; of very many runs, those of some are counted."""

    size: int
    is_all: bool


def trashed_runs(scope: Scope) -> QuerySet[Run]:
    """The runs in the trash, last deleted first, but for those of experiments that are there."""
    runs = Run.objects.deleted().filter(experiment__lifecycle_stage="active")
    if scope.experiment is None:
        runs = runs.in_workspace(scope.workspace)
    else:
        runs = runs.filter(experiment=scope.experiment)
    return runs.order_by(F("deleted_time").desc(nulls_last=True), "pk")


def trashed_experiments(scope: Scope) -> QuerySet[Experiment]:
    """The experiments in the trash, the last deleted first, each with its ``run_count``."""
    deleted = scope.workspace.experiments.deleted().annotate(run_count=Count("runs"))
    return deleted.order_by("-last_update_time", "pk")


def read_doomed(scope: Scope, form: QueryDict) -> Doomed:
    """What a form asks to be removed: ``experiment``, ``run`` ids, or ``all`` until a time."""
    if "experiment" in form:
        return _doomed_experiment(scope, form["experiment"])
    runs = trashed_runs(scope)
    until = form.get("all", "")
    if until.isascii() and until.isdigit() and len(until) < 19:
        # What is deleted while somebody reads is not among what was read.
        runs = runs.filter(Q(deleted_time__lte=int(until)) | Q(deleted_time=None))
        pairs = [("all", until)]
    else:
        asked = [text for text in form.getlist("run") if "\x00" not in text][:_MAX_NAMED]
        pairs = [("run", text) for text in asked]
        runs = runs.filter(run_id__in=asked)
    left_out = max(runs.count() - MAX_PURGED, 0)
    found = list(runs.select_related("experiment__workspace").reverse()[:MAX_PURGED])
    return Doomed(found, None, pairs, versions_of(found), left_out)


def freed_by(runs: Sequence[Run]) -> Freed | None:
    """What removing the runs would free in this server's store; None if that does not answer."""
    store = artifact_store()
    folders = [folder for run in runs[:_MEASURED_RUNS] if (folder := run_folder(run))]
    files = chain.from_iterable(store.walk(folder) for folder in folders)
    try:
        sizes = [entry.size for entry in islice(files, _MEASURED_FILES + 1)]
    except Unavailable:
        return None
    is_all = len(runs) <= _MEASURED_RUNS and len(sizes) <= _MEASURED_FILES
    return Freed(sum(sizes), is_all)


def _doomed_experiment(scope: Scope, text: str) -> Doomed:
    key = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
    experiment = trashed_experiments(scope).filter(pk=key).first()
    if experiment is None:
        return Doomed([], None, [], [])
    runs = list(Run.objects.filter(experiment=experiment).select_related("experiment__workspace"))
    versions = versions_of(runs)
    return Doomed(runs, experiment, [("experiment", str(key))], versions)


def versions_of(runs: Sequence[Run]) -> list[object]:
    """The registered versions whose files lie among those of the runs.

    The registry stands above and adds the relation.
    """
    table = Run._meta.get_field("model_versions").related_model
    rows = table.objects.filter(run__in=any_of([run.pk for run in runs]), deleted_time=None)
    found = []
    for version in rows.select_related("run", "model__workspace").order_by(
        "model__name", "-version"
    ):
        location = version.storage_location or version.source
        folder = run_folder(version.run)
        root = root_of(location)
        inside = root is not None and folder is not None and _is_below(root, folder)
        if location.startswith("runs:/") or inside:
            found.append(version)
    return found


def _is_below(path: ArtifactPath, folder: ArtifactPath) -> bool:
    return path.parts[: len(folder.parts)] == folder.parts
