"""What can go wrong: one base class, raised where it is known, turned into words once in cli.py."""

from __future__ import annotations

import errno as codes

LIMITS = {  # what to look at where the system has run out of something
    codes.EFBIG: "ulimit -f",
    codes.EMFILE: "ulimit -n",
    codes.ENOMEM: "ulimit -v",
    codes.EAGAIN: "ulimit -u",
}


def reason(error: OSError) -> str:
    """What the system says, and the limit to look at if it is one."""
    limit = LIMITS.get(error.errno or 0)
    return f"{error.strerror or error} (see {limit})" if limit else str(error.strerror or error)


class ModutilsError(Exception):
    """A failure with the ``subject`` it is about; ``str()`` is the one line a user reads.

    ``errno`` is the number that a system call would have given for it.
    """

    errno: int = codes.EINVAL
    why: str = ""  # what kmod's library says of it before the tool does

    def __init__(self, subject: str, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.subject = subject
        if errno is not None:
            self.errno = errno


class BadModule(ModutilsError):
    """A module file that is not what it says: truncated, not ELF, offsets outside of the file."""

    errno = codes.ENOEXEC


class BadKernel(ModutilsError):
    """A kernel image, package or description that is not what it says."""


class Overspent(BadKernel):
    """An archive or a kernel image that costs more than a limit allows."""


class BadState(ModutilsError):
    """The file of an emulated kernel that is absent, damaged, or of another version."""


class BadIndex(ModutilsError):
    """A modules.*.bin whose offsets, counts or depth lie."""


class BadLine(ModutilsError):
    """A line of a configuration or index text that cannot be read; the subject is ``FILE:N``."""


class NotFound(ModutilsError):
    """No module, file or directory of that name."""

    errno = codes.ENOENT


class Refused(ModutilsError):
    """The kernel said no; ``errno`` is its answer, ``subject`` the module."""


class Unanswered(ModutilsError):
    """A call into a kernel that did not come back: it oopsed, waits, or does not end."""

    errno = codes.EIO


class Exit(Exception):
    """Leave with ``status``; nothing more is printed."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
