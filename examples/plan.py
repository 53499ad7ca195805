"""What an example consists of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

# Called once for every run that has been logged: its name, and its result in a few words.
Report = Callable[[str, str], None]


@dataclass(frozen=True)
class Training:
    """One piece of training, done whole or not at all. Most make one run, a search makes many."""

    key: str
    author: str
    train: Callable[[Report], None]
    # None: at the time it really is.
    started: datetime | None = None
    runs: int = 1
    # The status its run has in the end.
    ends: Sequence[str] = ("FINISHED",)
    # Whether it is among the handful that ``--quick`` trains.
    quick: bool = False


@dataclass(frozen=True)
class Example:
    """One experiment, and the training that fills it."""

    name: str
    script: str
    description: str
    trainings: Sequence[Training]
    tags: dict[str, str] = field(default_factory=dict)

    def chosen(self, *, quick: bool) -> list[Training]:
        return [training for training in self.trainings if training.quick or not quick]
