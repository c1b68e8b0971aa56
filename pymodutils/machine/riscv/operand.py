"""The address that a load or store of RISC-V accesses; Unprivileged Architecture, 35."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOADS, STORES, ATOMIC = (0x03, 0x07), (0x23, 0x27), 0x2F  # opcodes, also of floating point
SP: Final = 2
COMPRESSED: Final = 3  # the lowest bits, all set in what is not compressed
Piece = tuple[int, int, int]  # of an offset: the lowest bit in the instruction, how many, where they go
WORD: Final = ((10, 3, 3), (6, 1, 2), (5, 1, 6))  # C.LW, C.SW
DOUBLE: Final = ((10, 3, 3), (5, 2, 6))  # C.LD, C.SD, C.FLD, C.FSD
STACKED: Final = {  # funct3 of what is relative to sp
    1: ((12, 1, 5), (5, 2, 3), (2, 3, 6)),
    2: ((12, 1, 5), (4, 3, 2), (2, 2, 6)),
    3: ((12, 1, 5), (5, 2, 3), (2, 3, 6)),
    5: ((10, 3, 3), (7, 3, 6)),
    6: ((9, 4, 2), (7, 2, 6)),
    7: ((10, 3, 3), (7, 3, 6)),
}
ACCESS: Final = frozenset({1, 2, 3, 5, 6, 7})  # funct3 of compressed loads and stores
WORDS: Final = frozenset({2, 6})


def address(instruction: int, register: Callable[[int], int]) -> int | None:
    """What ``instruction`` accesses; None if it is no load or store. ``register`` has the value of each."""
    found = _whole(instruction) if is_whole(instruction) else _compressed(instruction & 0xFFFF)
    if found is None:
        return None
    base, offset = found
    return register(base) + offset & (1 << 64) - 1


def is_whole(instruction: int) -> bool:
    """Whether it has 32 bits, by its first 16."""
    return instruction & COMPRESSED == COMPRESSED


def _whole(instruction: int) -> tuple[int, int] | None:
    opcode, base = instruction & 0x7F, instruction >> 15 & 31
    if opcode in LOADS:
        return base, _signed(instruction >> 20)
    if opcode in STORES:
        return base, _signed(instruction >> 25 << 5 | instruction >> 7 & 31)
    return (base, 0) if opcode == ATOMIC else None


def _compressed(instruction: int) -> tuple[int, int] | None:
    quadrant, funct3 = instruction & 3, instruction >> 13
    if quadrant == 0 and funct3 in ACCESS:
        return 8 + (instruction >> 7 & 7), _offset(instruction, WORD if funct3 in WORDS else DOUBLE)
    if quadrant == 2 and funct3 in STACKED:  # noqa: PLR2004 -- of the instruction set
        return SP, _offset(instruction, STACKED[funct3])
    return None


def _offset(instruction: int, pieces: Sequence[Piece]) -> int:
    return sum((instruction >> low & (1 << count) - 1) << place for low, count, place in pieces)


def _signed(value: int) -> int:
    return value - (1 << 12) if value >> 11 else value
