"""Motorola 68000 family: obj_m68k.c of modutils."""

from __future__ import annotations

from pymodutils.arch import m68k
from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import word
from pymodutils.arch.range import signed, unsigned
from pymodutils.arch.reloc import RelocType
from pymodutils.linux24.machine.calc import v_plus_l
from pymodutils.linux24.machine.model import ObjMachine
from pymodutils.linux24.machine.slots import GotSlots

M68K = ObjMachine(
    name="m68k",
    arch=m68k.M68K,
    relocs={
        **m68k.M68K.relocs,
        0: RelocType("R_68K_NONE"),
        2: RelocType("R_68K_16", s_a, word(16), unsigned(16)),
        3: RelocType("R_68K_8", s_a, word(8), unsigned(8)),
        5: RelocType("R_68K_PC16", s_a_p, word(16), signed(16)),
        6: RelocType("R_68K_PC8", s_a_p, word(8), signed(8)),
        22: RelocType("R_68K_RELATIVE", v_plus_l, word(32)),
    },
    slots=GotSlots,
)

MACHINES = (M68K,)
