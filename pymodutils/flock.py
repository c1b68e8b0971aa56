"""Search for files that no process has locked: leftovers of killed processes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def unlocked(paths: Iterable[str], flags: int) -> Iterator[tuple[str, int]]:
    """Those of ``paths`` that can be opened with ``flags`` and locked, with the descriptor that locks them.

    The lock is released when the next one is requested.
    """
    import fcntl  # noqa: PLC0415 -- few commands look for leftovers

    for path in paths:
        try:
            number = os.open(path, flags | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield path, number
        except OSError:
            continue
        finally:
            os.close(number)
