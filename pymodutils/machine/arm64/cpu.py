"""An arm64 processor: the counter, WFI, interrupts and devices.

MRS can be hooked, but that is slow for all others; so the reads of the counter are found in the kernel, and
the instruction after each of them finds the time of the clock.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from unicorn import arm64_const as arm

from pymodutils.machine.arm64 import exceptions, gic, operand, syndrome
from pymodutils.machine.arm64.gic import Gic
from pymodutils.machine.arm64.registers import Arm64Registers
from pymodutils.machine.arm64.start import enter
from pymodutils.machine.engine import uc, unicorn
from pymodutils.machine.idle import MaskedIdle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    from pymodutils.machine.clock import Clock
    from pymodutils.machine.operand import Operand
    from pymodutils.machine.protocol import KernelStart

INSTRUCTION: Final = 4
B, BL = 0b000101, 0b100101  # the highest bits of unconditional branches
CRM_3: Final = 0xE3  # CRn 14 and CRm 3 in an MRS
TIMER_READ: Final = re.compile(rb"[\xe0\xe3]\x3b\xd5")  # its end, with op0 3, op1 3 and CRm 0 or 3
COUNTERS: Final = frozenset({1, 2, 5, 6})  # op2 with CRm 0: CNTPCT, CNTVCT, CNTPCTSS, CNTVCTSS
CONTROL: Final = 1  # op2 with CRm 3: CNTV_CTL
ZERO: Final = 31
FIRED: Final = 5  # CNTV_CTL: ENABLE, ISTATUS


class Arm64Cpu(MaskedIdle, Arm64Registers):
    """An arm64 processor; ``gic`` is its interrupt controller."""

    wait = bytes.fromhex("7f2003d5")  # wfi

    def __init__(self, ram: mmap, clock: Clock, jiffies: int) -> None:
        syndrome.check()
        self.gic = Gic()
        self.reads: list[tuple[int, int, bool]] = []  # of the counter: what follows, the register, CNTV_CTL
        super().__init__(ram, clock, jiffies)

    def _make(self) -> unicorn.Uc:
        made = unicorn.Uc(uc.UC_ARCH_ARM64, uc.UC_MODE_ARM)
        made.ctl_set_cpu_model(arm.UC_CPU_ARM64_A57)
        return made

    def _map(self) -> None:
        super()._map()
        self.uc.mmio_map(gic.DISTRIBUTOR, gic.DISTRIBUTOR_SIZE, self._distributor, None, self._ignored, None)
        self.uc.mmio_map(
            gic.CPU_INTERFACE, gic.CPU_INTERFACE_SIZE, self._interface, None, self._ignored, None
        )

    def start(self, start: KernelStart) -> None:
        """Set the registers as a boot loader does."""
        enter(self, start)
        self._hook_reads(list(_reads(start.kernel, start.linked)))

    def run(self, until: int, count: int) -> None:
        """As in the base class; unicorn may stop at a load that has already been executed."""
        super().run(until, count)
        if self.looked:
            self["PC"] += INSTRUCTION

    def operand(self, address: int) -> Operand | None:
        """What the instruction at ``address`` accesses in memory, by registers; None if that is not known."""
        return operand.operand(int.from_bytes(self.space.read(address, INSTRUCTION), "little"))

    def operands(self, area: range) -> Iterator[tuple[int, Operand]]:
        """The instructions of ``area`` that access memory, as ``operand``."""
        found = ((address, self.operand(address)) for address in area[::INSTRUCTION])
        return ((address, it) for address, it in found if it)

    def calls(self, address: int) -> bool:
        """Whether a call of a function by its address in the instruction ends at ``address``."""
        return self.space.read(address - 1, 1)[0] >> 2 == BL

    def jumps(self, address: int) -> bool:
        """Whether the call at ``address`` is a jump: the function returns to the caller of this one."""
        return self.space.read(address + 3, 1)[0] >> 2 == B

    # Time

    def _hook_reads(self, reads: list[tuple[int, int, bool]]) -> None:
        self.reads = reads
        for after, register, control in reads:
            self.watch(after, partial(self._control if control else self._stamp, f"X{register}"))

    def _stamp(self, register: str) -> None:
        self[register] = self.clock.stamp()
        if self.clock.due:
            self.uc.emu_stop()

    def _control(self, register: str) -> None:
        self[register] = FIRED

    # Interrupts

    def deliver_exception(self) -> bool:
        """Let the kernel handle the exception that stopped the processor, if any."""
        return exceptions.deliver(self)

    def deliver_tick(self) -> None:
        """Let the kernel handle a timer interrupt."""
        self.gic.pending = gic.VIRTUAL_TIMER
        exceptions.enter(self, exceptions.INTERRUPT)

    # Devices

    def save_devices(self) -> Any:
        """The state of the devices as JSON values."""
        return {"pending": self.gic.pending, "reads": self.reads, "wakes at": self.wakes_at}

    def restore_devices(self, saved: Any) -> None:
        """Restore the saved state of devices."""
        self.gic.pending = saved["pending"]
        if not self.reads:
            self._hook_reads([tuple(it) for it in saved["reads"]])
        self.restore_idle(saved["wakes at"])

    def _distributor(self, _uc: object, offset: int, size: int, _data: object) -> int:
        return self.gic.distributor(offset, size)

    def _interface(self, _uc: object, offset: int, _size: int, _data: object) -> int:
        return self.gic.interface(offset)

    def _ignored(self, _uc: object, _offset: int, _size: int, _value: int, _data: object) -> None:
        pass


def _reads(kernel: bytes, linked: int) -> Iterator[tuple[int, int, bool]]:
    """The addresses of instructions in ``kernel`` that read the counter."""
    for found in TIMER_READ.finditer(kernel):
        if found.end() % INSTRUCTION:
            continue
        register, op2 = kernel[found.start() - 1] & ZERO, kernel[found.start() - 1] >> 5
        control = found[0][0] == CRM_3
        if register != ZERO and (op2 == CONTROL if control else op2 in COUNTERS):
            yield linked + found.end(), register, control
