"""How a call of kernel code can end, as values; and what ends the machine itself."""

from __future__ import annotations

from typing import NamedTuple

from pymodutils.errors import Unanswered


class Returned(NamedTuple):
    """The function returned ``value``, RAX."""

    value: int

    @property
    def int32(self) -> int:
        """The value as a C ``int``."""
        low = self.value & 0xFFFFFFFF
        return low - (low >> 31 << 32)


class Oopsed(NamedTuple):
    """The kernel killed the task of the call; ``log`` is what it wrote."""

    log: tuple[str, ...]


class Waits(NamedTuple):
    """The call sleeps for what has not come in ``seconds`` of the machine's time; ``log`` has its stack."""

    seconds: float
    log: tuple[str, ...]


Result = Returned | Oopsed | Waits


class Ended(Unanswered):
    """The machine can not go on; what was done to it since it was taken up is not kept."""


class OutOfBudget(Ended):
    """Code ran for its whole budget of ``instructions`` without an end, last at ``address``."""

    def __init__(self, address: int, instructions: int) -> None:
        super().__init__(hex(address), f"still running at {address:#x} after {instructions:,} instructions")
        self.address, self.instructions = address, instructions


class Panicked(Ended):
    """The kernel called panic() with the format ``words``."""

    def __init__(self, words: str) -> None:
        super().__init__("panic", f"the kernel panicked: {words}")
        self.words = words


class Halted(Ended):
    """The processor can not go on at ``address``."""

    def __init__(self, address: int, why: str) -> None:
        super().__init__(hex(address), f"stopped at {address:#x}: {why}")
        self.address = address
