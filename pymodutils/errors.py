"""Exceptions: raised where a failure is detected, printed in cli.py."""

from __future__ import annotations

import errno as codes

LIMITS = {  # the limit to check when a resource is exhausted
    codes.EFBIG: "ulimit -f",
    codes.EMFILE: "ulimit -n",
    codes.ENOMEM: "ulimit -v",
    codes.EAGAIN: "ulimit -u",
}


def reason(error: OSError) -> str:
    """The system's message, with the limit to check if it concerns one."""
    limit = LIMITS.get(error.errno or 0)
    return f"{error.strerror or error} (see {limit})" if limit else str(error.strerror or error)


def described(error: OSError) -> str:
    """The message for the user: the file, if any, and the reason."""
    return f"{error.filename}: {reason(error)}" if error.filename else reason(error)


class ModutilsError(Exception):
    """A failure concerning ``subject``; ``str()`` is the message for the user, one line.

    ``errno`` is that of the corresponding system call.
    """

    errno: int = codes.EINVAL
    why: str = ""  # the message of kmod's library, printed before that of the tool

    def __init__(self, subject: str, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.subject = subject
        if errno is not None:
            self.errno = errno


class BadModule(ModutilsError):
    """An invalid module file: truncated, not ELF, offsets outside the file."""

    errno = codes.ENOEXEC


class BadKernel(ModutilsError):
    """An invalid kernel image, package or description."""


class Overspent(BadKernel):
    """An archive or a kernel image that exceeds a limit."""


class BadState(ModutilsError):
    """A state file that is missing, damaged, or of another version."""


class BadIndex(ModutilsError):
    """A modules.*.bin file with invalid offsets, counts or depth."""


class BadLine(ModutilsError):
    """A malformed line of a configuration or text file; the subject is ``FILE:N``."""


class NotFound(ModutilsError):
    """No module, file or directory of that name."""

    errno = codes.ENOENT


class Refused(ModutilsError):
    """The kernel refused an operation with ``errno``; ``subject`` is the module."""


class Unanswered(ModutilsError):
    """A call into a kernel that did not return: it oopsed, sleeps or loops."""

    errno = codes.EIO


class Exit(Exception):
    """Exit with ``status`` without further output."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
