"""Tilera TILE-Gx and TILEPro: arch/tile/kernel/module.c of 2.6.36 to 4.16; bundles of 64 bits."""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic, RelocType

if TYPE_CHECKING:
    from pymodutils.arch.field import Field

X0, X1 = 12, 43  # where the immediate value of 16 bits lies in a bundle
UNKNOWN: Final = Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC)
REL: Final = Diagnostic("module {module}: .rel relocation unsupported", ENOEXEC)
OUT: Final = Diagnostic("module {module}: Out of range HW2_LAST value {value:#x}", ENOEXEC)
TOO_FAR: Final = Diagnostic(
    "module {module}: Out of range jump to {sum:#x} at {offset:#x} ({place:016x})", ENOEXEC
)


def imm16(at: int, low: int, rounding: int = 0) -> Field:
    """Bits ``low`` and on of a value in the immediate at ``at``."""
    return insn(8, (low + 15, low, at, rounding))


TILEGX = Arch(
    name="tilegx",
    machines=(191,),
    bits=64,
    order="little",
    relocs={
        1: RelocType("R_TILEGX_64", s_a, word(64)),
        21: RelocType("R_TILEGX_JUMPOFF_X1", s_a_p, insn(8, (29, 3, 31)), signed(30), overflow=TOO_FAR),
        36: RelocType("R_TILEGX_IMM16_X0_HW0", s_a, imm16(X0, 0)),
        37: RelocType("R_TILEGX_IMM16_X1_HW0", s_a, imm16(X1, 0)),
        38: RelocType("R_TILEGX_IMM16_X0_HW1", s_a, imm16(X0, 16)),
        39: RelocType("R_TILEGX_IMM16_X1_HW1", s_a, imm16(X1, 16)),
        48: RelocType("R_TILEGX_IMM16_X0_HW2_LAST", s_a, imm16(X0, 32), signed(48), overflow=OUT),
        49: RelocType("R_TILEGX_IMM16_X1_HW2_LAST", s_a, imm16(X1, 32), signed(48), overflow=OUT),
    },
    unknown=UNKNOWN,
    rel=REL,
    extable=WORDS[64],
    config="TILEGX",
    page_size=65536,
)
TILEPRO = Arch(
    name="tilepro",
    machines=(188,),
    bits=32,
    order="little",
    relocs={
        1: RelocType("R_TILEPRO_32", s_a, word(32)),
        15: RelocType(
            "R_TILEPRO_JOFFLONG_X1",
            s_a_p,
            insn(8, (17, 3, 43), (19, 18, 35), (23, 20, 31), (29, 24, 37), (31, 30, 58)),
        ),
        25: RelocType("R_TILEPRO_IMM16_X0_LO", s_a, imm16(X0, 0)),
        26: RelocType("R_TILEPRO_IMM16_X1_LO", s_a, imm16(X1, 0)),
        29: RelocType("R_TILEPRO_IMM16_X0_HA", s_a, imm16(X0, 16, 0x8000)),
        30: RelocType("R_TILEPRO_IMM16_X1_HA", s_a, imm16(X1, 16, 0x8000)),
    },
    unknown=UNKNOWN,
    rel=REL,
    extable=WORDS[32],
    config="TILEPRO",
    page_size=65536,
)

ARCHS = (TILEGX, TILEPRO)
