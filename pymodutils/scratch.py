"""Temporary folders, removed with their process, or by the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pymodutils import flock

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW, NAME = "pymodutils.new-", "pymodutils.scratch-"  # before and after locking
READ: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def folder() -> Iterator[str]:
    """An empty folder in $TMPDIR for the block; those of killed processes are removed."""
    base = tempfile.gettempdir()
    for left in _left_over(base):
        shutil.rmtree(left, ignore_errors=True)
    made = tempfile.mkdtemp(prefix=NEW)
    place = os.path.join(base, NAME + os.path.basename(made).removeprefix(NEW))
    lock = -1
    try:
        lock = os.open(made, READ)
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.rename(made, place)
        yield place
    finally:
        for path in (made, place):
            shutil.rmtree(path, ignore_errors=True)
        if lock >= 0:
            os.close(lock)


def _left_over(base: str) -> Iterator[str]:
    """Our folders below ``base`` that no process has locked."""
    paths = [os.path.join(base, name) for name in os.listdir(base) if name.startswith(NAME)]
    for path, lock in flock.unlocked(paths, READ):
        found = os.fstat(lock)
        if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == stat.S_IRWXU:
            yield path
