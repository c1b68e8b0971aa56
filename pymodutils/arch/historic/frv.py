"""Fujitsu FR-V: arch/frv/kernel/module.c of 2.6.18 to 4.16, which refuses every relocation."""

from __future__ import annotations

from errno import ENOEXEC
from typing import Final

from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.reloc import Diagnostic

UNSUPPORTED: Final = Diagnostic("module {module}: ADD RELOCATION unsupported", ENOEXEC)

FRV = Arch(
    name="frv",
    machines=(0x5441,),
    bits=32,
    order="big",
    relocs={},
    unknown=UNSUPPORTED,
    rel=UNSUPPORTED,
    rela=UNSUPPORTED,
    extable=WORDS[32],
    config="FRV",
    page_size=16384,
)

ARCHS = (FRV,)
