"""Renesas M32R: arch/m32r/kernel/module.c of 2.6.9, which adds to the existing contents.

Distances are compared as unsigned, so no branch to an earlier section is accepted. R_M32R_16_RELA is omitted:
the loader copied a word of which it had initialised only half.
"""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import s_a, s_a_p, v_plus_s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.historic.added import Added
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.range import Range
from pymodutils.arch.reloc import Diagnostic, RelocType

if TYPE_CHECKING:
    from pymodutils.arch.model import ByteOrder

LOW: Final = insn(4, (15, 0, 0), kind=Added)
AHEAD18, AHEAD26 = Range(0, 0x1_FFFD), Range(0, 0x1FF_FFFD)


@formula("S", "A", "P", "V", vectorized=False)
def from_word(S: int, A: int, P: int, V: int) -> int:
    """S + A - P + V, where V is the displacement in the instruction."""
    return S + A - P + (((V & 0xFF ^ 0x80) - 0x80) << 2)


def m32r(order: ByteOrder) -> Arch:
    """M32R in one byte order."""
    return Arch(
        name="m32r",
        machines=(88, 0x9041),
        bits=32,
        order=order,
        relocs={
            34: RelocType("R_M32R_32_RELA", v_plus_s_a, word(32)),
            35: RelocType("R_M32R_24_RELA", s_a, insn(4, (23, 0, 0), kind=Added)),
            36: RelocType("R_M32R_10_PCREL_RELA", from_word, insn(2, (9, 2, 0))),
            37: RelocType("R_M32R_18_PCREL_RELA", s_a_p, insn(4, (17, 2, 0), kind=Added), AHEAD18),
            38: RelocType("R_M32R_26_PCREL_RELA", s_a_p, insn(4, (25, 2, 0), kind=Added), AHEAD26),
            39: RelocType("R_M32R_HI16_ULO_RELA", s_a, insn(4, (31, 16, 0), kind=Added)),
            40: RelocType("R_M32R_HI16_SLO_RELA", s_a, insn(4, (31, 16, 0, 0x8000), kind=Added)),
            41: RelocType("R_M32R_LO16_RELA", s_a, LOW),
            42: RelocType("R_M32R_SDA16_RELA", s_a, LOW),
        },
        unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
        overflow=Diagnostic("module {module}: relocation overflow: {value}", ENOEXEC),
        extable=WORDS[32],
        config="M32R",
        page_size=4096,
    )


M32R, M32R_LITTLE = m32r("big"), m32r("little")
ARCHS = (M32R, M32R_LITTLE)
