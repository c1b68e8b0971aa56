"""SPARC, 32 and 64 bit: https://sparc.org/technical-documents; arch/sparc/kernel/module.c checks no range.

In 64-bit files, r_info has 24 bits of data above the type, which R_SPARC_OLO10 adds to its value.
"""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.frob import Frobbed
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.range import Range
from pymodutils.arch.reloc import Diagnostic, RelocType, RInfo
from pymodutils.arch.syscalls import Numbers
from pymodutils.elf.constants import SHN_UNDEF, STT_REGISTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.arch.frob import UnplacedModule


def r_info(words: Sequence[int]) -> RInfo:
    """The number is the low byte, the symbol the high half."""
    columns = [word & 0xFF for word in words], [word >> 32 for word in words]
    return RInfo(*columns, D=[word >> 8 & 0xFF_FFFF for word in words])


@formula("S", "A", "D")
def olo10(S: int, A: int, D: int) -> int:
    """The low 10 bits of S + A, plus the data of r_info."""
    return (S + A & 0x3FF) + D


def frob(info: UnplacedModule) -> Frobbed:
    """Exclude the symbols that only name global registers."""
    pairs = enumerate(zip(info.symbols.infos, info.symbols.sections, strict=True))
    registers = {at for at, (info, section) in pairs if section == SHN_UNDEF and info & 15 == STT_REGISTER}
    return Frobbed(absolute=frozenset(registers))


BRANCH19, BRANCH22, CALL30 = (insn(4, (bits + 1, 2, 0)) for bits in (19, 22, 30))
HIGH22 = insn(4, (31, 10, 0))
LOW10 = insn(4, (9, 0, 0))
LOW13 = insn(4, (12, 0, 0))

SPARC32 = Arch(
    name="sparc",
    machines=(2,),
    bits=32,
    order="big",
    relocs={
        3: RelocType("R_SPARC_32", s_a, word(32)),
        6: RelocType("R_SPARC_DISP32", s_a_p, word(32)),
        7: RelocType("R_SPARC_WDISP30", s_a_p, CALL30),
        8: RelocType("R_SPARC_WDISP22", s_a_p, BRANCH22),
        9: RelocType("R_SPARC_HI22", s_a, HIGH22),
        12: RelocType("R_SPARC_LO10", s_a, LOW10),
        23: RelocType("R_SPARC_UA32", s_a, word(32)),
    },
    unknown=Diagnostic("module {module}: Unknown relocation: {number:x}", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    unames="sparc.*",
    syscalls=Numbers(190, 342, 222),
    bcj=("XZ_DEC_SPARC",),
    config="SPARC32",
    text=0xF000_4000,
    memory=Range(0xFE60_0000, 0xFFC0_0000),
    extable=WORDS[32],
    frob=frob,
)

SPARC64 = SPARC32._replace(
    machines=(43,),
    bits=64,
    relocs={
        **SPARC32.relocs,
        32: RelocType("R_SPARC_64", s_a, word(64)),
        33: RelocType("R_SPARC_OLO10", olo10, LOW13),
        41: RelocType("R_SPARC_WDISP19", s_a_p, BRANCH19),
        54: RelocType("R_SPARC_UA64", s_a, word(64)),
    },
    uname="sparc64",
    config="SPARC64",
    page_size=8192,
    text=0x40_4000,
    memory=Range(0x1000_0000, 0xF000_0000),
    r_info=r_info,
)

ARCHS = (SPARC32, SPARC64)
