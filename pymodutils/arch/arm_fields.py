"""The fields of ARM and Thumb-2 instructions; https://github.com/ARM-software/abi-aa, aaelf32.

A Thumb-2 instruction is two halfwords; the first one is the upper half.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.arch.field import Field, insn
from pymodutils.arch.formula import formula

if TYPE_CHECKING:
    from collections.abc import Sequence


class Top(Field):
    """The upper half of a value, whose addend is a lower half."""

    __slots__ = ()

    def get_all(self, words: Sequence[int]) -> list[int]:
        """The addends in ``words``."""
        return [value >> 16 for value in super().get_all(words)]


class ThmCall(Field):
    """bl and b.w, in which two bits are inverted unless the sign is set."""

    __slots__ = ()

    def put(self, word: int, value: int) -> int:
        """``word`` with ``value`` in the field."""
        return super().put(word, value if value < 0 else value ^ 3 << 22)

    def get(self, word: int) -> int:
        """The value in ``word``."""
        value = super().get(word)
        return value if value < 0 else value ^ 3 << 22


class AluGroup(Field):
    """add or sub of the first group of eight bits of a value, rotated to its place."""

    __slots__ = ()
    before = 0  # groups that other instructions add

    def put(self, word: int, value: int) -> int:
        """``word`` with the group in the field, as an add or a sub."""
        rest = remaining(value, self.before)
        low = max(_lowest(rest), 0)
        imm = rest >> low | (32 - low) // 2 % 16 << 8
        return word & ~0xC0_0FFF | (1 << 22 if value < 0 else 1 << 23) | imm

    def get(self, word: int) -> int:
        """The value in ``word``."""
        turn = word >> 7 & 0x1E
        value = ((word & 0xFF) << 32 >> turn | (word & 0xFF) >> turn) & 0xFFFF_FFFF
        return -value if word >> 22 & 1 else value


class Second(AluGroup):
    """The same of the second group."""

    __slots__ = ()
    before = 1


class LdrGroup(Field):
    """ldr with the offset that two groups leave."""

    __slots__ = ()

    def put(self, word: int, value: int) -> int:
        """``word`` with the rest in the field, and the sign of ``value``."""
        return word & ~0x80_0FFF | (0 if value < 0 else 1 << 23) | remaining(value, 2) & 0xFFF

    def get(self, word: int) -> int:
        """The value in ``word``."""
        return word & 0xFFF if word >> 23 & 1 else -(word & 0xFFF)


B24 = insn(4, (25, 2, 0), order="little")
W16 = insn(4, (15, 12, 16), (11, 0, 0), order="little")
T16 = insn(4, (31, 28, 16), (27, 16, 0), order="little", kind=Top)
ALU0 = insn(4, (11, 0, 0), order="little", kind=AluGroup)
ALU1 = insn(4, (11, 0, 0), order="little", kind=Second)
LDR2 = insn(4, (11, 0, 0), order="little", kind=LdrGroup)
V4BX = insn(4, (27, 4, 4), order="little")
THM_B24 = insn(
    4, (24, 24, 10), (23, 23, 29), (22, 22, 27), (21, 12, 0), (11, 1, 16), order="little", kind=ThmCall
)
THM_W16 = insn(4, (15, 12, 0), (11, 11, 10), (10, 8, 28), (7, 0, 16), order="little")
THM_T16 = insn(4, (31, 28, 0), (27, 27, 10), (26, 24, 28), (23, 16, 16), order="little", kind=Top)


@formula("V")
def mov_pc(V: int) -> int:
    """The instruction rewritten as mov pc, Rm."""
    return V & 0xF | 0x01A0_F000


def remaining(value: int, groups: int) -> int:
    """The magnitude of ``value`` without its highest ``groups`` groups of eight bits."""
    rest = abs(value) & 0xFFFF_FFFF
    for _ in range(groups):
        rest &= (1 << max(_lowest(rest), 0)) - 1
    return rest


def _lowest(rest: int) -> int:
    """Where the highest group of eight bits in ``rest`` begins: an even number, below 0 if at the end."""
    return rest.bit_length() + (rest.bit_length() & 1) - 8 if rest else 0
