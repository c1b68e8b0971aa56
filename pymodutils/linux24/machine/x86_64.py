"""x86-64: obj_x86_64.c of modutils, which adds to the existing contents, and never creates a GOT."""

from __future__ import annotations

from pymodutils.arch import x86
from pymodutils.arch.calc import s_a, v_plus_s_a, v_plus_s_a_p
from pymodutils.arch.field import word
from pymodutils.arch.reloc import RelocType
from pymodutils.linux24.machine.calc import v_plus_l
from pymodutils.linux24.machine.model import ObjMachine
from pymodutils.linux24.machine.slots import GotSlots

X86_64 = ObjMachine(
    name="x86_64",
    arch=x86.X86_64,
    relocs={
        0: x86.X86_64.relocs[0],
        1: RelocType("R_X86_64_64", v_plus_s_a, word(64)),
        2: RelocType("R_X86_64_PC32", v_plus_s_a_p, word(32)),
        6: RelocType("R_X86_64_GLOB_DAT", s_a, word(64)),
        7: RelocType("R_X86_64_JUMP_SLOT", s_a, word(64)),
        8: RelocType("R_X86_64_RELATIVE", v_plus_l, word(64)),
        10: RelocType("R_X86_64_32", v_plus_s_a, word(32)),
        11: RelocType("R_X86_64_32S", v_plus_s_a, word(32)),
        12: RelocType("R_X86_64_16", v_plus_s_a, word(16)),
        13: RelocType("R_X86_64_PC16", v_plus_s_a_p, word(16)),
        14: RelocType("R_X86_64_8", v_plus_s_a, word(8)),
        15: RelocType("R_X86_64_PC8", v_plus_s_a_p, word(8)),
    },
    base=0xFFFF_FFFF_A000_0000,  # MODULES_VADDR
    slots=GotSlots,
)

MACHINES = (X86_64,)
