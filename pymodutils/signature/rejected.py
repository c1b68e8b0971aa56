"""Refusal of a signature or key by the kernel: an errno, and possibly a log line."""

from __future__ import annotations

from errno import EBADMSG
from typing import NamedTuple, NoReturn

from pymodutils.errors import ModutilsError
from pymodutils.kern_levels import WARNING


class Printk(NamedTuple):
    """One record of the kernel's log."""

    level: int
    text: str


class Rejected(ModutilsError):
    """The kernel does not accept a message, a certificate or a signature; ``errno`` is its reason."""

    errno = EBADMSG


class PrintkLog(list[Printk]):
    """The log lines of a verification."""

    def warning(self, text: str) -> None:
        """Add a warning."""
        self.append(Printk(WARNING, text))

    def reject(self, errno: int, text: str, level: int = WARNING) -> NoReturn:
        """Raise Rejected with ``errno`` after logging ``text``."""
        self.append(Printk(level, text))
        raise Rejected("signature", text, errno)
