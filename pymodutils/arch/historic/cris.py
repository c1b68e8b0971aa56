"""ETRAX CRIS: arch/cris/kernel/module.c of 2.6.9, which stores S+A for any type."""

from __future__ import annotations

from errno import ENOEXEC
from typing import Final

from pymodutils.arch.calc import s_a
from pymodutils.arch.field import word
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.reloc import Diagnostic, RelocType

NAMES: Final = (
    *("NONE", "8", "16", "32", "8_PCREL", "16_PCREL", "32_PCREL", "GNU_VTINHERIT", "GNU_VTENTRY", "COPY"),
    *("GLOB_DAT", "JUMP_SLOT", "RELATIVE", "16_GOT", "32_GOT", "16_GOTPLT", "32_GOTPLT", "32_GOTREL"),
    *("32_PLT_GOTREL", "32_PLT_PCREL"),
)  # by their numbers

CRIS = Arch(
    name="cris",
    machines=(76,),
    bits=32,
    order="little",
    relocs={number: RelocType(f"R_CRIS_{name}", s_a, word(32)) for number, name in enumerate(NAMES)},
    unknown=Diagnostic("", ENOEXEC),  # the loader knew none
    extable=WORDS[32],
    config="CRIS",
    page_size=8192,
)

ARCHS = (CRIS,)
