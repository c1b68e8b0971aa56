"""Messages of modutils: errors to stderr, the rest to stdout; or all to syslog."""

from __future__ import annotations

import os
import sys
from typing import Final

LOG_ERR, LOG_INFO = 3, 6
DAEMON: Final = 3 << 3


class RunMessages:
    """The messages of a run, with the number of errors and warnings; errors name ``about``."""

    def __init__(self, tool: str, *, verbose: bool = False, syslog: bool = False) -> None:
        self.tool, self.about, self.verbose, self.syslog = tool, tool, verbose, syslog
        self.errors = self.warnings = 0

    def error(self, text: str) -> None:
        """Print an error; the tool will fail."""
        self.errors += 1
        line = f"{self.about}: {text.removeprefix(f'{self.about}: ')}"
        if self.syslog:
            self._log(LOG_ERR, line)
        else:
            sys.stdout.flush()
            sys.stderr.write(f"{line}\n")

    def perror(self, name: str, errno: int) -> None:
        """Print the meaning of ``errno`` for ``name``, on stderr only."""
        sys.stdout.flush()
        sys.stderr.write(f"{name}: {os.strerror(errno)}\n")

    def say(self, text: str) -> None:
        """Print a message."""
        if self.syslog:
            self._log(LOG_INFO, text)
        else:
            sys.stdout.write(f"{text}\n")

    def warn(self, text: str) -> None:
        """Print a warning."""
        self.warnings += 1
        self.say(text)

    def detail(self, text: str) -> None:
        """Print a message with -v only."""
        if self.verbose:
            self.say(text)

    def _log(self, level: int, text: str) -> None:
        import syslog  # noqa: PLC0415 -- only with -s

        syslog.openlog(self.tool, 0, DAEMON)
        syslog.syslog(level, text)
