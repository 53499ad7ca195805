"""How far the examples are: a line a run for people, a small JSON file for a site."""

import json
import os
import sys
import time
from pathlib import Path


class Progress:
    """Counts runs, of ``total``, and says so at once."""

    def __init__(self, *, total: int, file: Path | None = None) -> None:
        self.total = total
        self.done = 0
        self.errors: list[str] = []
        self._file = file
        self._say("Starting", finished=False)

    def run_done(self, experiment: str, run: str, result: str) -> None:
        self.done += 1
        self._line(f"{experiment}  {run}  {result}")

    def already_there(self, experiment: str, key: str, *, runs: int) -> None:
        self.done += runs
        self._line(f"{experiment}  {key}  already there")

    def failed(self, experiment: str, key: str, error: Exception) -> None:
        """Something went wrong that is not part of the example. The others go on."""
        reason = str(error).partition("\n")[0][:300]
        text = f"{experiment}  {key}  {type(error).__name__}: {reason}"
        self.errors.append(text)
        print(text, file=sys.stderr, flush=True)
        self._say(text, finished=False)

    def note(self, text: str) -> None:
        """A line that counts no run."""
        print(" " * self._width(), text, flush=True)
        self._say(text, finished=False)

    def finished(self, text: str) -> None:
        print(text, flush=True)
        self._say(text, finished=True)

    def given_up(self, text: str) -> None:
        """Nothing could be done. Not finished, so that the next start tries again."""
        self.errors.append(text)
        print(text, file=sys.stderr, flush=True)
        self._say(text, finished=False)

    def _line(self, text: str) -> None:
        digits = len(str(self.total))
        print(f"[{self.done:{digits}}/{self.total}] {text}", flush=True)
        self._say(text, finished=False)

    def _width(self) -> int:
        return 2 * len(str(self.total)) + 3

    def _say(self, text: str, *, finished: bool) -> None:
        if self._file is None:
            return
        state = {
            "total": self.total,
            "done": self.done,
            "text": text,
            "finished": finished,
            "errors": self.errors,
            "updated_ms": int(time.time() * 1000),
        }
        # Replaced in one step: whoever reads it meanwhile gets the old or the new.
        draft = self._file.with_name(self._file.name + ".part")
        draft.write_text(json.dumps(state), encoding="utf-8")
        os.replace(draft, self._file)
