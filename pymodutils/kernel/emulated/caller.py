"""The calling process: properties visible to the kernel, and choices of this process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from pymodutils.kernel.emulated.load.notifiers import Notifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.kernel.emulated.load.causes import Cause

COMMAND: Final = "insmod"  # default name of the process


class WallClock(Protocol):
    """A clock: the module ``time``, or one of a test."""

    def time(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let ``seconds`` pass."""
        ...


class Caller:
    """The process of a system call; ``capable``: it has CAP_SYS_MODULE.

    ``bases`` sets addresses of modules, by name and area.
    ``keeps_going``: a load continues past refusals, to collect all causes. Without ``keeps_memory``, the
    contents of large areas of modules are not stored: they read as zeros.
    """

    __slots__ = (
        "bases",
        "capable",
        "causes",
        "command",
        "keeps_going",
        "keeps_memory",
        "notifiers",
        "started",
        "waited_for",
    )

    def __init__(
        self,
        notifiers: Notifiers | None = None,
        *,
        command: str = COMMAND,
        capable: bool = True,
        started: float | None = None,
        bases: Mapping[tuple[str, str], int] | None = None,
        keeps_going: bool = False,
        keeps_memory: bool = True,
    ) -> None:
        self.notifiers = notifiers or Notifiers()
        self.command, self.capable = command, capable
        self.started = time.time() if started is None else started
        self.bases = bases or {}
        self.keeps_going, self.keeps_memory = keeps_going, keeps_memory
        self.causes: list[Cause] = []  # causes found
        self.waited_for: str | None = None  # the module for which this call has waited

    def base(self, module: str, area: str) -> int | None:
        """The requested address of an area of ``module``; None for any."""
        return self.bases.get((module, area))
