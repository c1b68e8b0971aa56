"""Names of the database's files, including temporary ones."""

from __future__ import annotations

import fcntl
import os
import re
from typing import Final

PRE_ORDER: Final = 34  # the first version of kmod that writes nodes before their children, and weakdep
NAMES: Final = (  # in kmod's order of writing
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
    """The files written by this version of kmod, in order."""
    return [name for name in NAMES if compat >= PRE_ORDER or name != "modules.weakdep"]


def renamed(compat: int) -> list[str]:
    """The files in the order of renaming.

    modules.dep.bin is first: after an interrupted change, modprobe finds every module listed in it.
    modules.dep is last: -A, also kmod's, judges by its mtime.
    """
    first, last = "modules.dep.bin", "modules.dep"
    return [first, *(name for name in names(compat) if name not in (first, last)), last]


def temporary(name: str) -> str:
    """A temporary name for ``name``, unique across runs and PID namespaces."""
    return f".{name}.{os.urandom(8).hex()}.new"


class DirectoryLock:
    """A shared lock on a directory that marks its temporary files as in use; held until ``release``.

    Any number of processes, and their children, may hold one. On file systems without locks it does nothing.
    """

    def __init__(self, directory: str) -> None:
        self._directory = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _lock(self._directory, fcntl.LOCK_SH)

    def release(self) -> None:
        """Release the lock; safe to call twice."""
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
    """The temporary files of dead processes in ``directory``, if no process has a DirectoryLock on it."""
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
    """Remove the leftovers in ``directory``."""
    for path in leftovers(directory):
        remove(path)


def remove(path: str) -> None:
    """Remove the file ``path`` if possible."""
    try:
        os.unlink(path)
    except OSError:
        pass
