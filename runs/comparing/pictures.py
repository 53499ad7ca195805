"""Pictures that ``mlflow.log_image(key=…, step=…)`` logged: one series a key, over its steps."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from artifacts.store import Entry

# The client writes images/<key>+step+<n>+timestamp+<ms>+<uuid>.png, and the same smaller as
# "+compressed.webp"; older ones had "%" for "+".
_LOGGED = re.compile(
    r"(?P<key>images/.+?)[+%]step[+%](?P<step>\d{1,18})[+%]timestamp[+%](?P<time>\d{1,18})[+%]"
    r"[^+%/]+?(?P<small>[+%]compressed)?\.\w+"
)


@dataclass(frozen=True)
class Series:
    """The picture of each step; of several of one step the last one, whole rather than small."""

    by_step: Mapping[int, Entry]

    def at(self, step: int) -> tuple[int, Entry] | None:
        """The picture of that step, or the last one before it, and whose step that is."""
        found = max((each for each in self.by_step if each <= step), default=None)
        return None if found is None else (found, self.by_step[found])


def picture_series(entries: Mapping[str, Entry]) -> tuple[dict[str, Series], set[str]]:
    """The series among a run's files, by what stands before the step; and the paths they take."""
    found: dict[str, dict[int, tuple[tuple[bool, int], Entry]]] = {}
    taken = set()
    for path, entry in entries.items():
        match = _LOGGED.fullmatch(path)
        if match is None:
            continue
        taken.add(path)
        rank = match["small"] is None, int(match["time"])
        steps = found.setdefault(match["key"], {})
        step = int(match["step"])
        if step not in steps or steps[step][0] < rank:
            steps[step] = rank, entry
    series = {
        key: Series({step: entry for step, (_, entry) in steps.items()})
        for key, steps in found.items()
    }
    return series, taken


def all_steps(series: Iterable[Series]) -> list[int]:
    """The steps of any of them, in order."""
    return sorted({step for each in series for step in each.by_step})
