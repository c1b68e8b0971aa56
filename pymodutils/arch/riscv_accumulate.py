"""Differences on RISC-V as computed by its loader from 6.7 on; arch/riscv/kernel/module.c.

All such relocations at one place are accumulated, starting from 0 instead of the old contents, and stored
after the last relocation of the section, in the format of the last one.
"""

from __future__ import annotations

from operator import add, sub
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.arch.plt_got import NO_ROOM, Refusal
from pymodutils.arch.reloc import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pymodutils.arch.plt_got import PlacedModule, Relocation


class Term(NamedTuple):
    """The effect of an accumulated relocation on the sum of its place."""

    name: str
    bits: int  # bits of the sum that it changes
    change: Callable[[int, int], int]  # of those bits, by S+A
    width: int = 0  # bits in which it is stored if it is the last; 0: as many as ``bits``, ULEB: see there


def replaced(_: int, value: int) -> int:
    """The new value."""
    return value


ULEB: Final = -1  # seven bits per byte, as many bytes as needed, none for 0
TERMS: Final[Mapping[int, Term]] = {
    33: Term("R_RISCV_ADD8", 8, add),
    34: Term("R_RISCV_ADD16", 16, add),
    35: Term("R_RISCV_ADD32", 32, add),
    36: Term("R_RISCV_ADD64", 64, add),
    37: Term("R_RISCV_SUB8", 8, sub),
    38: Term("R_RISCV_SUB16", 16, sub),
    39: Term("R_RISCV_SUB32", 32, sub),
    40: Term("R_RISCV_SUB64", 64, sub),
    52: Term("R_RISCV_SUB6", 8, lambda old, value: old - (value & 0x3F) & 0x3F, 6),
    53: Term("R_RISCV_SET6", 8, lambda old, value: old & 0xC0 | value & 0x3F, 6),
    54: Term("R_RISCV_SET8", 8, replaced),
    55: Term("R_RISCV_SET16", 16, replaced),
    56: Term("R_RISCV_SET32", 32, replaced),
    60: Term("R_RISCV_SET_ULEB128", 64, replaced, ULEB),
    61: Term("R_RISCV_SUB_ULEB128", 64, sub, ULEB),
}


class Accumulator:
    """The accumulated sums of a section, by place."""

    def __init__(self, module: PlacedModule) -> None:
        self.module = module
        self.found: dict[int, tuple[int, Term]] = {}  # the sum, unsigned 64 bits, and the last term

    def add(self, one: Relocation) -> None:
        """Update the sum of the place."""
        term, mask = TERMS[one.number], (1 << TERMS[one.number].bits) - 1
        old = self.found[one.P][0] if one.P in self.found else 0
        new = term.change(old & mask, one.S + one.A)
        self.found[one.P] = old & ~mask | new & mask, term

    def store(self) -> list[Diagnostic]:
        """Store each sum at its place; return the message for those out of range."""
        failures = []
        for place, (value, term) in self.found.items():
            width = term.width or term.bits
            if width == ULEB:
                self.module.write(place, uleb128(value))
            elif value >> width and not value >> 63:
                text = f"{{module}}: value {value} out of range for {width}-bit relocation."
                failures.append(Diagnostic(text, 0))
            else:
                size = term.bits // 8
                kept = self.module.read(place, size)[0] & 0xC0 if width < term.bits else 0
                low = value & (1 << width) - 1
                self.module.write(place, (kept | low).to_bytes(size, "little"))
        self.found = {}
        return failures


def uleb128(value: int) -> bytes:
    """``value`` in bytes of seven bits, the low ones first; empty if it is 0.

    Raises Refusal for a negative 64-bit value, whose encoding would not terminate.
    """
    if value >> 63:
        raise Refusal(NO_ROOM)
    found = bytearray()
    while value:
        found.append(value & 0x7F | (value > 0x7F) << 7)
        value >>= 7
    return bytes(found)
