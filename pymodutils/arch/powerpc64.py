"""PowerPC, 64 bit: the 64-bit ELF ABI of OpenPOWER, and the one before it; arch/powerpc/kernel/module_64.c.

Code addresses data relative to r2, which points into .toc. Calls out of the module go through .stubs, which
save r2 and load that of the callee; the nop after the call is replaced by the load that restores it. Core and
init share one TOC and one set of stubs.
"""

from __future__ import annotations

from errno import ENOEXEC

from pymodutils.arch.calc import l_p, s_a, s_a_gp, s_a_p
from pymodutils.arch.field import Field, insn, word
from pymodutils.arch.formula import formula
from pymodutils.arch.model import REL_UNSUPPORTED, Arch
from pymodutils.arch.powerpc import FTRACE, HA, LI, LO, TRACERS, WORDS_RELATIVE
from pymodutils.arch.powerpc64_stubs import BY_PROFILE, TOC, V1, Powerpc64Stubs, frob
from pymodutils.arch.range import Range, signed
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.syscalls import Numbers

FAR24 = Diagnostic("module_64: {module}: REL24 {signed} out of range!", ENOEXEC)
FAR32 = Diagnostic("module_64: {module}: REL32 {signed} out of range!", ENOEXEC)


class Prologue(Field):
    """A prologue for a TOC anywhere, made shorter where it is within 2 GiB."""

    __slots__ = ()

    def put(self, word: int, value: int) -> int:
        """``word`` as addis 2,12; addi 2,2 if it is ld 2; add 2,2,12."""
        first, second = word & 0xFFFF_FFFF, word >> 32
        near = -0x8000_8000 <= value < 0x7FFF_8000
        if not near or first & ~0xFFFC != 0xE84C_0000 or second != 0x7C42_6214:
            return word
        return HA.put(0, value) | 0x3C4C_0000 | (LO.put(0, value) | 0x3842_0000) << 32


DS = insn(2, (15, 2, 2))
PROLOGUE = insn(8, (31, 0, 0), kind=Prologue)


@formula("GP")
def gp(GP: int) -> int:
    """The TOC base (r2)."""
    return GP


@formula("GP", "P")
def gp_p(GP: int, P: int) -> int:
    """The TOC base - P."""
    return GP - P


def bad(kind: str) -> Diagnostic:
    """The message for a value out of range of r2, or misaligned."""
    return Diagnostic(f"module_64: {{module}}: bad {kind} relocation (0x{{value:x}})", ENOEXEC)


PPC64 = Arch(
    name="powerpc64le",
    machines=(21,),
    bits=64,
    order="little",
    relocs={
        1: RelocType("R_PPC64_ADDR32", s_a, word(32)),
        10: RelocType("R_PPC64_REL24", l_p, LI, signed(26), align=4, overflow=FAR24),
        26: RelocType("R_PPC64_REL32", s_a_p, word(32), signed(32), overflow=FAR32),
        38: RelocType("R_PPC64_ADDR64", s_a, word(64)),
        44: RelocType("R_PPC64_REL64", s_a_p, word(64)),
        47: RelocType("R_PPC64_TOC16", s_a_gp, LO, signed(16), overflow=bad("TOC16")),
        48: RelocType("R_PPC64_TOC16_LO", s_a_gp, LO),
        50: RelocType("R_PPC64_TOC16_HA", s_a_gp, HA),
        51: RelocType("R_PPC64_TOC", gp, word(64)),
        63: RelocType("R_PPC64_TOC16_DS", s_a_gp, DS, signed(16), align=4, overflow=bad("TOC16_DS")),
        64: RelocType("R_PPC64_TOC16_LO_DS", s_a_gp, DS, align=4, overflow=bad("TOC16_LO_DS")),
        109: RelocType("R_PPC64_TOCSAVE"),
        118: RelocType("R_PPC64_ENTRY", gp_p, PROLOGUE),
        250: RelocType("R_PPC64_REL16_LO", s_a_p, LO),
        252: RelocType("R_PPC64_REL16_HA", s_a_p, HA),
    },
    unknown=Diagnostic("module_64: {module}: Unknown ADD relocation: {number}", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    init=(),
    extable=WORDS_RELATIVE,
    uname="ppc64le",
    unames="ppc64.*|powerpc64.*",
    syscalls=Numbers(128, 353, 129),
    bcj=("XZ_DEC_POWERPC",),
    config="PPC64",
    switches=(FTRACE, "DYNAMIC_FTRACE_WITH_REGS", BY_PROFILE, V1),
    text=0xC000_0000_0000_0000,
    memory=Range(0xC008_0000_0000_0000, 0xC00A_0000_0000_0000),  # vmalloc's
    frob=frob,
    builder=Powerpc64Stubs,
    options={FTRACE: "y", "DYNAMIC_FTRACE_WITH_REGS": "y", BY_PROFILE: "y"},
    calls=(*TRACERS, TOC),
)

PPC64_BIG = PPC64._replace(name="powerpc64", uname="ppc64", order="big", options={FTRACE: "y", V1: "y"})

ARCHS = (PPC64, PPC64_BIG)
