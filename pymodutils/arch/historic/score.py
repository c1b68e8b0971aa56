"""Sunplus S+core: arch/score/kernel/module.c of 2.6.32 to 4.16. Addends are in place (REL).

HI16 is combined with the LO16 in the next instruction. The loader halves the addend of a jump, a bug. RELA
sections are ignored; its toolchain emitted none.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.reloc import Diagnostic, Relocations, RelocType

LO16 = 2
JUMP = insn(4, (24, 15, 16), (14, 1, 1))


@formula("S", "V", vectorized=False)
def jump(S: int, V: int) -> int:
    """S + V, where V is the distance in the instruction, not doubled."""
    return S + (JUMP.get(V) >> 1 & 0xFF_FFFF)


def by_place(relocs: Relocations, _memory: memoryview) -> Relocations:
    """``relocs``: those of lower halves also patch the preceding instruction."""
    places = zip(relocs.numbers, relocs.offsets, strict=True)
    return relocs._replace(offsets=[offset - 4 * (number == LO16) for number, offset in places])


SCORE = Arch(
    name="score",
    machines=(135, 95),
    bits=32,
    order="little",
    relocs={
        8: RelocType("R_SCORE_ABS32", s_a, word(32)),
        0: RelocType("R_SCORE_NONE"),
        1: RelocType("R_SCORE_HI16"),
        LO16: RelocType("R_SCORE_LO16", s_a, insn(8, (29, 16, 1), (31, 30, 16), (13, 0, 33), (15, 14, 48))),
        4: RelocType("R_SCORE_24", jump, JUMP),
    },
    unknown=Diagnostic("{module}: unknown relocation: {number}", ENOEXEC),
    extable=WORDS[32],
    config="SCORE",
    page_size=4096,
    by_word=by_place,
)

ARCHS = (SCORE,)
