"""Processors whose idle task waits for an interrupt with interrupts masked.

The wait stops the processor; the interrupt is taken where they are unmasked, which is found once, step by
step.
"""

from __future__ import annotations

from typing import ClassVar, Final

from pymodutils.machine.cpu import Cpu
from pymodutils.machine.results import Halted

FARTHEST: Final = 2000  # instructions from the wait to where interrupts are on


class MaskedIdle(Cpu):
    """A processor that waits for interrupts by the instruction ``wait``."""

    wait: ClassVar[bytes]
    wakes_at = 0  # where interrupts are on after a wait; 0 until that is known
    _asleep = False

    def sleeps(self) -> bool:
        """Whether it waits for an interrupt; raises Halted if none can be delivered."""
        if self.clock.due or self.space.read(self.pc - len(self.wait), len(self.wait)) != self.wait:
            return False
        if not self.wakes_at:
            self._wake_at(self._step())
        self._asleep = not self.interruptible
        return True

    def restore_idle(self, wakes_at: int) -> None:
        """Restore a saved ``wakes_at``."""
        self._asleep = False
        if not self.wakes_at:
            self._wake_at(wakes_at)

    def _step(self) -> int:
        """Run until interrupts are enabled; raises Halted if they never are."""
        start = self.pc
        for _ in range(FARTHEST):
            self.run(0, 1)
            if self.interruptible:
                return self.pc
        raise Halted(start, "the processor waits with interrupts off")

    def _wake_at(self, address: int) -> None:
        self.wakes_at = address
        if address:
            self.watch(address, self._woken)

    def _woken(self) -> None:
        if self._asleep:
            self._asleep = False
            self.uc.emu_stop()
