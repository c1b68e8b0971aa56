"""A RISC-V hart: the counter, WFI, calls of the firmware and timer interrupts.

unicorn has no time: RDTIME is an illegal instruction to it, and is executed here, like RDCYCLE and RDINSTRET.
It reports the address four bytes after an exception, whatever the length of the instruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymodutils.machine.idle import MaskedIdle
from pymodutils.machine.riscv import exceptions
from pymodutils.machine.riscv.registers import SIE, RiscvRegisters
from pymodutils.machine.riscv.sbi import Firmware
from pymodutils.machine.riscv.start import enter

if TYPE_CHECKING:
    from mmap import mmap

    from pymodutils.machine.clock import Clock
    from pymodutils.machine.protocol import KernelStart

INSTRUCTION: Final = 4
CSRR, COUNTERS = 0x2073, frozenset({0xC00, 0xC01, 0xC02})  # csrrs rd, csr, x0; cycle, time, instret
CSRR_MASK: Final = 0xF_F07F  # without the CSR and rd
ECALLS: Final = frozenset({8, 9})  # from user and from supervisor mode, which unicorn mixes up here


class RiscvCpu(MaskedIdle, RiscvRegisters):
    """A RISC-V hart with its firmware."""

    wait = bytes.fromhex("73005010")  # wfi

    def __init__(self, ram: mmap, clock: Clock, jiffies: int) -> None:
        self.firmware = Firmware()
        super().__init__(ram, clock, jiffies)

    def start(self, start: KernelStart) -> None:  # noqa: ARG002 -- the same for every kernel
        """Set the registers as a boot loader does."""
        enter(self)

    def run(self, until: int, count: int) -> None:
        """As in the base class; what is executed here does not end it, unless a timer interrupt is due."""
        while True:
            super().run(until, count)
            if self.exception is None:
                return
            self["PC"] -= INSTRUCTION
            if not self._executed():
                return
            self["PC"] += INSTRUCTION
            self.exception = None
            if self.clock.due or self.pc == until:
                return

    def _executed(self) -> bool:
        """Execute what unicorn cannot, if that has stopped it."""
        if self.exception in ECALLS:
            self["X10"], self["X11"] = (
                value & (1 << 64) - 1 for value in self.firmware.call(self["X17"], self["X16"], self["X10"])
            )
            return True
        if self.exception != exceptions.ILLEGAL:
            return False
        instruction = exceptions.instruction(self)
        if instruction & CSRR_MASK != CSRR or instruction >> 20 not in COUNTERS:
            return False
        if register := instruction >> 7 & 31:
            self[f"X{register}"] = self.clock.stamp()
        return True

    @property
    def interruptible(self) -> bool:
        """Whether interrupts are on, and the timer is set."""
        return self.firmware.timer and bool(self["SSTATUS"] & SIE)

    def deliver_exception(self) -> bool:
        """Let the kernel handle the exception that stopped the processor, if any."""
        return exceptions.deliver(self)

    def deliver_tick(self) -> None:
        """Let the kernel handle a timer interrupt."""
        exceptions.enter(self, exceptions.TIMER, 0)

    def save_devices(self) -> Any:
        """The state of the devices as JSON values."""
        return {"timer": self.firmware.timer, "wakes at": self.wakes_at}

    def restore_devices(self, saved: Any) -> None:
        """Restore the saved state of devices."""
        self.firmware.timer = saved["timer"]
        self.restore_idle(saved["wakes at"])
