"""LoongArch, 64 bit: https://github.com/loongson/la-abi-specs, laelf; arch/loongarch/kernel/module*.c.

Older assemblers compute a value with a sequence of stack-machine relocations; the last one stores it.
"""

from __future__ import annotations

from errno import EINVAL, ENOENT, ENOEXEC
from typing import Final

from pymodutils import twos_complement
from pymodutils.arch.calc import ERRORS, goal, l_p, s_a, s_a_p, v_less_s_a, v_plus_s_a
from pymodutils.arch.field import word
from pymodutils.arch.formula import formula
from pymodutils.arch.image import ImageHeader, Magic
from pymodutils.arch.loongarch_fields import HI12, HI20, I12, I16, I20, J16, J21, J26, LO20, NOTHING, U12
from pymodutils.arch.loongarch_sections import REACH, LoongarchTables, frob
from pymodutils.arch.model import REL_UNSUPPORTED, RELATIVE, WORDS, Arch, SinceRelease
from pymodutils.arch.range import Range, signed, unsigned
from pymodutils.arch.reloc import Diagnostic, RelocType

UNSUPPORTED = Diagnostic(
    "kmod: {module}: Unsupport relocation type {number}, please add its support.", EINVAL
)
DANGEROUS: Final = "dangerous apply_r_larch_sop_imm_field ({number}) relocation"
OVERFLOW = Diagnostic("kmod: module {module}: opr1 = 0x{value:x} overflow! " + DANGEROUS, ENOEXEC)
UNALIGNED = Diagnostic("kmod: module {module}: opr1 = 0x{value:x} unaligned! " + DANGEROUS, ENOEXEC)
JUMP: Final = "dangerous R_LARCH_B26 ({number}) relocation"
JUMP_FAR = Diagnostic("kmod: module {module}: jump offset = 0x{value:x} overflow! " + JUMP, ENOEXEC)
JUMP_ODD = Diagnostic("kmod: module {module}: jump offset = 0x{value:x} unaligned! " + JUMP, ENOEXEC)


@formula("S", "A", "P")
def page(S: int, A: int, P: int) -> int:
    """Page(S + A) - Page(P), rounded for a signed low part."""
    return (S + A + 0x800 & ~0xFFF) - (P & ~0xFFF)


@formula("G", "P")
def slot_page(G: int, P: int) -> int:
    """Page(G) - Page(P), likewise."""
    return page(G, 0, P)


@formula("G")
def slot(G: int) -> int:
    """G."""
    return G


@formula("S", "A", "P")
def rest(S: int, A: int, P: int) -> int:
    """The low part of that distance."""
    way = twos_complement.signed(page(S, A, P), 32)
    return S + A - ((P & ~0xFFF) + way)


SINCE_6_5: Final = {
    99: RelocType("R_LARCH_32_PCREL", s_a_p, word(32)),
    109: RelocType("R_LARCH_64_PCREL", s_a_p, word(64)),
}
OLD: Final = Arch(
    name="loongarch",
    machines=(258,),
    bits=64,
    order="little",
    relocs={
        **{number: RelocType(f"R_LARCH {number}", refused=UNSUPPORTED) for number in range(110)},
        0: RelocType("R_LARCH_NONE"),
        1: RelocType("R_LARCH_32", s_a, word(32)),
        2: RelocType("R_LARCH_64", s_a, word(64)),
        20: RelocType("R_LARCH_MARK_LA"),
        21: RelocType("R_LARCH_MARK_PCREL"),
        22: RelocType("R_LARCH_SOP_PUSH_PCREL", goal, NOTHING),
        23: RelocType("R_LARCH_SOP_PUSH_ABSOLUTE", goal, NOTHING),
        24: RelocType("R_LARCH_SOP_PUSH_DUP", goal, NOTHING),
        29: RelocType("R_LARCH_SOP_PUSH_PLT_PCREL", goal, NOTHING),
        32: RelocType("R_LARCH_SOP_SUB", goal, NOTHING),
        33: RelocType("R_LARCH_SOP_SL", goal, NOTHING),
        34: RelocType("R_LARCH_SOP_SR", goal, NOTHING),
        35: RelocType("R_LARCH_SOP_ADD", goal, NOTHING),
        36: RelocType("R_LARCH_SOP_AND", goal, NOTHING),
        37: RelocType("R_LARCH_SOP_IF_ELSE", goal, NOTHING),
        38: RelocType(
            "R_LARCH_SOP_POP_32_S_10_5",
            refused=Diagnostic("kmod: {module}: Unsupport relocation type 38", EINVAL),
        ),
        39: RelocType("R_LARCH_SOP_POP_32_U_10_12", goal, U12, unsigned(12)),
        40: RelocType("R_LARCH_SOP_POP_32_S_10_12", goal, I12, signed(12)),
        41: RelocType("R_LARCH_SOP_POP_32_S_10_16", goal, I16, signed(16)),
        42: RelocType("R_LARCH_SOP_POP_32_S_10_16_S2", goal, J16, signed(18), align=4),
        43: RelocType("R_LARCH_SOP_POP_32_S_5_20", goal, I20, signed(20)),
        44: RelocType("R_LARCH_SOP_POP_32_S_0_5_10_16_S2", goal, J21, signed(23), align=4),
        45: RelocType("R_LARCH_SOP_POP_32_S_0_10_10_16_S2", goal, J26, signed(28), align=4),
        46: RelocType("R_LARCH_SOP_POP_32_U", goal, word(32), unsigned(32)),
        50: RelocType("R_LARCH_ADD32", v_plus_s_a, word(32)),
        51: RelocType("R_LARCH_ADD64", v_plus_s_a, word(64)),
        55: RelocType("R_LARCH_SUB32", v_less_s_a, word(32)),
        56: RelocType("R_LARCH_SUB64", v_less_s_a, word(64)),
        66: RelocType("R_LARCH_B26", l_p, J26, REACH, align=4, overflow=JUMP_FAR, misaligned=JUMP_ODD),
        71: RelocType("R_LARCH_PCALA_HI20", page, HI20),
        72: RelocType("R_LARCH_PCALA_LO12", s_a, I12),
        73: RelocType("R_LARCH_PCALA64_LO20", rest, LO20),
        74: RelocType("R_LARCH_PCALA64_HI12", rest, HI12),
        75: RelocType("R_LARCH_GOT_PC_HI20", slot_page, HI20),
        76: RelocType("R_LARCH_GOT_PC_LO12", slot, I12),
    },
    unknown=Diagnostic("kmod: {module}: Unknown relocation type {number}", EINVAL),
    overflow=OVERFLOW,
    misaligned=UNALIGNED,
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    extable=WORDS[64],
    error_values=ERRORS,
    unknown_symbol=Diagnostic("kmod: {module}: Unknown symbol {symbol}", ENOENT),
    uname="loongarch64",
    images=(ImageHeader("loongarch Image", (Magic(56, b"\xcd\x23\x82\x81"),), bare=True),),
    config="LOONGARCH",
    text=0x9000_0000_0020_0000,
    memory=Range(0xFFFF_8000_0200_8000, 0xFFFF_8000_1200_8000),  # with 48 bits of addresses, 16 kB pages
    frob=frob,
    builder=LoongarchTables,
)
LOONGARCH = OLD._replace(
    since_release=(SinceRelease((6, 5), {"relocs": {**OLD.relocs, **SINCE_6_5}, "extable": RELATIVE}),)
)

ARCHS = (LOONGARCH,)
