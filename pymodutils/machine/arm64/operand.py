"""Memory operands of A64 loads and stores; Arm ARM (DDI 0487), C4.1.94."""

from __future__ import annotations

from typing import Final

from pymodutils.machine.operand import Operand

BY_REGISTER: Final = (0x3B200C00, 0x38200800)  # mask and value of each class
BY_IMMEDIATE: Final = (0x3B000000, 0x39000000)
UNSCALED: Final = (0x3B200000, 0x38000000)  # and before or after the base changes
PAIR: Final = (0x3A000000, 0x28000000)
VECTOR: Final = 1 << 26
POST: Final = 1  # the base changes after the access
UXTW, SXTW = 2, 6


def operand(word: int) -> Operand | None:
    """The operand in memory of the instruction ``word``; None for what neither loads nor stores."""
    base = _name(word >> 5 & 31)
    if _is(word, PAIR):
        size = 16 if word & VECTOR and word >> 30 == 2 else 8 if word & VECTOR or word >> 30 else 4
        offset = 0 if word >> 23 & 3 == POST else _signed(word >> 15, 7) * size
        return Operand(base, "", 1, offset, 2 * size, not word >> 22 & 1)
    size = 1 << (word >> 30)
    if word & VECTOR and word >> 23 & 1:
        size = 16
    write = not word >> 22 & (1 if word & VECTOR else 3)
    if _is(word, BY_REGISTER):
        option, scale = word >> 13 & 7, size if word >> 12 & 1 else 1
        number = word >> 16 & 31
        index = f"W{number}" if option == UXTW else f"X{number}"
        return Operand(base, index if number != 31 else "", scale, 0, size, write, option == SXTW)
    if _is(word, BY_IMMEDIATE):
        return Operand(base, "", 1, (word >> 10 & 0xFFF) * size, size, write)
    if _is(word, UNSCALED) and not (word >> 21 & 1):
        offset = 0 if word >> 10 & 3 == POST else _signed(word >> 12, 9)
        return Operand(base, "", 1, offset, size, write)
    return None


def _is(word: int, kind: tuple[int, int]) -> bool:
    return word & kind[0] == kind[1]


def _name(number: int) -> str:
    return "SP" if number == 31 else f"X{number}"


def _signed(field: int, bits: int) -> int:
    value = field & (1 << bits) - 1
    return value - (value >> bits - 1 << bits)
