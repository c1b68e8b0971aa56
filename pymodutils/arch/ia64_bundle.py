"""Itanium's instructions: three of 41 bits in a bundle of sixteen bytes; arch/ia64/kernel/patch.c.

An offset consists of bundle and slot. Relocation numbers of instructions have the slot above the low byte.
"""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils import twos_complement
from pymodutils.arch.field import Field, insn
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic, RelocType

if TYPE_CHECKING:
    from collections.abc import Container

    from pymodutils.arch.formula import Formula
    from pymodutils.arch.range import Range
    from pymodutils.arch.reloc import Relocations

BUNDLE: Final = 16  # bytes


class Mov(Field):
    """ld8 that becomes mov if its operand is gp-addressable."""

    __slots__ = ()

    def put(self, word: int, value: int) -> int:
        """``word`` with a mov instead if ``value`` is not 0."""
        slot = self.parts[0].at
        return word & ~(0x1FFF_80FE_000 << slot) | 1 << slot + 40 if value else word


def slotted(slot: int, *parts: tuple[int, int, int], kind: type[Field] = Field) -> Field:
    """A field of a bundle, at bits of instruction ``slot``."""
    at = 5 + 41 * slot
    return insn(BUNDLE, *((high, low, at + bit) for high, low, bit in parts), kind=kind)


IMM22 = [slotted(slot, (21, 21, 36), (20, 16, 22), (15, 7, 27), (6, 0, 13)) for slot in range(3)]
IMM21 = [slotted(slot, (20, 20, 36), (19, 0, 13)) for slot in range(3)]
MOV = [slotted(slot, (0, 0, 0), kind=Mov) for slot in range(3)]
IMM64 = [slotted(2, (63, 63, 36), (21, 21, 21), (20, 16, 22), (15, 7, 27), (6, 0, 13), (62, 22, -41))] * 3
IMM60 = [slotted(2, (59, 59, 36), (19, 0, 13), (58, 20, -39))] * 3


def bundles(way: int) -> int:
    """``way``, of 64 bits, counted in bundles, as C divides."""
    way = twos_complement.signed(way, 64)
    return way // BUNDLE if way >= 0 else -(-way // BUNDLE)


def each(
    row: tuple[int, str, Formula], fields: list[Field], kind: str, fits: Range | None = None
) -> dict[int, RelocType]:
    """The rows of a relocation of instructions, one for each slot."""
    number, name, calc = row
    diagnostic = Diagnostic(f"{{module}}: value {{signed}} out of {kind} range", ENOEXEC) if fits else None
    wrong = Diagnostic(f"{{module}}: invalid slot number 0 for {kind}", ENOEXEC)
    rows = {
        number | slot << 8: RelocType(f"R_IA64_{name}", calc, field, fits, overflow=diagnostic)
        for slot, field in enumerate(fields)
    }
    if fields in (IMM60, IMM64):
        rows[number] = rows[number]._replace(refused=wrong)
    return rows


def imm22(number: int, name: str, calc: Formula) -> dict[int, RelocType]:
    """addl: 22 bits."""
    return each((number, name, calc), IMM22, "IMM22", signed(22))


def imm64(number: int, name: str, calc: Formula) -> dict[int, RelocType]:
    """movl: 64 bits."""
    return each((number, name, calc), IMM64, "IMM64")


def imm60(number: int, name: str, calc: Formula) -> dict[int, RelocType]:
    """brl: 60 bits."""
    return each((number, name, calc), IMM60, "IMM60", signed(60))


def imm21(number: int, name: str, calc: Formula) -> dict[int, RelocType]:
    """br: 21 bits."""
    return each((number, name, calc), IMM21, "IMM21b", signed(21))


def mov(number: int, name: str, calc: Formula) -> dict[int, RelocType]:
    """ld8 that may become a mov."""
    return each((number, name, calc), MOV, "")


def by_slot(relocs: Relocations, instructions: Container[int]) -> Relocations:
    """``relocs``, those of ``instructions`` with offsets of bundles, and slots in their numbers."""
    numbers, offsets = list(relocs.numbers), list(relocs.offsets)
    for at, (number, offset) in enumerate(zip(numbers, offsets, strict=True)):
        if number in instructions:
            numbers[at], offsets[at] = number | (offset & 3) << 8, offset & ~0xF
    return relocs._replace(numbers=numbers, offsets=offsets)
