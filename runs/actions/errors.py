"""What can go wrong when runs are written."""

from collections.abc import Sequence

from core.errors import Invalid, Missing
from runs.models import Run


class RunNotActive(Invalid):
    """A run in the trash takes no changes until it is restored."""

    def __init__(self, run: Run) -> None:
        super().__init__(
            f"The run {run.run_id} must be in the 'active' state. "
            f"Current state is {run.lifecycle_stage}."
        )


class ParamChanged(Invalid):
    """A param that is written has another value; params never change."""

    def __init__(self, run: Run, changes: Sequence[tuple[str, str, str]]) -> None:
        shown = [{"key": key, "old_value": old, "new_value": new} for key, old, new in changes]
        super().__init__(
            "Changing param values is not allowed. Params were already logged="
            f"'{shown}' for run ID='{run.run_id}'."
        )
        self.changes = list(changes)
        self.run = run

    def as_single(self) -> Invalid:
        """The same in MLflow's words for a call that logs one param."""
        key, old, new = self.changes[0]
        return Invalid(
            f"Changing param values is not allowed. Param with key='{key}' was already logged "
            f"with value='{old}' for run ID='{self.run.run_id}'. "
            f"Attempted logging new value '{new}'."
        )


class ParamRepeated(Invalid):
    """One batch names a param twice."""


class BatchTooLarge(Invalid):
    """A batch has more entries than one request may."""


class BadPoint(Invalid):
    """A metric point's time is before 1970."""


class UnknownModel(Invalid):
    """A point is about a logged model that does not exist."""


class NoSuchTag(Missing):
    """The run has no tag of that name."""


class RunNameConflict(Invalid):
    """A run's name and its tag mlflow.runName were given and differ."""
