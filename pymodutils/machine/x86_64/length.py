"""Lengths of instructions of x86-64 as compilers use them in kernels; Intel SDM 2, appendix A."""

from __future__ import annotations

from typing import Final

from pymodutils.machine.x86_64.exceptions import PREFIXES
from pymodutils.machine.x86_64.operand import ESCAPE, LEA, OPERAND_SIZE, WITH_MODRM

ALSO_WITH_MODRM: Final = frozenset([0x8C, LEA, 0x8E, 0x8F, *range(0xD8, 0xE0)])  # with no operand to look at
IMMEDIATE_8: Final = frozenset(
    [op for op in range(0x40) if op & 7 == 4]
    + [
        *b"\x6a\x6b\x80\x83\xa8\xc0\xc1\xc6\xcd\xeb",
        *range(0x70, 0x80),
        *range(0xB0, 0xB8),
        *range(0xE0, 0xE8),
    ]
)
IMMEDIATE_32: Final = frozenset(
    [op for op in range(0x40) if op & 7 == 5] + [*b"\x68\x69\x81\xa9\xc7\xe8\xe9", *range(0xB8, 0xC0)]
)
IMMEDIATE_8_0F: Final = frozenset(b"\x70\x71\x72\x73\xa4\xac\xba\xc2\xc4\xc5\xc6")
NO_MODRM_0F: Final = frozenset(
    [*b"\x05\x06\x07\x08\x09\x0b\x77\xa0\xa1\xa2\xa8\xa9\xaa"]
    + [*range(0x30, 0x38), *range(0x80, 0x90), *range(0xC8, 0xD0)]
)
UNKNOWN: Final = frozenset(b"\x62\x9a\xc4\xc5\xc8\xea\xa0\xa1\xa2\xa3")  # vectors, far calls, enter, moffs


def length(code: bytes) -> int:
    """The bytes of the instruction that ``code`` starts with; 0 if it is not known."""
    start = next((n for n, byte in enumerate(code) if byte not in PREFIXES), 0)
    wide = code[start] & 0xF8 == 0x48
    at = start + (code[start] & 0xF0 == 0x40)
    escaped, opcode = code[at] == ESCAPE, code[at]
    if opcode in UNKNOWN:
        return 0
    if escaped:
        at, opcode = at + 1, code[at + 1]
    at += 1
    immediate = _immediate(opcode, code[at] >> 3 & 7, escaped, wide, OPERAND_SIZE in code[:start])
    if escaped and opcode in (0x38, 0x3A):
        return at + 1 + _modrm(code, at + 1) + (opcode == 0x3A)
    with_modrm = opcode not in NO_MODRM_0F if escaped else opcode in WITH_MODRM or opcode in ALSO_WITH_MODRM
    return at + (_modrm(code, at) if with_modrm else 0) + immediate


def _immediate(opcode: int, reg: int, escaped: bool, wide: bool, short: bool) -> int:
    """The bytes of the immediate."""
    if escaped:
        return 4 if 0x80 <= opcode < 0x90 else int(opcode in IMMEDIATE_8_0F)
    if opcode == 0xC2:
        return 2
    if opcode in IMMEDIATE_8 or (opcode == 0xF6 and reg < 2):
        return 1
    if opcode in IMMEDIATE_32 or (opcode == 0xF7 and reg < 2):
        if wide and 0xB8 <= opcode < 0xC0:
            return 8
        return 2 if short and opcode not in (0xE8, 0xE9) else 4
    return 0


def _modrm(code: bytes, at: int) -> int:
    """The bytes of ModRM, SIB and displacement."""
    mode, low = code[at] >> 6, code[at] & 7
    if mode == 3:
        return 1
    sib = low == 4
    base = code[at + 1] & 7 if sib else low
    return 1 + sib + (4 if mode == 2 or (mode == 0 and base == 5) else mode)
