"""Xtensa: https://0x04.net/~mwk/doc/xtensa.pdf; arch/xtensa/kernel/module.c.

Instructions are two or three bytes long. The meaning of SLOT0_OP depends on the instruction: a call, an l32r
of a preceding literal, or any other, which the assembler has already resolved.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import v_plus_s_a
from pymodutils.arch.field import ByteOrder, Field, insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import Range, signed
from pymodutils.arch.reloc import Diagnostic, Relocations, RelocType
from pymodutils.arch.syscalls import Numbers

SLOT0, CALL, L32R = 20, 20 | 5 << 8, 20 | 1 << 8  # beyond the byte: the opcode, CALL0 to CALL12 alike


def by_opcode(relocs: Relocations, memory: memoryview, shift: int) -> list[int]:
    """The numbers, combined for SLOT0_OP with the opcode in bits ``shift`` and up of the first byte."""
    numbers = list(relocs.numbers)
    for at, (number, offset) in enumerate(zip(numbers, relocs.offsets, strict=True)):
        if number == SLOT0 and offset < len(memory):
            known = SLOT0 | (memory[offset] >> shift & 15) << 8
            numbers[at] = known if known in (CALL, L32R) else SLOT0
    return numbers


@formula("S", "A", "P")
def from_next_word(S: int, A: int, P: int) -> int:
    """S + A - ((P & ~3) + 4), the distance from the next word."""
    return S + A - (P & -4) - 4


@formula("S", "A", "P")
def from_this_word(S: int, A: int, P: int) -> int:
    """S + A - ((P + 3) & ~3), the distance from the next aligned word."""
    return S + A - (P + 3 & -4)


FAR = Diagnostic("{module}: relocation out of range, section {relsec} reloc {index} sym '{symbol}'", ENOEXEC)
FLIX = Diagnostic("{module}: unexpected FLIX relocation: {number}", ENOEXEC)
ALT = Diagnostic("{module}: unexpected ALT relocation: {number}", ENOEXEC)


def xtensa(order: ByteOrder, call: Field, l32r: Field, shift: int) -> Arch:
    """The architecture in one byte order, with its fields of instructions."""
    return Arch(
        name="xtensa",
        machines=(94, 0xABC7),
        bits=32,
        order=order,
        relocs={
            0: RelocType("R_XTENSA_NONE"),
            1: RelocType("R_XTENSA_32", v_plus_s_a, word(32)),
            6: RelocType("R_XTENSA_PLT", v_plus_s_a, word(32)),
            11: RelocType("R_XTENSA_ASM_EXPAND"),
            17: RelocType("R_XTENSA_DIFF8"),
            18: RelocType("R_XTENSA_DIFF16"),
            19: RelocType("R_XTENSA_DIFF32"),
            SLOT0: RelocType("R_XTENSA_SLOT0_OP"),
            CALL: RelocType("R_XTENSA_SLOT0_OP", from_next_word, call, signed(20), align=4),
            L32R: RelocType("R_XTENSA_SLOT0_OP", from_this_word, l32r, Range(-1 << 18, 0), align=4),
            **{20 + slot: RelocType(f"R_XTENSA_SLOT{slot}_OP", refused=FLIX) for slot in range(1, 15)},
            **{35 + slot: RelocType(f"R_XTENSA_SLOT{slot}_ALT", refused=ALT) for slot in range(15)},
        },
        unknown=Diagnostic("{module}: unexpected relocation: {number}", ENOEXEC),
        overflow=FAR,
        misaligned=FAR,
        rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
        syscalls=Numbers(129, 332, 130),
        config="XTENSA",
        text=0xD000_3000,
        memory=Range(0xC000_0000, 0xC7FE_FFFF),
        extable=WORDS[32],
        by_word=lambda relocs, memory: relocs._replace(numbers=by_opcode(relocs, memory, shift)),
    )


XTENSA = xtensa("little", insn(3, (19, 2, 6)), insn(3, (17, 2, 8)), 0)
XTENSA_BIG = xtensa("big", insn(3, (19, 2, 0)), insn(3, (17, 2, 0)), 4)

ARCHS = (XTENSA, XTENSA_BIG)
