"""SuperH: obj_sh.c of modutils, which never creates a GOT: it searches REL sections for its types."""

from __future__ import annotations

from pymodutils.arch import sh
from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import word
from pymodutils.arch.reloc import RelocType
from pymodutils.linux24.machine.calc import l_a
from pymodutils.linux24.machine.model import ObjMachine
from pymodutils.linux24.machine.slots import GotSlots

SH = ObjMachine(
    name="sh",
    arch=sh.SH,
    relocs={
        **{number: sh.SH.relocs[number] for number in (0, 1, 2)},
        161: RelocType("R_SH_PLT32", s_a_p, word(32)),
        163: RelocType("R_SH_GLOB_DAT", s_a, word(32)),
        164: RelocType("R_SH_JMP_SLOT", s_a, word(32)),
        165: RelocType("R_SH_RELATIVE", l_a, word(32)),
    },
    slots=GotSlots,
)

MACHINES = (SH, SH._replace(arch=sh.SH_BIG))
