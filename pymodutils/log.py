"""Messages in kmod's format: ``PROG: LEVEL: text`` on stderr, or ``LEVEL: text`` in syslog."""

from __future__ import annotations

import os
import sys
from typing import Final

from pymodutils import streams
from pymodutils.errors import Exit

FATAL, ERROR, WARNING, NOTICE, INFO, DEBUG = 2, 3, 4, 5, 6, 7  # syslog(3)'s priorities
WORDS: Final = {
    FATAL: "FATAL",
    ERROR: "ERROR",
    WARNING: "WARNING",
    NOTICE: "NOTICE",
    INFO: "INFO",
    DEBUG: "DEBUG",
}


LEVELS: Final = ("err", "info", "debug")  # of $KMOD_LOG


def library(text: str) -> None:
    """Print a message of kmod's library that precedes the tool's options; only $KMOD_LOG silences it."""
    level = os.environ.get("KMOD_LOG", "err")
    if level.startswith(LEVELS) or (level.isdigit() and int(level) >= ERROR):
        sys.stdout.flush()
        sys.stderr.write(f"libkmod: ERROR: {text}\n")


class Log:
    """The log of a tool: destination and lowest level."""

    def __init__(self, prog: str, level: int = WARNING, *, quiet: bool = False, syslog: bool = False) -> None:
        self.prog = prog
        self.level = level
        self.quiet = quiet
        self.syslog = syslog or not streams.has_stderr()
        self.messages = 0  # number of messages

    def fatal(self, text: str, hint: str = "") -> None:
        """Print ``text`` and a remedy, then exit with status 1; no effect if silenced."""
        if self.quiet:
            return
        self.say(FATAL, text)
        if hint:
            self.warning(hint)
        raise Exit(1)

    def error(self, text: str) -> None:
        """Print an error; the tool continues."""
        self.say(ERROR, text)

    def warning(self, text: str) -> None:
        """Print a warning."""
        self.say(WARNING, text)

    def notice(self, text: str) -> None:
        """Print a notice (``-v``)."""
        self.say(NOTICE, text)

    def info(self, text: str) -> None:
        """Print progress (``-vv``)."""
        self.say(INFO, text)

    def debug(self, text: str) -> None:
        """Print debugging information (``-vvv``)."""
        self.say(DEBUG, text)

    def say(self, level: int, text: str) -> None:
        """Print ``text`` if ``level`` is enabled."""
        if self.quiet or level > self.level:
            return
        self.messages += 1
        if self.syslog:
            self._to_syslog(level, text)
            return
        sys.stdout.flush()
        sys.stderr.write(f"{self.prog}: {WORDS[level]}: {text}\n")

    def _to_syslog(self, level: int, text: str) -> None:
        import syslog  # noqa: PLC0415 -- only with -s

        syslog.openlog(self.prog, 0, syslog.LOG_DAEMON)
        syslog.syslog(level, f"{WORDS[level]}: {text}\n")
