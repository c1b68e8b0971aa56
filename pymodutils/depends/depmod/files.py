"""The files of the database by name."""

from __future__ import annotations

import fcntl
import os
import re
from typing import Final

PRE_ORDER: Final = 34  # the version of kmod that puts a node before its children, and writes weakdep
NAMES: Final = (  # in the order in which kmod writes them
    "modules.dep",
    "modules.dep.bin",
    "modules.alias",
    "modules.alias.bin",
    "modules.softdep",
    "modules.weakdep",
    "modules.symbols",
    "modules.symbols.bin",
    "modules.builtin.bin",
    "modules.builtin.alias.bin",
    "modules.devname",
)
_TEMPORARY: Final = re.compile(r"\.modules\.[a-z.]+\.[0-9a-f]+\.new")


def names(compat: int) -> list[str]:
    """The files that this version of kmod writes, in its order."""
    return [name for name in NAMES if compat >= PRE_ORDER or name != "modules.weakdep"]


def renamed(compat: int) -> list[str]:
    """The same in the order in which they get their names.

    Of a half-done change modprobe sees the new modules.dep.bin, so that every module that it knows is there;
    modules.dep, by whose date -A judges (kmod's too), is the seal on all others.
    """
    first, last = "modules.dep.bin", "modules.dep"
    return [first, *(name for name in names(compat) if name not in (first, last)), last]


def temporary(name: str) -> str:
    """What the file ``name`` is called before it is complete: each time anew, in whatever PID namespace."""
    return f".{name}.{os.urandom(8).hex()}.new"


class Claim:
    """A lock on a directory, which its files that are being written belong to; held until ``release``.

    Any number of processes may hold one, and those that they fork. Where there are no locks, it is none.
    """

    def __init__(self, directory: str) -> None:
        self._directory = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _lock(self._directory, fcntl.LOCK_SH)

    def release(self) -> None:
        """Give it up; safe to call twice."""
        if self._directory >= 0:
            os.close(self._directory)
            self._directory = -1


def _lock(directory: int, kind: int) -> bool:
    try:
        fcntl.flock(directory, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def leftovers(directory: str) -> list[str]:
    """The files that processes which are no more left in ``directory``: no process has a Claim on it."""
    try:
        found = [name for name in os.listdir(directory) if _TEMPORARY.fullmatch(name)]
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) if found else -1
    except OSError:
        return []
    if fd < 0:
        return []
    try:
        return [f"{directory}/{name}" for name in found] if _lock(fd, fcntl.LOCK_EX) else []
    finally:
        os.close(fd)


def clear(directory: str) -> None:
    """Take away what such processes have left in ``directory``."""
    for path in leftovers(directory):
        remove(path)


def remove(path: str) -> None:
    """Take the file ``path`` away if that is possible."""
    try:
        os.unlink(path)
    except OSError:
        pass
