"""Hexagon: the Application Binary Interface, Qualcomm 80-N2040-23; arch/hexagon/kernel/module.c.

The kernel shifts the offset of a branch one bit too far. Modules are compiled with -mlong-calls and contain
no such branch; the result here is the kernel's, not the psABI's.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic, RelocType

FAR = Diagnostic(
    "{module}: R_HEXAGON_B22_PCREL reloc out of range: {value:08x}={sum:08x}-{place:08x} {anonymous}", ENOEXEC
)
PLT = Diagnostic("{module}: GOT/PLT relocations unsupported", ENOEXEC)
BRANCH = insn(4, (22, 14, 16), (13, 0, 0))

HEXAGON = Arch(
    name="hexagon",
    machines=(164,),
    bits=32,
    order="little",
    relocs={
        1: RelocType("R_HEX_B22_PCREL", s_a_p, BRANCH, signed(24), overflow=FAR),
        4: RelocType("R_HEX_LO16", s_a, insn(4, (15, 14, 22), (13, 0, 0))),
        5: RelocType("R_HEX_HI16", s_a, insn(4, (31, 30, 22), (29, 16, 0))),
        6: RelocType("R_HEX_32", s_a, word(32)),
        31: RelocType("R_HEX_32_PCREL", s_a_p, word(32)),
        36: RelocType("R_HEX_PLT_B22_PCREL", refused=PLT),
        37: RelocType("R_HEX_GOTREL_LO16", refused=PLT),
        38: RelocType("R_HEX_GOTREL_HI16", refused=PLT),
    },
    unknown=Diagnostic("{module}: unknown relocation: {number}", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    extable=WORDS[32],
    config="HEXAGON",
    text=0xC000_0000,
)

ARCHS = (HEXAGON,)
