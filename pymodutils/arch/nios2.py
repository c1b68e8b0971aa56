"""Nios II: the Processor Reference Guide's chapter on the ABI; arch/nios2/kernel/module.c.

Module memory comes from kmalloc: a call cannot leave its 256 MiB region, so modules must be near the kernel.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, v_plus_s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import Range, signed, unsigned
from pymodutils.arch.reloc import Diagnostic, RelocType


@formula("S", "A", "P")
def in_region(S: int, A: int, P: int) -> int:
    """S + A within the 256 MB region of the place."""
    return S + A - (P & -1 << 28)


@formula("S", "A", "P")
def from_next(S: int, A: int, P: int) -> int:
    """S + A - (P + 4), the distance from the next instruction."""
    return S + A - P - 4


NIOS2 = Arch(
    name="nios2",
    machines=(113,),
    bits=32,
    order="little",
    relocs={
        0: RelocType("R_NIOS2_NONE"),
        3: RelocType("R_NIOS2_PCREL16", from_next, insn(4, (15, 0, 6)), signed(16)),
        4: RelocType("R_NIOS2_CALL26", in_region, insn(4, (27, 2, 6)), unsigned(28), align=4),
        9: RelocType("R_NIOS2_HI16", s_a, insn(4, (31, 16, 6))),
        10: RelocType("R_NIOS2_LO16", s_a, insn(4, (15, 0, 6))),
        11: RelocType("R_NIOS2_HIADJ16", s_a, insn(4, (31, 16, 6, 0x8000))),
        12: RelocType("R_NIOS2_BFD_RELOC_32", v_plus_s_a, word(32)),
    },
    unknown=Diagnostic("module {module}: Unknown reloc: {number}", ENOEXEC),
    overflow=Diagnostic("module {module}: relocation overflow", ENOEXEC),
    misaligned=Diagnostic("module {module}: dangerous relocation", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    config="NIOS2",
    page_size=4096,
    text=0xC000_0000,
    memory=Range(0xC000_0000, 0xE000_0000),
    extable=WORDS[32],
)

ARCHS = (NIOS2,)
