"""What a failed run left: the end of the file that most looks like its log."""

import re
from dataclasses import dataclass

from artifacts.paths import ArtifactPath
from runs.outputs import RunFiles

# Where its last words are looked for, and how many of them are shown.
MAX_LOG_FOLDERS = 20
MAX_LOG_BYTES = 4096
MAX_LOG_LINES = 12
_LOG_FOLDERS = {"log", "logs", "output", "outputs"}
_LOG_NAME = re.compile(r"\.(log|err|out)$|(traceback|stderr|error).*\.txt$", re.IGNORECASE)
_ERROR_NAME = re.compile(r"err|trace|fail", re.IGNORECASE)


@dataclass(frozen=True)
class Failure:
    """The end of the log that a failed run left; empty if it left none."""

    path: ArtifactPath | None = None
    log: str = ""


def read_failure(files: RunFiles) -> Failure:
    """The end of the file that most looks like the log of a failed run."""
    top = files.list(ArtifactPath())
    nearby = [entry for entry in top if not entry.is_folder]
    for folder in top[:MAX_LOG_FOLDERS]:
        if folder.is_folder and folder.name.lower() in _LOG_FOLDERS:
            nearby += [entry for entry in files.list(folder.path) if not entry.is_folder]
    logs = [entry for entry in nearby if _LOG_NAME.search(entry.name) and entry.size]
    if not logs:
        return Failure()
    log = min(logs, key=lambda entry: not _ERROR_NAME.search(entry.name))
    start = max(0, log.size - MAX_LOG_BYTES)
    text = b"".join(files.open(log.path, start=start)).decode(errors="replace")
    return Failure(path=log.path, log="\n".join(text.rstrip().splitlines()[-MAX_LOG_LINES:]))
