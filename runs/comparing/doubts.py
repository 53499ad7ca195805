"""What makes a comparison doubtful, said above it on every tab, with where to see it."""

from dataclasses import dataclass

from runs.comparing.address import PageAddress, Tab
from runs.comparing.environment import PATCH_TAG
from runs.comparing.subject import SYSTEM_PREFIX, Subject
from runs.models import OPEN_STATUSES, RunStatus
from runs.status import STALLED


@dataclass(frozen=True)
class Doubt:
    """A sentence, and the page that shows what it speaks of."""

    text: str
    url: str


def doubts(subject: Subject, address: PageAddress) -> list[Doubt]:
    """None of a single run."""
    if len(subject.runs) < 2:
        return []
    return [
        *_data(subject, address),
        *_endings(subject, address),
        *_metrics(subject, address),
        *_code(subject, address),
    ]


def _data(subject: Subject, address: PageAddress) -> list[Doubt]:
    url = f"{address.at(Tab.PARAMS)}#properties"
    used = {tuple(subject.datasets.get(key, ())) for key in subject.keys}
    if len(used) > 1 and all(used):
        return [Doubt("These runs read different datasets.", url)]
    if len(used) > 1:
        unknown = sum(key not in subject.datasets for key in subject.keys)
        return [Doubt(f"Of {_runs(unknown)} it is not known what data they read.", url)]
    return []


def _endings(subject: Subject, address: PageAddress) -> list[Doubt]:
    url = f"{address.at(Tab.PARAMS, shows_all=True)}#properties"
    open_ = _with_status(subject, *OPEN_STATUSES)
    silent = sum(status == STALLED for status in subject.statuses.values())
    broken = _with_status(subject, RunStatus.FAILED, RunStatus.KILLED)
    found = []
    if open_:
        are = "is" if open_ == 1 else "are"
        found.append(Doubt(f"{_runs(open_)} {are} not finished: values may still change.", url))
    if silent:
        have = "has" if silent == 1 else "have"
        text = f"{_runs(silent)} {have} stalled: nothing has been logged for a long time."
        found.append(Doubt(text, url))
    if broken:
        found.append(Doubt(f"{_runs(broken)} did not end well.", url))
    return found


def _metrics(subject: Subject, address: PageAddress) -> list[Doubt]:
    found = []
    own = [key for key in subject.metrics.values() if not key.name.startswith(SYSTEM_PREFIX)]
    if subject.metrics and all(key.count < len(subject.runs) for key in subject.metrics.values()):
        found.append(Doubt("No metric was logged by all of these runs.", address.at(Tab.METRICS)))
    elif partial := [key for key in own if key.count < len(subject.runs)]:
        were = "was" if len(partial) == 1 else "were"
        text = f"{len(partial)} of {len(own)} metrics {were} not logged by all of these runs."
        found.append(Doubt(text, address.at(Tab.METRICS)))
    primary = {each.primary_metric for each in subject.experiments if each.primary_metric}
    if len(primary) > 1:
        url = f"{address.at(Tab.PARAMS, shows_all=True)}#properties"
        found.append(Doubt("Their experiments have different primary metrics.", url))
    return found


def _code(subject: Subject, address: PageAddress) -> list[Doubt]:
    patches = subject.tags.get(PATCH_TAG)
    if patches is None or not patches.text:
        return []
    text = f"{_runs(patches.count)} ran with changes that were not committed."
    return [Doubt(text, address.at(Tab.CODE))]


def _with_status(subject: Subject, *statuses: RunStatus) -> int:
    return sum(run.status in statuses for run in subject.runs)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
