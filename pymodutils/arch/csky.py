"""C-SKY: the psABI at https://github.com/c-sky/csky-doc; arch/csky/kernel/module.c.

In a 32-bit instruction, the half with the opcode comes first; each half is in data byte order. Calls go
through literals; their relocations allow relaxation, which the loader does not do. For the CK810 only, it
turns a jsri and the following nop into two instructions.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch, SinceRelease
from pymodutils.arch.reloc import Diagnostic, Relocations, RelocType

CALL, JSRI = 40, 40 | 1 << 8  # beyond the byte: at a jsri
OPCODE = 0xEAE0


def by_opcode(relocs: Relocations, memory: memoryview) -> Relocations:
    """``relocs`` with separate numbers for calls by jsri."""
    pairs = zip(relocs.numbers, relocs.offsets, strict=True)
    numbers = [
        JSRI if number == CALL and memory[offset : offset + 2] == OPCODE.to_bytes(2, "little") else number
        for number, offset in pairs
    ]
    return relocs._replace(numbers=numbers)


@formula("V", vectorized=False)
def through_r26(V: int) -> int:  # noqa: ARG001 -- a calculation needs a letter
    """``lrw r26`` instead of the jsri, then ``jsr r26``."""
    return 0x9A_E8FA


NAME = "R_CKCORE_PCREL_JSR_IMM26BY2"
CSKY = Arch(
    name="csky",
    machines=(252, 39),
    bits=32,
    order="little",
    relocs={
        1: RelocType("R_CKCORE_ADDR32", s_a, word(32)),
        5: RelocType("R_CKCORE_PCREL32", s_a_p, word(32)),
        6: RelocType("R_CKCORE_PCREL_JSR_IMM11BY2"),
        24: RelocType("R_CKCORE_ADDR_HI16", s_a, insn(4, (31, 16, 16))),
        25: RelocType("R_CKCORE_ADDR_LO16", s_a, insn(4, (15, 0, 16))),
        CALL: RelocType(NAME),
        JSRI: RelocType(
            NAME, through_r26, insn(8, (23, 16, 0), (15, 0, 32), (39, 24, 48)), needs="CPU_CK810"
        ),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number}", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    extable=WORDS[32],
    config="CSKY",
    switches=("CPU_CK810",),
    text=0x8000_0000,
    since_release=(SinceRelease((0, 0), {"by_word": by_opcode}, needs="CPU_CK810"),),
)

ARCHS = (CSKY,)
