"""SuperH: the table is that of GNU ld; arch/sh/kernel/module.c adds to the existing contents."""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, s_a_p, v_plus_s_a, v_plus_s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import Range
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.syscalls import Numbers

LOW = insn(4, (15, 0, 10))  # of the 64-bit instruction set, which no kernel runs any more
MEDIUM = insn(4, (31, 16, 10))

SH = Arch(
    name="sh",
    machines=(42,),
    bits=32,
    order="little",
    relocs={
        0: RelocType("R_SH_NONE"),
        1: RelocType("R_SH_DIR32", v_plus_s_a, word(32)),
        2: RelocType("R_SH_REL32", v_plus_s_a_p, word(32)),
        246: RelocType("R_SH_IMM_LOW16", s_a, LOW),
        247: RelocType("R_SH_IMM_LOW16_PCREL", s_a_p, LOW),
        248: RelocType("R_SH_IMM_MEDLOW16", s_a, MEDIUM),
        249: RelocType("R_SH_IMM_MEDLOW16_PCREL", s_a_p, MEDIUM),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    uname="sh4",
    unames="sh.*",
    syscalls=Numbers(128, 368, 129),
    config="SUPERH",
    text=0x8C00_2000,
    memory=Range(0xC000_0000, 0xE000_0000),  # P3, but for the fixed mappings at its end
    extable=WORDS[32],
)
SH_BIG = SH._replace(order="big")

ARCHS = (SH, SH_BIG)
