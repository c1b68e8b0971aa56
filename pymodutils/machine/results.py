"""Results of calls of kernel code, and failures that end the machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import Unanswered

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACE: Final = r"(\S+\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[[^\]]+\])?)"  # as printed by %pS
FRAME: Final = re.compile(rf"\]  {PLACE}$")  # an entry of a call trace; one with "? " is unreliable
INSTRUCTION: Final = re.compile(rf"\] (?:RIP: [0-9a-f]+:|pc : ){PLACE}")
REASON: Final = re.compile(
    r"\] (BUG: .*|kernel BUG at .*|Oops: .*|[a-z ]+ fault, .*|[a-z ]+: 0000 \[#1\].*"
    r"|Unable to handle .*|Internal error: .*)"
)


class Touch(NamedTuple):
    """An access to a missing device at ``address`` in memory or, with ``port``, in I/O space; ``by``: RIP."""

    address: int
    port: bool
    by: int


class Returned(NamedTuple):
    """The function returned ``value``, a register."""

    value: int
    touched: tuple[Touch, ...] = ()

    @property
    def int32(self) -> int:
        """The value as a C ``int``."""
        low = self.value & 0xFFFFFFFF
        return low - (low >> 31 << 32)


class Oopsed(NamedTuple):
    """The kernel killed the task of the call; ``log`` are the messages."""

    log: tuple[str, ...]
    touched: tuple[Touch, ...] = ()

    @property
    def why(self) -> str:
        """The kernel's first message about it."""
        return _first(REASON, self.log) or "the task of the call is gone"

    @property
    def where(self) -> str:
        """The instruction, ``NAME+0xOFFSET/0xSIZE [MODULE]``; "" after a jump outside code."""
        return _first(INSTRUCTION, self.log)


class Waits(NamedTuple):
    """The call still sleeps after ``seconds`` of machine time; ``log`` has its stack trace."""

    seconds: float
    log: tuple[str, ...]
    touched: tuple[Touch, ...] = ()

    @property
    def wait(self) -> str:
        """The waiting kernel function: the last one before module code, or else the last one."""
        frames = self._frames()
        own = next((at for at, frame in enumerate(frames) if frame.endswith("]")), len(frames))
        return frames[max(own - 1, 0)].partition("+")[0] if frames else ""

    @property
    def where(self) -> str:
        """The waiting call in a module, as in ``Oopsed.where``; "" if there is none."""
        return next((frame for frame in self._frames() if frame.endswith("]")), "")

    def _frames(self) -> list[str]:
        found = (FRAME.search(line) for line in self.log)
        return [it[1] for it in found if it]


Result = Returned | Oopsed | Waits


def _first(pattern: re.Pattern[str], lines: Sequence[str]) -> str:
    return next((found[1] for line in lines if (found := pattern.search(line))), "")


class MachineEnded(Unanswered):
    """The machine cannot continue; changes since it was loaded are lost."""


class OutOfBudget(MachineEnded):
    """Code exhausted its budget, ``spent``, last at ``address``, in ``name``."""

    def __init__(self, address: int, spent: str, name: str = "") -> None:
        place = name or hex(address)
        super().__init__(place, f"still running at {place} after {spent}")
        self.address, self.spent, self.name = address, spent, name


class Panicked(MachineEnded):
    """The kernel called panic() with the message ``words``."""

    def __init__(self, words: str) -> None:
        super().__init__("panic", f"the kernel panicked: {words}")
        self.words = words


class Halted(MachineEnded):
    """The processor cannot continue at ``address``."""

    def __init__(self, address: int, why: str) -> None:
        super().__init__(hex(address), f"stopped at {address:#x}: {why}")
        self.address = address
