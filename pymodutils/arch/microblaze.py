"""MicroBlaze: https://docs.amd.com/r/en-US/ug984-vivado-microblaze-ref; arch/microblaze/kernel/module.c.

A 32-bit value is split between two instructions, a field of 8 bytes; PC-relative ones are relative to the
second.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a
from pymodutils.arch.field import ByteOrder, Field, insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.syscalls import Numbers


@formula("S", "A", "P")
def from_second(S: int, A: int, P: int) -> int:
    """S + A - (P + 4), the distance from the second instruction."""
    return S + A - P - 4


def microblaze(order: ByteOrder, halves: Field) -> Arch:
    """The architecture in one byte order, with its field of two instructions."""
    return Arch(
        name="microblaze",
        machines=(189, 0xBAAB),
        bits=32,
        order=order,
        relocs={
            0: RelocType("R_MICROBLAZE_NONE"),
            1: RelocType("R_MICROBLAZE_32", s_a, word(32)),
            3: RelocType("R_MICROBLAZE_64_PCREL", from_second, halves),
            4: RelocType("R_MICROBLAZE_32_PCREL_LO"),
            5: RelocType("R_MICROBLAZE_64", s_a, halves),
            9: RelocType("R_MICROBLAZE_64_NONE"),
        },
        unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
        rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
        extable=WORDS[32],
        syscalls=Numbers(128, 353, 129),
        config="MICROBLAZE",
        page_size=4096,
        text=0xC000_0000,
    )


MICROBLAZE = microblaze("big", insn(8, (31, 16, 32), (15, 0, 0)))
MICROBLAZE_LITTLE = microblaze("little", insn(8, (31, 16, 0), (15, 0, 32)))

ARCHS = (MICROBLAZE, MICROBLAZE_LITTLE)
