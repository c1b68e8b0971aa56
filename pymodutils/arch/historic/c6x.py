"""TI C6x: arch/c6x/kernel/module.c of 3.3 to 5.11. Branches are relative to their 32-byte fetch packet."""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING

from pymodutils.arch.calc import s_a
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic, RelocType

if TYPE_CHECKING:
    from pymodutils.arch.model import ByteOrder


@formula("S", "A", "P")
def from_packet(S: int, A: int, P: int) -> int:
    """S + A - (P & ~31), the distance from the fetch packet."""
    return S + A - (P & ~31)


def branch(bits: int, at: int) -> RelocType:
    """A branch with a distance of ``bits`` bits, in words, stored at bit ``at`` of the instruction."""
    far = Diagnostic(f"PCR_S{bits} reloc {{place:08x}} -> {{sum:08x}} out of range!", ENOEXEC)
    field = insn(4, (bits + 1, 2, at))
    return RelocType(f"R_C6000_PCR_S{bits}", from_packet, field, signed(bits + 2), overflow=far)


def c6x(order: ByteOrder) -> Arch:
    """C6x in one byte order."""
    return Arch(
        name="c6x",
        machines=(140,),
        bits=32,
        order=order,
        relocs={
            1: RelocType("R_C6000_ABS32", s_a, word(32)),
            2: RelocType("R_C6000_ABS16", s_a, word(16)),
            3: RelocType("R_C6000_ABS8", s_a, word(8)),
            4: branch(21, 7),
            5: branch(12, 16),
            6: branch(10, 13),
            9: RelocType("R_C6000_ABS_L16", s_a, insn(4, (15, 0, 7))),
            10: RelocType("R_C6000_ABS_H16", s_a, insn(4, (31, 16, 7))),
        },
        unknown=Diagnostic("module {module}: Unknown RELA relocation: {number}", ENOEXEC),
        rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
        extable=WORDS[32],
        config="C6X",
        page_size=4096,
    )


C6X, C6X_BIG = c6x("little"), c6x("big")
ARCHS = (C6X, C6X_BIG)
