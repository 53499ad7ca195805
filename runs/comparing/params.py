"""The properties, hyperparameters and tags of compared runs."""

from collections.abc import Callable

from experiments.models import NOTE_TAG
from runs.comparing.address import PageAddress
from runs.comparing.subject import RESERVED_PREFIX, Subject, values_of
from runs.comparing.tables import Row, Section, section, text_row, text_rows
from runs.models import Param, Run, RunTag


def text_sections(subject: Subject, address: PageAddress) -> list[Section]:
    """Three sections: what the runs are, what they were given, what people say of them."""
    tags = values_of(RunTag, subject.keys)
    own = {key: tags[key] for key in tags if not key.startswith(RESERVED_PREFIX)}
    params = values_of(Param, subject.keys)
    found = [
        ("properties", "Properties", "property", _properties(subject, tags)),
        ("params", "Hyperparameters", "hyperparameter", text_rows(subject, params, "param")),
        ("tags", "Tags", "tag", text_rows(subject, own, "text")),
    ]
    is_alone = len(subject.runs) < 2
    return [section(*each, address=address, is_alone=is_alone) for each in found]


def differing_texts(subject: Subject) -> int:
    """How many hyperparameters and tags differ, without reading any."""
    own = [key for name, key in subject.tags.items() if not name.startswith(RESERVED_PREFIX)]
    return sum(key.differs for key in [*subject.params.values(), *own])


def _properties(subject: Subject, tags: dict[str, dict[int, str]]) -> list[Row]:
    def each(read: Callable[[Run], object]) -> dict[int, object]:
        return {run.pk: read(run) for run in subject.runs}

    datasets = {run: ", ".join(names) for run, names in subject.datasets.items()}
    columns = [
        ("Experiment", each(lambda run: run.experiment), "experiment"),
        ("Status", each(subject.status), "status"),
        ("Started", each(lambda run: run.start_time), "datetime"),
        ("Duration", each(lambda run: run.duration_ms), "duration"),
        ("User", each(lambda run: run.user_id or None), "text"),
        ("Description", tags.get(NOTE_TAG, {}), "text"),
        ("Datasets", datasets, "text"),
    ]
    return [
        text_row(subject, title, values, kind)
        for title, values, kind in columns
        if any(value is not None for value in values.values())
    ]
