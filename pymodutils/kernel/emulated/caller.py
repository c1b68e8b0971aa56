"""Who asks the kernel: what it sees of the process, and what only this process knows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from pymodutils.kernel.emulated.load.notifiers import Notifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.kernel.emulated.load.causes import Cause

COMMAND: Final = "insmod"  # the name of a process that has not said another


class WallClock(Protocol):
    """Time that passes: the module ``time``, or a test's own."""

    def time(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Let ``seconds`` pass."""
        ...


class Caller:
    """One system call's process; ``capable``: it has CAP_SYS_MODULE.

    ``bases`` says where modules are to lie, by name and area, in place of where there is room.
    ``keeps_going``: a load goes on past refusals, to collect all causes. Without ``keeps_memory`` the state
    does not store what is in large areas of modules: they read as zeros.
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
        self.causes: list[Cause] = []  # what the kernel minded
        self.waited_for: str | None = None  # the module of whose end this call has waited

    def base(self, module: str, area: str) -> int | None:
        """Where an area of ``module`` is to lie; None for wherever there is room."""
        return self.bases.get((module, area))
