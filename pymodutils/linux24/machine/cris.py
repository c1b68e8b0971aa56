"""CRIS: obj_cris.c of modutils; its addends lie in the relocations."""

from __future__ import annotations

from pymodutils.arch.calc import s_a
from pymodutils.arch.field import word
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.linux24.machine.model import ObjMachine

CRIS = ObjMachine(
    name="cris",
    arch=Arch(
        name="cris",
        machines=(76,),
        bits=32,
        order="little",
        relocs={},
        unknown=Diagnostic("", 0),
        extable=WORDS[32],
    ),
    relocs={0: RelocType("R_CRIS_NONE"), 3: RelocType("R_CRIS_32", s_a, word(32))},
    base=0xD000_0000,  # VMALLOC_START
    page=8192,
)

MACHINES = (CRIS,)
