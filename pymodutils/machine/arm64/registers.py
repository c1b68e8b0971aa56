"""The registers of an arm64 processor, read, written, saved and restored; Arm ARM (DDI 0487), D23.

unicorn has two worlds of them: general ones, and system registers by their encoding. It computes what depends
on PSTATE only at a write of a system register, so PSTATE is written first.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Final

from unicorn import arm64_const as arm

from pymodutils.machine.cpu import Cpu, Registers
from pymodutils.machine.paging import EntryFormat

GENERAL: Final = (*(f"X{n}" for n in range(31)), "SP", "PC", "PSTATE", "FPCR", "FPSR")
VECTORS: Final = tuple(f"Q{n}" for n in range(32))
SYSTEM: Final = {  # name -> op0, op1, CRn, CRm, op2; SCTLR, which turns the MMU on, is the last
    "SCR_EL3": (3, 6, 1, 1, 0), "HCR_EL2": (3, 4, 1, 1, 0), "CPACR_EL1": (3, 0, 1, 0, 2),
    "MDSCR_EL1": (2, 0, 0, 2, 2), "CSSELR_EL1": (3, 2, 0, 0, 0), "CNTKCTL_EL1": (3, 0, 14, 1, 0),
    "SP_EL0": (3, 0, 4, 1, 0), "SPSR_EL1": (3, 0, 4, 0, 0), "ELR_EL1": (3, 0, 4, 0, 1),
    "ESR_EL1": (3, 0, 5, 2, 0), "FAR_EL1": (3, 0, 6, 0, 0), "PAR_EL1": (3, 0, 7, 4, 0),
    "VBAR_EL1": (3, 0, 12, 0, 0), "CONTEXTIDR_EL1": (3, 0, 13, 0, 1), "TPIDR_EL1": (3, 0, 13, 0, 4),
    "TPIDR_EL0": (3, 3, 13, 0, 2), "TPIDRRO_EL0": (3, 3, 13, 0, 3), "MAIR_EL1": (3, 0, 10, 2, 0),
    "TTBR0_EL1": (3, 0, 2, 0, 0), "TTBR1_EL1": (3, 0, 2, 0, 1), "TCR_EL1": (3, 0, 2, 0, 2),
    "SCTLR_EL1": (3, 0, 1, 0, 0),
}  # fmt: skip
ARGUMENTS: Final = tuple(f"X{n}" for n in range(8))  # AAPCS64, 6.4
EL1H: Final = 0x5
IRQ_MASKED: Final = 0x80
MASKED: Final = 0x3C0  # PSTATE.D, A, I, F
MODE: Final = 0xF
NON_SECURE, AARCH64 = 0x401, 1 << 31  # SCR_EL3.RW, NS; HCR_EL2.RW
STEPPED: Final = 0x0030_0000  # PSTATE.IL, SS


class Arm64Registers(Cpu):
    """The registers of an arm64 processor."""

    entries: ClassVar = EntryFormat(  # Arm ARM, D8.3
        large=(2, 0), table=3, user=0x0060_0000_0000_0F43, execute=(1 << 53, 0)
    )
    pushed: ClassVar = 0
    program_counter, stack_pointer, results = "PC", "SP", ("X0", "X1")
    dwarf: ClassVar = {29: "X29", 31: "SP"}  # AADWARF64, 4.1

    @staticmethod
    @cache
    def number(name: str) -> int:
        """The register ``name`` in unicorn."""
        number: int = getattr(arm, "UC_ARM64_REG_" + name)
        return number

    def system(self, name: str) -> int:
        """The system register ``name``."""
        return int(self.uc.cpr_read(*SYSTEM[name]))

    def set_system(self, name: str, value: int) -> None:
        """Write the system register ``name``."""
        self.uc.cpr_write(*SYSTEM[name], value)

    def save(self) -> Registers:
        """All registers as JSON values."""
        found: Registers = {name: self[name] for name in GENERAL}
        found |= {name: self.uc.reg_read(self.number(name)) for name in VECTORS}
        return found | {name: self.system(name) for name in SYSTEM}

    def restore(self, saved: Registers) -> None:
        """Restore saved registers into a new processor."""
        for name in (*GENERAL, *VECTORS):
            self.uc.reg_write(self.number(name), saved[name])
        for name in SYSTEM:
            self.set_system(name, saved[name])
        self.read_roots()
        self.flush_tables()

    def rewind(self, saved: Registers) -> None:
        """Restore saved registers of this processor, and flush translated addresses."""
        self.restore(saved)

    def read_roots(self) -> None:
        """Use the page tables of ``space``."""
        self.space.roots = self["TTBR0_EL1"], self["TTBR1_EL1"]

    @property
    def preempt_base(self) -> int:
        """Where the thread_info of the current task is, which is the start of its task_struct."""
        return self.system("SP_EL0")

    # Functions

    @property
    def back(self) -> int:
        """The return address at the start of a function."""
        return self["X30"]

    @back.setter
    def back(self, address: int) -> None:
        self["X30"] = address

    def enter(self, function: int, stack: int, back: int) -> None:
        """Begin ``function`` on ``stack``, with interrupts on; it returns to ``back``."""
        self["SP"], self["X29"], self["X30"], self["PC"] = stack, 0, back, function
        self["PSTATE"] = EL1H

    def return_now(self) -> None:
        """Return at the start of a function."""
        self["PC"] = self["X30"]

    def return_to(self, back: int) -> None:
        """Return to ``back`` from a function that has just returned elsewhere."""
        self["X30"] = back
        self.leave(self["X0"])

    @property
    def interruptible(self) -> bool:
        """Whether interrupts are on."""
        return not self["PSTATE"] & IRQ_MASKED
