"""Remove a module: rmmod's checks before the system call, and waiting until the module is unused.

Kernels from 3.13 on do not wait themselves: delete_module returns EAGAIN at once.
"""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING, Final, Protocol

from pymodutils.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.base import Kernel

FIRST_PAUSE: Final = 0.004  # seconds, as modprobe --wait of kmod
LONGEST_PAUSE: Final = 0.5


class MonotonicClock(Protocol):
    """A clock: the module ``time``, or one of a test."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary time."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let ``seconds`` pass."""
        ...


class Unfit(Refused):
    """A module that rmmod refuses to remove without a system call."""


class InUse(Unfit):
    """A module in use by ``holders`` (other modules) or ``users`` (a count that includes them)."""

    errno = errno.EAGAIN

    def __init__(self, name: str, users: int, holders: tuple[str, ...]) -> None:
        by = " by: " + " ".join(holders) if holders else ""
        super().__init__(name, f"Module {name} is in use{by}")
        self.users = users
        self.holders = holders


def check(kernel: Kernel, name: str, is_builtin: Callable[[str], bool]) -> None:
    """Raise Unfit, with rmmod's message, if ``name`` cannot be removed; InUse if it can be removed later."""
    if is_builtin(name):
        raise Unfit(name, f"Module {name} is builtin.", errno.ENOENT)
    if kernel.state(name) is None:
        raise Unfit(name, f"Module {name} is not currently loaded", errno.ENOENT)
    holders = kernel.holders(name)
    users = kernel.users(name)
    if holders:
        raise InUse(name, users or len(holders), holders)
    if users is None:
        raise Unfit(name, "Module unloading is not supported", errno.ENOSYS)
    if users:
        raise InUse(name, users, ())


def attempt(kernel: Kernel, name: str, is_builtin: Callable[[str], bool]) -> None:
    """Remove ``name`` if it is unused; else, or if it becomes used meanwhile, raise InUse."""
    check(kernel, name, is_builtin)
    delete(kernel, name)


def delete(kernel: Kernel, name: str, *, force: bool = False) -> None:
    """Remove ``name``; raises InUse if the kernel reports that it is in use, else Refused."""
    try:
        kernel.delete(name, force=force)
    except Refused as refused:
        if refused.errno != errno.EAGAIN:
            raise
        raise InUse(name, kernel.users(name) or 0, kernel.holders(name)) from refused


def wait(
    step: Callable[[], None],
    deadline: float,
    watch: Callable[[InUse], None] = lambda _: None,
    clock: MonotonicClock = time,
) -> None:
    """Repeat ``step`` until it no longer raises InUse, with growing pauses.

    ``deadline`` is in ``clock``'s seconds, infinite to wait forever; after it, the last InUse is raised.
    ``watch`` is called for each failed attempt. An interrupt at any moment changes nothing.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            step()
        except InUse as busy:
            left = deadline - clock.monotonic()
            if left <= 0:
                raise
            watch(busy)
            clock.sleep(min(pause, left))
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            return
