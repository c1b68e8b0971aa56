"""i386: obj_i386.c of modutils."""

from __future__ import annotations

from pymodutils.arch import x86
from pymodutils.arch.calc import gp_a_p, s, s_a_gp
from pymodutils.arch.field import word
from pymodutils.arch.reloc import RelocType
from pymodutils.elf.constants import SHT_REL
from pymodutils.linux24.machine.calc import l_a, slot
from pymodutils.linux24.machine.model import ObjMachine
from pymodutils.linux24.machine.slots import GotSlots


class I386Slots(GotSlots):
    """.got."""

    slots, bases = frozenset({3}), frozenset({9, 10})


I386 = ObjMachine(
    name="i386",
    arch=x86.I386,
    relocs={
        **x86.I386.relocs,
        0: RelocType("R_386_NONE"),
        3: RelocType("R_386_GOT32", slot, word(32)),
        6: RelocType("R_386_GLOB_DAT", s, word(32)),
        7: RelocType("R_386_JMP_SLOT", s, word(32)),
        8: RelocType("R_386_RELATIVE", l_a, word(32)),
        9: RelocType("R_386_GOTOFF", s_a_gp, word(32)),
        10: RelocType("R_386_GOTPC", gp_a_p, word(32)),
    },
    rel_type=SHT_REL,
    slots=I386Slots,
)

MACHINES = (I386,)
