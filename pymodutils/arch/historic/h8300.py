"""Renesas H8/300: arch/h8300/kernel/module.c of 2.6.9, which adds to the existing contents."""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, v_plus_s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.historic.added import AddedWithin
from pymodutils.arch.model import WORDS, Arch
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic, Relocations, RelocType

DIR24A8, DIR24R8, WITHOUT = 61, 62, 61 | 1 << 8


def by_place(relocs: Relocations, _memory: memoryview) -> Relocations:
    """``relocs``: DIR24R8 names the second byte of its word, and DIR24A8 without a symbol does nothing."""
    rows = zip(relocs.numbers, relocs.symbols, strict=True)
    numbers = [WITHOUT if number == DIR24A8 and not symbol else number for number, symbol in rows]
    places = zip(relocs.numbers, relocs.offsets, strict=True)
    offsets = [offset - (number == DIR24R8) for number, offset in places]
    return relocs._replace(numbers=numbers, offsets=offsets)


@formula("S", "A", "P")
def behind_half(S: int, A: int, P: int) -> int:
    """S + A - (P + 2), the distance from the end of the half word."""
    return S + A - P - 2


@formula("S", "A", "P")
def behind_byte(S: int, A: int, P: int) -> int:
    """S + A - (P + 1), the distance from the end of the byte."""
    return S + A - P - 1


H8300 = Arch(
    name="h8300",
    machines=(46,),
    bits=32,
    order="big",
    relocs={
        1: RelocType("R_H8_DIR32", v_plus_s_a, word(32)),
        31: RelocType("R_H8_PCREL16", behind_half, word(16), signed(16)),
        32: RelocType("R_H8_PCREL8", behind_byte, word(8), signed(8)),
        DIR24A8: RelocType("R_H8_DIR24A8", v_plus_s_a, word(32)),
        DIR24R8: RelocType("R_H8_DIR24R8", s_a, insn(4, (23, 0, 0), kind=AddedWithin)),
        63: RelocType("R_H8_DIR32A16", v_plus_s_a, word(32)),
        WITHOUT: RelocType("R_H8_DIR24A8"),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
    overflow=Diagnostic("module {module}: relocation offset overflow: {offset:08x}", ENOEXEC),
    rel=Diagnostic("module {module}: RELOCATION unsupported", ENOEXEC),
    extable=WORDS[32],
    config="H8300",
    page_size=4096,
    by_word=by_place,
)

ARCHS = (H8300,)
