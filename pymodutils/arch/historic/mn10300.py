"""Panasonic MN10300: arch/mn10300/kernel/module.c of 2.6.25, which adds to the existing contents."""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a_p, v_plus_s_a
from pymodutils.arch.field import word
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.reloc import Diagnostic, RelocType

MN10300 = Arch(
    name="mn10300",
    machines=(89, 0xBEEF),
    bits=32,
    order="little",
    relocs={
        1: RelocType("R_MN10300_32", v_plus_s_a, word(32)),
        2: RelocType("R_MN10300_16", v_plus_s_a, word(16)),
        3: RelocType("R_MN10300_8", v_plus_s_a, word(8)),
        4: RelocType("R_MN10300_PCREL32", s_a_p, word(32)),
        5: RelocType("R_MN10300_PCREL16", s_a_p, word(16)),
        6: RelocType("R_MN10300_PCREL8", s_a_p, word(8)),
        9: RelocType("R_MN10300_24", v_plus_s_a, word(24)),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
    rel=Diagnostic("module {module}: RELOCATION unsupported", ENOEXEC),
    extable=WORDS[32],
    config="MN10300",
    page_size=4096,
)

ARCHS = (MN10300,)
