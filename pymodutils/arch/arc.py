"""ARC: https://github.com/foss-for-synopsys-dwc-arc-processors; arch/arc/kernel/module.c.

Instructions keep 32-bit values middle-endian: the high half first, each half in the order of the data.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import ByteOrder, Field, insn, word
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import Range
from pymodutils.arch.reloc import Diagnostic, RelocType

EF_ARC_OSABI_MSK, EF_ARC_OSABI_V4 = 0xF00, 0x400  # as set by gcc 6 and later
EM_ARCOMPACT, EM_ARCV2 = 93, 195


def accepts(e_flags: int, _e_entry: int) -> bool:
    """Whether the file has the kernel's ABI."""
    return e_flags & EF_ARC_OSABI_MSK == EF_ARC_OSABI_V4


def arc(machine: int, order: ByteOrder, middle: Field) -> Arch:
    """The architecture for one instruction set, which refuses modules of the other."""
    return Arch(
        name="arc",
        machines=(machine,),
        bits=32,
        order=order,
        relocs={
            4: RelocType("R_ARC_32", s_a, word(32)),
            27: RelocType("R_ARC_32_ME", s_a, middle),
            49: RelocType("R_ARC_32_PCREL", s_a_p, word(32)),
        },
        unknown=Diagnostic("{module}: unknown relocation: {number}", ENOEXEC),
        rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
        config="ARC",
        text=0x8000_2000,
        memory=Range(0x7000_0000, 0x7F80_0000),  # 256 MB below the kernel, if nothing else is configured
        extable=WORDS[32],
        accepts=accepts,
    )


SWAPPED = insn(4, (31, 16, 0), (15, 0, 16))
ARCHS = (
    arc(EM_ARCV2, "little", SWAPPED),
    arc(EM_ARCV2, "big", word(32)),
    arc(EM_ARCOMPACT, "little", SWAPPED),
    arc(EM_ARCOMPACT, "big", word(32)),
)
