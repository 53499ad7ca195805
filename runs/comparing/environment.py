"""What code the runs were, in which environment, with which configuration."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from runs.comparing.address import PageAddress
from runs.comparing.files import SideBySide, Version, side_by_side, versions_of
from runs.comparing.packages import changes, packages_of
from runs.comparing.shelves import Shelf, read_shelves, shared_paths, shelf_notices
from runs.comparing.subject import Key, Subject, values_of
from runs.comparing.tables import Section, section, text_row, text_rows
from runs.models import Run, RunTag

PATCH_TAG = "mlflow.source.git.diff"
FACTS = {
    "mlflow.source.name": "Source",
    "mlflow.source.type": "Source type",
    "mlflow.source.git.commit": "Git commit",
    "mlflow.source.git.branch": "Git branch",
    "mlflow.source.git.repoURL": "Repository",
    "mlflow.source.git.dirty": "Uncommitted changes",
    "mlflow.project.entryPoint": "Entry point",
    "mlflow.project.env": "Project environment",
    "mlflow.docker.image.uri": "Container image",
    "mlflow.docker.image.id": "Container image id",
}

# Larger files are data, not configuration.
MAX_CONFIG_BYTES = 64_000
MAX_CONFIGS = 40
_ENDINGS = (".yaml", ".yml", ".json", ".toml", ".py", ".txt", ".cfg", ".ini")


@dataclass(frozen=True)
class ConfigFile:
    """A file that several runs have; ``versions`` is how many different ones there are."""

    path: str
    count: int
    versions: int

    @property
    def differs(self) -> bool:
        return self.versions > 1


@dataclass(frozen=True)
class Environment:
    """What the tab shows. ``chosen`` is the configuration file that is opened."""

    facts: Section
    # What is the same in all runs, once.
    shared_facts: Sequence[tuple[str, str]]
    patches: Sequence[Version]
    packages: Section
    # The runs that have a list of packages.
    package_runs: Sequence[Run]
    package_changes: Sequence[tuple[Run, str]]
    configs: Sequence[ConfigFile]
    chosen: SideBySide | None
    notices: Sequence[str]


def read_environment(subject: Subject, address: PageAddress) -> Environment:
    """Reads the files of the first runs, as many as charts have."""
    tags = values_of(RunTag, subject.keys, [*FACTS, PATCH_TAG])
    shelves = read_shelves(subject.charted)
    paths = [path for path in shared_paths(shelves) if path.endswith(_ENDINGS)]
    configs = _configs(shelves, paths[:MAX_CONFIGS])
    wanted = [config.path for config in configs if config.path == address.path]
    wanted += [config.path for config in configs if config.differs]
    chosen = side_by_side(shelves, wanted[0], baseline=subject.baseline) if wanted else None
    packages = {shelf.run: packages_of(shelf) for shelf in shelves}
    whole = _facts(subject, tags, address)
    facts = replace(whole, rows=[row for row in whole.rows if row.differs])
    return Environment(
        facts=facts,
        shared_facts=[(row.key, row.cells[0].value) for row in whole.rows if not row.differs],
        patches=_patches(subject, tags.get(PATCH_TAG, {})),
        packages=_packages(subject, packages, address),
        package_runs=[run for run, versions in packages.items() if versions],
        package_changes=_changes(subject, packages),
        configs=configs,
        chosen=chosen,
        notices=[*shelf_notices(subject, shelves), *_left_out(len(paths))],
    )


def differing_facts(tags: dict[str, Key]) -> int:
    """How many facts of the code differ, without reading any."""
    return sum(tags[name].differs for name in [*FACTS, PATCH_TAG] if name in tags)


def _facts(subject: Subject, tags: dict[str, dict[int, str]], address: PageAddress) -> Section:
    rows = [
        text_row(subject, label, tags[name], "text")
        for name, label in FACTS.items()
        if name in tags
    ]
    whole = replace(address, search="", shows_all=True)
    return section("source", "Code", "fact", rows, address=whole, is_alone=True)


def _patches(subject: Subject, texts: dict[int, str]) -> list[Version]:
    """What was changed but not committed, against the baseline's changes."""
    if not texts:
        return []
    found = {run: texts.get(run.pk, "") for run in subject.charted}
    reference = subject.baseline if subject.baseline in found else subject.charted[0]
    return versions_of(found, reference)[0]


def _packages(
    subject: Subject, packages: dict[Run, dict[str, str]], address: PageAddress
) -> Section:
    values: dict[str, dict[int, str]] = {}
    for run, versions in packages.items():
        for name, version in versions.items():
            values.setdefault(name, {})[run.pk] = version
    # What has no list of packages does not lack them.
    listed = replace(subject, runs=[run for run, versions in packages.items() if versions])
    rows = text_rows(listed, values, "param")
    is_alone = len(listed.runs) < 2
    return section("packages", "Packages", "package", rows, address=address, is_alone=is_alone)


def _changes(subject: Subject, packages: dict[Run, dict[str, str]]) -> list[tuple[Run, str]]:
    base = packages.get(subject.baseline)
    if not base:
        return []
    return [
        (run, words)
        for run, versions in packages.items()
        if versions and run != subject.baseline and (words := changes(base, versions))
    ]


def _configs(shelves: Sequence[Shelf], paths: Sequence[str]) -> list[ConfigFile]:
    """What differs first."""
    found = []
    for path in paths:
        texts = [shelf.text(path, MAX_CONFIG_BYTES) for shelf in shelves if path in shelf.entries]
        if all(text is not None for text in texts):
            found.append(ConfigFile(path, len(texts), len(set(texts))))
    return sorted(found, key=lambda config: (not config.differs, config.path))


def _left_out(paths: int) -> list[str]:
    if paths <= MAX_CONFIGS:
        return []
    return [f"{MAX_CONFIGS} of {paths} shared text files are compared here; see Output files."]
