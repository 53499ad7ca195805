"""How a line of the log looks."""

import logging


class LineFormatter(logging.Formatter):
    """``time level logger message``, one line a record whatever the message holds.

    Line breaks inside a message are written as ``\\n``, so that nothing a user sends can look
    like a record of its own; a traceback follows on lines of its own.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")
