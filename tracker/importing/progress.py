"""How far a copy is, for whoever waits for it."""

import sys
import threading
import time
from typing import TextIO

from django.template.defaultfilters import filesizeformat

_BAR_WIDTH = 30
_BAR_SECONDS = 0.2
_LINE_SECONDS = 10


class Progress:
    """One bar that moves in a terminal; elsewhere, such as in a log, a line now and then.

    May be told of from many threads.
    """

    def __init__(self, total: int, *, stream: TextIO = sys.stderr) -> None:
        self.total = total
        self.runs = self.points = self.bytes = 0
        self._stream = stream
        self._is_bar = stream.isatty()
        self._lock = threading.Lock()
        self._shown = time.monotonic()

    def add(self, *, runs: int = 0, points: int = 0, size: int = 0) -> None:
        with self._lock:
            self.runs += runs
            self.points += points
            self.bytes += size
            pause = _BAR_SECONDS if self._is_bar else _LINE_SECONDS
            if time.monotonic() - self._shown >= pause:
                self._show()

    def finish(self) -> None:
        """Show where it ended, and leave the line."""
        with self._lock:
            self._show()
            if self._is_bar:
                self._stream.write("\n")

    def _show(self) -> None:
        self._shown = time.monotonic()
        # A run that is logged meanwhile may be one more than were counted.
        total = max(self.total, self.runs)
        said = (
            f"{self.runs:,} of {total:,} runs, {self.points:,} points, {filesizeformat(self.bytes)}"
        )
        if self._is_bar:
            filled = _BAR_WIDTH * self.runs // total if total else _BAR_WIDTH
            bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
            # The line before may have been longer: what is left of it is erased.
            self._stream.write(f"\r{bar} {said}\x1b[K")
        else:
            self._stream.write(f"{said}\n")
        self._stream.flush()
