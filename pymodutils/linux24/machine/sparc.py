"""SPARC, 32 and 64 bit: obj_sparc.c and obj_sparc64.c of modutils."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch import sparc
from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.range import unsigned
from pymodutils.arch.reloc import RelocType
from pymodutils.linux24.machine.model import ObjMachine

if TYPE_CHECKING:
    from pymodutils.arch.formula import Formula


def low(bits: int, name: str, calc: Formula) -> RelocType:
    """A row that puts ``bits`` bits into the low end of a word, if the rest is 0."""
    return RelocType(f"R_SPARC_{name}", calc, insn(4, (bits - 1, 0, 0)), unsigned(bits))


def aligned(number: int) -> RelocType:
    """A row of arch for a branch whose distance must be a multiple of 4."""
    return sparc.SPARC64.relocs[number]._replace(align=4)


PC10, PC22 = insn(4, (9, 0, 0)), insn(4, (31, 10, 0))
WDISP16 = insn(4, (17, 16, 20), (15, 2, 0))
BOTH: Final = {
    0: RelocType("R_SPARC_NONE"),
    1: low(8, "8", s_a),
    2: low(16, "16", s_a),
    3: sparc.SPARC32.relocs[3],
    4: low(8, "DISP8", s_a_p),
    5: low(16, "DISP16", s_a_p),
    6: sparc.SPARC32.relocs[6],
    7: aligned(7),
    8: aligned(8),
    9: sparc.SPARC32.relocs[9],
    10: low(22, "22", s_a),
    11: low(13, "13", s_a),
    12: sparc.SPARC32.relocs[12],
    16: RelocType("R_SPARC_PC10", s_a_p, PC10),
    17: RelocType("R_SPARC_PC22", s_a_p, PC22),
    23: sparc.SPARC32.relocs[23],
    30: low(10, "10", s_a),
    31: low(11, "11", s_a),
    40: RelocType("R_SPARC_WDISP16", s_a_p, WDISP16, align=4),
    41: aligned(41),
    43: low(7, "7", s_a),
    44: low(5, "5", s_a),
    45: low(6, "6", s_a),
}
SPARC = ObjMachine(name="sparc", arch=sparc.SPARC32, relocs=BOTH, base=0xFE30_0000)  # VMALLOC_START
SPARC64 = ObjMachine(
    name="sparc64",
    arch=sparc.SPARC64,
    relocs={
        **BOTH,
        32: sparc.SPARC64.relocs[32],
        33: sparc.SPARC64.relocs[33],
        34: RelocType("R_SPARC_HH22", s_a, insn(4, (63, 42, 0))),
        35: RelocType("R_SPARC_HM10", s_a, insn(4, (41, 32, 0))),
        36: RelocType("R_SPARC_LM22", s_a, insn(4, (31, 10, 0))),
        37: RelocType("R_SPARC_PC_HH22", s_a_p, insn(4, (63, 42, 0))),
        38: RelocType("R_SPARC_PC_HM10", s_a_p, insn(4, (41, 32, 0))),
        39: RelocType("R_SPARC_PC_LM22", s_a_p, PC22),
        50: RelocType("R_SPARC_H44", s_a, insn(4, (43, 22, 0))),
        51: RelocType("R_SPARC_M44", s_a, insn(4, (21, 12, 0))),
        52: RelocType("R_SPARC_L44", s_a, insn(4, (11, 0, 0))),
        54: RelocType("R_SPARC_UA64", s_a, word(64)),
    },
    base=0x0200_0000,  # MODULES_VADDR, in the low 4 GB
    page=8192,
    extable=8,
)

MACHINES = (SPARC, SPARC64)
