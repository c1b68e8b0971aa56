"""Memory operands of x86-64 as compilers use them in kernels; Intel SDM 2, 2.1.5 and appendix A."""

from __future__ import annotations

from typing import Final

from pymodutils.machine.operand import Operand
from pymodutils.machine.x86_64.exceptions import PREFIXES, At, writes

REGISTERS: Final = ("RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", *(f"R{n}" for n in range(8, 16)))
NOWHERE: Final = At(0, 0, 0, 0, 0)
OPERAND_SIZE, ESCAPE, LEA = 0x66, 0x0F, 0x8D
SEGMENTS: Final = frozenset(b"\x64\x65")  # FS and GS: their memory is elsewhere
WITH_MODRM: Final = frozenset(
    [op for op in range(0x40) if op & 7 < 4]
    + [*b"\x63\x69\x6b\xc0\xc1\xc6\xc7\xf6\xf7\xfe\xff", *range(0x84, 0x8C), *range(0x80, 0x84)]
    + [*range(0xD0, 0xD4)]
)
WITH_MODRM_0F: Final = frozenset(
    [*range(0x40, 0x50), *range(0x90, 0xA0), *range(0xBA, 0xC2)]  # cmovcc, setcc, bits and extensions
    + [*b"\xa3\xa4\xa5\xab\xac\xad\xaf\xb0\xb1\xb3\xb6\xb7\xc7"]
)
BYTES_0F: Final = frozenset([*range(0x90, 0xA0), *b"\xb0\xb6\xbe\xc0"])
WORDS_0F: Final = frozenset(b"\xb7\xbf")


def operand(code: bytes) -> Operand | None:
    """The operand in memory of the instruction ``code``; None without one that varies."""
    start = next((n for n, byte in enumerate(code) if byte not in PREFIXES), 0)
    rex = code[start] if code[start] & 0xF0 == 0x40 else 0
    at = start + bool(rex)
    escaped = code[at] == ESCAPE
    opcode = code[at + escaped]
    if opcode not in (WITH_MODRM_0F if escaped else WITH_MODRM) or SEGMENTS.intersection(code[:start]):
        return None
    found = _address(code, at + escaped + 1, rex)
    if found is None:
        return None
    return Operand(*found, _size(code[:start], rex, opcode, escaped), writes(code, NOWHERE))


def _size(prefixes: bytes, rex: int, opcode: int, escaped: bool) -> int:
    if opcode in BYTES_0F if escaped else not opcode & 1:
        return 1
    if escaped and opcode in WORDS_0F:
        return 2
    if rex & 8:
        return 8
    return 2 if OPERAND_SIZE in prefixes else 4


def _address(code: bytes, at: int, rex: int) -> tuple[str, str, int, int] | None:
    """Base, index, scale and displacement of the operand whose ModRM is at ``at``."""
    mode, low = code[at] >> 6, code[at] & 7
    at += 1
    if mode == 3 or (mode == 0 and low == 5):  # a register, or relative to RIP
        return None
    index, scale, base = "", 1, REGISTERS[low | rex << 3 & 8]
    if low == 4:
        sib, at = code[at], at + 1
        number = sib >> 3 & 7 | rex << 2 & 8
        index, scale = (REGISTERS[number], 1 << (sib >> 6)) if number != 4 else ("", 1)
        base = REGISTERS[sib & 7 | rex << 3 & 8]
        if sib & 7 == 5 and mode == 0:
            base, mode = "", 2
    if index == base:  # twice the register, or three, five or nine times
        base, scale = "", scale + 1
    size = (0, 1, 4)[mode]
    displacement = int.from_bytes(code[at : at + size], "little", signed=True)
    return (base, index, scale, displacement) if base or index else None
