"""OpenRISC 1000: https://openrisc.io/architecture; arch/openrisc/kernel/module.c of 6.1.

Unknown types, including 0, are logged, but the module loads. Later kernels support three more, two of them
for signed low halves, split in store instructions.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import Range
from pymodutils.arch.reloc import Diagnostic, RelocType

OPENRISC = Arch(
    name="openrisc",
    machines=(92, 0x8472),
    bits=32,
    order="big",
    relocs={
        1: RelocType("R_OR1K_32", s_a, word(32)),
        4: RelocType("R_OR1K_LO_16_IN_INSN", s_a, insn(4, (15, 0, 0))),
        5: RelocType("R_OR1K_HI_16_IN_INSN", s_a, insn(4, (31, 16, 0))),
        6: RelocType("R_OR1K_INSN_REL_26", s_a_p, insn(4, (27, 2, 0))),
        9: RelocType("R_OR1K_32_PCREL", s_a_p, word(32), since=(6, 10)),
        35: RelocType("R_OR1K_AHI16", s_a, insn(4, (31, 16, 0, 0x8000)), since=(6, 10)),
        39: RelocType("R_OR1K_SLO16", s_a, insn(4, (15, 11, 21), (10, 0, 0)), since=(6, 10)),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", 0),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    unames="openrisc|or1k",
    config="OPENRISC",
    page_size=8192,
    text=0xC000_2000,
    memory=Range(0xBC00_0000, 0xC000_0000),
    extable=WORDS[32],
)

ARCHS = (OPENRISC,)
