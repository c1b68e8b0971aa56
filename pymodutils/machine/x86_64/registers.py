"""The registers of an x86-64 processor, read, written, saved and restored.

Restoring has an order: tables come first, since segments are looked up in them, and control registers before
general ones. A saved processor does not depend on the version of unicorn.

unicorn remembers an exception and treats the next one as a double fault; so a context saved without a pending
exception is restored, and the registers are written back.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Final

from unicorn import x86_const as x86

from pymodutils.machine.cpu import Cpu, Registers
from pymodutils.machine.paging import EntryFormat

TABLES: Final = ["GDTR", "IDTR", "LDTR", "TR"]
SYSTEM: Final = [
    *(f"CR{n}" for n in (0, 2, 3, 4, 8)),
    *(f"DR{n}" for n in (0, 1, 2, 3, 6, 7)),
    *("MXCSR", "FPCW", "FPSW", "FPTAG"),
]
SEGMENTS: Final = ["CS", "SS", "DS", "ES", "FS", "GS"]
VECTORS: Final = [*(f"XMM{n}" for n in range(16)), *(f"FP{n}" for n in range(8))]
GENERAL: Final = [
    *("RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "RSP"),
    *(f"R{n}" for n in range(8, 16)),
    *("RIP", "EFLAGS"),
]
ARGUMENTS: Final = ("RDI", "RSI", "RDX", "RCX", "R8", "R9")  # arguments of a C function; System V psABI 3.2.3

EFER: Final = 0xC0000080
LONG_MODE_ACTIVE: Final = 0x400
PAGING_ORDER: Final = ("CR4", "CR3", "CR0")  # order for entering long mode on a new processor
MODEL_SPECIFIC: Final = (
    *range(EFER, EFER + 5),  # EFER STAR LSTAR CSTAR SFMASK
    *range(0xC0000100, 0xC0000104),  # FS_BASE GS_BASE KERNEL_GS_BASE TSC_AUX
    *range(0x174, 0x177),  # SYSENTER_CS SYSENTER_ESP SYSENTER_EIP
    0x277,  # PAT
)
WORD: Final = 8
INTERRUPTS: Final = 0x200  # IF in EFLAGS
RESERVED_FLAG: Final = 2  # it reads as 1


class X86Registers(Cpu):
    """The registers of an x86-64 processor."""

    entries: ClassVar = EntryFormat(large=(0x80, 0x80), table=7, user=7, execute=(1 << 63, 0))  # SDM 3A, 4.5
    pushed: ClassVar = WORD
    program_counter, stack_pointer, results = "RIP", "RSP", ("RAX", "RDX")
    call: ClassVar = (-1, 4)
    dwarf: ClassVar = {6: "RBP", 7: "RSP"}  # System V psABI, figure 3.36

    # Registers

    @staticmethod
    @cache
    def number(name: str) -> int:
        """The register ``name`` in unicorn."""
        number: int = getattr(x86, "UC_X86_REG_" + name)
        return number

    @property
    def interrupt_table(self) -> int:
        """The base of the IDT."""
        return int(self.uc.reg_read(x86.UC_X86_REG_IDTR)[1])

    @property
    def task_state(self) -> int:
        """The base of the task state segment."""
        return int(self.uc.reg_read(x86.UC_X86_REG_TR)[1])

    def save(self) -> Registers:
        """All registers as JSON values."""
        groups = (TABLES, SYSTEM, SEGMENTS, VECTORS, GENERAL)
        found: Registers = {name: self.uc.reg_read(self.number(name)) for group in groups for name in group}
        return found | {f"{msr:x}": self.uc.msr_read(msr) for msr in MODEL_SPECIFIC}

    def restore(self, saved: Registers) -> None:
        """Restore saved registers into a new processor."""
        self.enter_long_mode(saved[f"{EFER:x}"], saved)
        self._write(saved)
        self.begin()

    def rewind(self, saved: Registers) -> None:
        """Restore saved registers of this processor, and flush translated addresses."""
        self.uc.context_restore(self._clean)
        self._write(saved)
        self.begin()

    def begin(self) -> None:
        """Save the current context, without a pending exception, to clear exceptions later."""
        self._clean = self.uc.context_save()

    def enter_long_mode(self, efer: int, control: Registers) -> None:
        """Set the registers of PAGING_ORDER from ``control``; the processor itself sets EFER.LMA."""
        self.uc.msr_write(EFER, efer & ~LONG_MODE_ACTIVE)
        for name in PAGING_ORDER:
            self[name] = control[name]

    def _write(self, saved: Registers) -> None:
        def write(group: list[str]) -> None:
            for name in group:
                value = saved[name]
                self.uc.reg_write(self.number(name), tuple(value) if isinstance(value, list) else value)

        for group in (TABLES, SYSTEM, SEGMENTS):
            write(group)
        for msr in MODEL_SPECIFIC:
            self.uc.msr_write(msr, saved[f"{msr:x}"])
        for group in (VECTORS, GENERAL):
            write(group)
        self.read_roots()

    def set_table(self, name: str, base: int, limit: int) -> None:
        """Set GDTR or IDTR."""
        self.uc.reg_write(self.number(name), (0, base, limit, 0))

    def settle(self) -> None:
        """Clear the delivered exception."""
        self.rewind(self.save())

    def read_roots(self) -> None:
        """Use the page tables of ``space``."""
        self.space.roots = (self["CR3"],) * 2

    def flush_tables(self) -> None:
        """Flush the TLB after page tables were changed from outside; translated code stays valid."""
        self["CR3"] = self["CR3"]

    @property
    def preempt_base(self) -> int:
        """Where the memory of this processor starts."""
        return self["GS_BASE"]

    # Functions; System V psABI for x86-64, 3.2

    @property
    def back(self) -> int:
        """The return address at the start of a function."""
        return self.space.number(self["RSP"])

    @back.setter
    def back(self, address: int) -> None:
        self.space.write(self["RSP"], address.to_bytes(WORD, "little"))

    def enter(self, function: int, stack: int, back: int) -> None:
        """Begin ``function`` on ``stack``, with interrupts on; it returns to ``back``."""
        self["RSP"], self["RBP"] = stack - WORD, 0
        self["EFLAGS"] = INTERRUPTS | RESERVED_FLAG
        self.back = back
        self["RIP"] = function

    def return_now(self) -> None:
        """Return at the start of a function."""
        self["RIP"] = self.back
        self["RSP"] += WORD

    def return_to(self, back: int) -> None:
        """Return to ``back`` from a function that has just returned elsewhere."""
        self["RSP"] -= WORD
        self.back = back
        self.leave(self["RAX"])
