"""CRIS: obj_cris.c of modutils; addends are in the relocations (RELA)."""

from __future__ import annotations

from pymodutils.arch.historic import cris
from pymodutils.arch.reloc import RelocType
from pymodutils.linux24.machine.model import ObjMachine

CRIS = ObjMachine(
    name="cris",
    arch=cris.CRIS,
    relocs={0: RelocType("R_CRIS_NONE"), 3: cris.CRIS.relocs[3]},
    base=0xD000_0000,  # VMALLOC_START
    page=8192,
)

MACHINES = (CRIS,)
