"""Regular files alone: a pipe would make a tool wait for ever, and to open a device may do anything.

A link to /dev/null, which masks a file, is an empty one.
"""

from __future__ import annotations

import os
import stat
from errno import EINVAL
from typing import Final

NULL: Final = os.makedev(1, 3)  # /dev/null
REFUSED: Final = "it is not a regular file"


def is_regular(found: os.stat_result) -> bool:
    """Whether the file with this status may be read."""
    return stat.S_ISREG(found.st_mode) or (stat.S_ISCHR(found.st_mode) and found.st_rdev == NULL)


def opener(path: str, flags: int) -> int:
    """Open a regular file or a directory, for ``open``; raises OSError (EINVAL) about all others."""
    _check(os.stat(path), path)
    fd = os.open(path, flags | os.O_NONBLOCK)  # it may have become a pipe meanwhile
    try:
        _check(os.fstat(fd), path)
    except OSError:
        os.close(fd)
        raise
    return fd


def _check(found: os.stat_result, path: str) -> None:
    if not (is_regular(found) or stat.S_ISDIR(found.st_mode)):
        raise OSError(EINVAL, REFUSED, path)
