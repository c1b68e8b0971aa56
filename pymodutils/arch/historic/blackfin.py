"""Blackfin: arch/blackfin/kernel/module.c of 2.6.22 to 2.6.33; later ones refused its calls.

Only forward calls work: the loader treats the distance as unsigned. Short branches, whose opcode it
overwrote, are omitted.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.range import unsigned
from pymodutils.arch.reloc import Diagnostic, Relocations, RelocType

PCREL24, PCREL24_JUMP_L = 0xA, 0xD
DISTANCE = insn(4, (24, 17, 0), (16, 1, 16))  # two half words, the upper bits in the first
FORWARD = unsigned(25)
OVERFLOW = Diagnostic("module {module}: relocation overflow", ENOEXEC)


def by_place(relocs: Relocations, _memory: memoryview) -> Relocations:
    """``relocs``: the offset of a call is that of the second halfword of the instruction."""
    places = zip(relocs.numbers, relocs.offsets, strict=True)
    calls = (PCREL24, PCREL24_JUMP_L)
    return relocs._replace(offsets=[offset - 2 * (number in calls) for number, offset in places])


BLACKFIN = Arch(
    name="blackfin",
    machines=(106,),
    bits=32,
    order="little",
    relocs={
        5: RelocType("R_BFIN_RIMM16", s_a, word(16)),
        6: RelocType("R_BFIN_LUIMM16", s_a, word(16)),
        7: RelocType("R_BFIN_HUIMM16", s_a, insn(2, (31, 16, 0))),
        PCREL24: RelocType("R_BFIN_PCREL24", s_a_p, DISTANCE, FORWARD, overflow=OVERFLOW),
        PCREL24_JUMP_L: RelocType("R_BFIN_PCREL24_JUMP_L", s_a_p, DISTANCE, FORWARD, overflow=OVERFLOW),
        0x12: RelocType("R_BFIN_BYTE4_DATA", s_a, word(32)),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
    rel=Diagnostic("module {module}: .rel unsupported", ENOEXEC),
    extable=WORDS[32],
    config="BLACKFIN",
    page_size=4096,
    by_word=by_place,
)

ARCHS = (BLACKFIN,)
