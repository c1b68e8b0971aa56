"""The registers of a RISC-V hart in supervisor mode, read, written, saved and restored.

unicorn starts in machine mode, and has no register for the mode: it is left by MRET, in a page of its own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final

from unicorn import riscv_const as riscv

from pymodutils.machine.cpu import Cpu, Registers
from pymodutils.machine.engine import uc, unicorn
from pymodutils.machine.paging import PAGE, EntryFormat

if TYPE_CHECKING:
    from mmap import mmap

    from pymodutils.machine.clock import Clock

GENERAL: Final = (*(f"X{n}" for n in range(1, 32)), *(f"F{n}" for n in range(32)), "PC")
SYSTEM: Final = ("SSTATUS", "SIE", "STVEC", "SSCRATCH", "SEPC", "SCAUSE", "STVAL", "SATP")
ARGUMENTS: Final = tuple(f"X{n}" for n in range(10, 18))  # a0 to a7
SIE, SPIE, SPP = 1 << 1, 1 << 5, 1 << 8  # of sstatus
MPP_S: Final = 1 << 11  # of mstatus: MRET goes to supervisor mode
FRAMES: Final = (1 << 44) - 1  # of satp
ROM: Final = 1 << 40
LEAVE: Final = bytes.fromhex("7390023b 7310033a 73002030")  # csrw pmpaddr0, t0; csrw pmpcfg0, t1; mret
EVERYTHING, ALLOWED = (1 << 54) - 1, 0x1F  # a naturally aligned range of all addresses; RWX


class RiscvRegisters(Cpu):
    """The registers of a RISC-V hart."""

    entries: ClassVar = EntryFormat(  # Privileged Architecture, 12.4
        large=(2, 2), table=1, user=0xD7, execute=(8, 8), shift=2
    )
    pushed: ClassVar = 0
    program_counter, stack_pointer, results = "PC", "X2", ("X10", "X11")

    def __init__(self, ram: mmap, clock: Clock, jiffies: int) -> None:
        self._supervisor = False
        super().__init__(ram, clock, jiffies)

    def _make(self) -> unicorn.Uc:
        return unicorn.Uc(uc.UC_ARCH_RISCV, uc.UC_MODE_RISCV64)

    def _map(self) -> None:
        super()._map()
        self.uc.mem_map(ROM, PAGE)
        self.uc.mem_write(ROM, LEAVE)

    def supervise(self) -> None:
        """Leave machine mode, with all memory allowed."""
        if self._supervisor:
            return
        self["MSTATUS"], self["MEPC"], self["MCOUNTEREN"] = MPP_S, 0, 0
        self["X5"], self["X6"], self["PC"] = EVERYTHING, ALLOWED, ROM
        self.uc.emu_start(ROM, 0, count=len(LEAVE) // 4)
        self._supervisor = True

    @staticmethod
    @cache
    def number(name: str) -> int:
        """The register ``name`` in unicorn."""
        number: int = getattr(riscv, "UC_RISCV_REG_" + name)
        return number

    def save(self) -> Registers:
        """All registers as JSON values."""
        return {name: self[name] for name in (*GENERAL, *SYSTEM)}

    def restore(self, saved: Registers) -> None:
        """Restore saved registers into a new processor."""
        self.supervise()
        self.rewind(saved)

    def rewind(self, saved: Registers) -> None:
        """Restore saved registers of this processor, and flush translated addresses."""
        for name in (*GENERAL, *SYSTEM):
            self[name] = saved[name]
        self.read_roots()
        self.flush_tables()

    def read_roots(self) -> None:
        """Use the page tables of ``space``."""
        root = (self["SATP"] & FRAMES) * PAGE
        self.space.roots = root, root

    # Functions

    @property
    def back(self) -> int:
        """The return address at the start of a function."""
        return self["X1"]

    @back.setter
    def back(self, address: int) -> None:
        self["X1"] = address

    def enter(self, function: int, stack: int, back: int) -> None:
        """Begin ``function`` on ``stack``, with interrupts on; it returns to ``back``."""
        self["X2"], self["X8"], self["X1"], self["PC"] = stack, 0, back, function
        self["SSTATUS"] |= SIE

    def return_now(self) -> None:
        """Return at the start of a function."""
        self["PC"] = self["X1"]

    def return_to(self, back: int) -> None:
        """Return to ``back`` from a function that has just returned elsewhere."""
        self["X1"] = back
        self.leave(self["X10"])
