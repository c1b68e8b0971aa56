"""Motorola 68000 family: https://github.com/rui314/psabi, m68k.pdf; the kernel checks nothing."""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import word
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.syscalls import Numbers

M68K = Arch(
    name="m68k",
    machines=(4,),
    bits=32,
    order="big",
    relocs={
        1: RelocType("R_68K_32", s_a, word(32)),
        4: RelocType("R_68K_PC32", s_a_p, word(32)),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
    extable=WORDS[32],
    syscalls=Numbers(128, 348, 129),
    unames="m68k(nommu)?",  # m68knommu was folded into it in 2.6.39
    config="M68K",
    page_size=4096,
    text=0x1000,
)

ARCHS = (M68K,)
